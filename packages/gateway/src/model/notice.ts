export type NoticeEvent =
  | 'approval.requested'
  /** Votes, a counter-offer, an escalation. */
  | 'approval.changed'
  | 'approval.escalated'
  | 'approval.settled'
  | 'break-glass.opened'
  | 'break-glass.overdue'

/**
 * That somebody has to be told something, written with the change it is about. What is told is made when it
 * is sent, from what is then known: nothing of a call is in it.
 */
export type Notice = {
  /** Of what, which change, to whom: written twice it is one. */
  readonly id: string
  /** A channel's name in gateway.yaml. */
  readonly channel: string
  readonly event: NoticeEvent
  /** The id of the approval or of the broken glass. */
  readonly about: string
  /** Unix milliseconds. */
  readonly at: number
}
