export type NoticeEvent =
  | 'approval.requested'
  /** Votes, a counter-offer, an escalation. */
  | 'approval.changed'
  | 'approval.escalated'
  | 'approval.settled'
  | 'break-glass.opened'
  | 'break-glass.overdue'
  | 'review.opened'
  /** Before, at and after the day on which its reviews are due, and whenever somebody asks for it. */
  | 'review.reminder'
  | 'review.closed'
  /** A grant needs a review soon, or has lost it. */
  | 'grant.due'
  | 'grant.revoked'
  | 'timed.asked'
  | 'timed.settled'
  /** It is not what was registered, so it is refused until its owner looks. */
  | 'function.quarantined'
  | 'function.accepted'

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
  /** The id of the approval, broken glass, campaign, grant or function. */
  readonly about: string
  /** Unix milliseconds. */
  readonly at: number
}
