import type { NoticeEvent } from './notice.ts'

/**
 * What people are told about one thing, made when it is sent and from what is then known. All text in it is
 * finished: masked as the rules say, invisible characters written out (approval/visible.ts).
 */
export type Message = {
  readonly event: NoticeEvent | 'test'
  /** The id of the approval or of the broken glass. */
  readonly about: string
  /** One line without any value: `A call to crm.customer.delete needs approval`. */
  readonly subject: string
  /** Where it stands, in one word: the approval's state; for a broken glass `OPEN`, `REVIEWED` or `OVERDUE`. */
  readonly state: string
  /** Whether somebody has to do something. */
  readonly open: boolean
  /** In the order in which they are shown. */
  readonly facts: readonly MessageFact[]
  /** Where it can be looked at and decided, below `admin.publicUrl`: `/approvals/apr_…`. */
  readonly path?: string
  /** The end of the time to decide it, Unix milliseconds. */
  readonly decideBy?: number
  /** The record beside which the arguments are kept that it shows; absent: it shows none. */
  readonly shows?: number
  /** There only while a vote may be cast on Slack itself. */
  readonly slackVote?: {
    /** `Approval.offer`: what a vote says it has seen. */
    readonly offer: string
    readonly reasonChars: { readonly approve: number; readonly deny: number }
  }
}

export type MessageFact = {
  /** Stable, so that programs may look for it: `function`, `subject`, `arguments`. May come more than once. */
  readonly name: string
  readonly text: string
  /** Said by whoever makes the call, and by nobody else. */
  readonly untrusted?: true
}
