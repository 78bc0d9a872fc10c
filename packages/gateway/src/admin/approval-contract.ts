import type { Reason } from './contract.ts'

/** The part of the contract about approvals and what comes of them; see contract.ts. */

export type ApprovalState =
  | 'PENDING'
  | 'APPROVED'
  | 'DENIED'
  | 'EXPIRED'
  | 'WITHDRAWN'
  | 'SUPERSEDED'
  | 'BYPASSED'

/** What is on offer: exactly this call, once; or so many calls, for so long, each fitting every expression. */
export type Terms =
  | { kind: 'call' }
  | {
      kind: 'window' | 'session'
      uses: number
      for_ms: number
      /** Cedar expressions over `context.args`. */
      when: string[]
    }

/** How far one step is. `open`: votes count in it now. `groups`: whoever is in one of these may. */
export type StepShown = {
  flow: string
  name: string
  have: number
  need: number
  groups: string[]
  open: boolean
}

export type ApprovalSummary = {
  id: string
  /** Counts changes; `?revision=` of a read that waits. */
  revision: number
  state: ApprovalState
  /** What a vote confirms having seen: this call on these terms. */
  digest: string
  terms: Terms
  /** What came of it, as it stands now. */
  clearance: { id: string; state: ClearanceState; expires_at: string } | null
  call: string
  function: string
  subject: string
  /** The current actor first. */
  actors: string[]
  /** Whose doing set it off, as the proof says: who started the CI run. */
  triggered_by: string[]
  session: string
  /** `held`: its caller waits. `ticket`: it comes back. `deferred`: the gateway makes the call when approved. */
  delivery: 'held' | 'ticket' | 'deferred'
  approver_groups: string[]
  progress: StepShown[]
  reasons: Reason[]
  created_at: string
  decide_by: string
  votes: {
    by: string
    /** The person who is away and for whom they voted. */
    on_behalf_of: string | null
    verdict: 'approve' | 'deny'
    step: string
    group: string
    reason: string
    channel: string
    at: string
  }[]
  /** Least length of a vote's reason. */
  reason_chars: { approve: number; deny: number }
  you: {
    /** May the person who asks vote now? If not, why. */
    may_vote: boolean
    why_not: string | null
    /** People who are away for whom they may vote instead. */
    on_behalf_of: string[]
    may_withdraw: boolean
  }
}

export type ApprovalDetail = ApprovalSummary & {
  /**
   * True: this person sees that it is asked, not what. `question`, `request`, `said_by_caller` and the
   * values of `since_last_approved` are for those whose groups decide it, and for payload-readers.
   */
  withheld: boolean
  /** Null when withheld, and when what was asked has been erased. All text is safe to look at: nothing in it is invisible. */
  question: {
    function: { id: string; purpose: string; owner: string; sensitivity: string; risk: string }
    /** The subject, then the actors, as they proved themselves. */
    parties: { id: string; kind: string; groups: string[] }[]
    connection: string
    upstream: string
    protocol: string
    /** Argument masks applied. */
    arguments: Record<string, unknown>
    /** Names of headers that are passed on as they are: the vote covers their values, which are not shown. */
    headers: string[]
    /** True: the call also streams a body that nobody has seen, and no approval covers its content. */
    unread_body: boolean
  } | null
  /** The request as received; null as `question` is. */
  request: { text: string; bytes: number; shortened: boolean } | null
  /** Words that whoever calls has chosen, and nobody has checked. Null as `question` is. */
  said_by_caller: {
    untrusted: true
    session_name: string | null
    /** The longer texts among the arguments, by JSON pointer. */
    texts: { pointer: string; text: string; shortened: boolean }[]
  } | null
  since_last_approved: Comparison
  usage: Usage
}

/**
 * What is other than in the last approved call of the same function. `none`: there was none.
 * `beyond-look-back`: none among those that were looked at, and there are older ones. `erased`: what one of the two
 * asked is gone. `withheld`: this person may not read one of the two.
 */
export type Comparison = {
  outcome: 'compared' | 'none' | 'beyond-look-back' | 'erased' | 'withheld'
  /** The approval it is compared with. */
  approval: string | null
  asked_at: string | null
  subject: string | null
  actors: string[]
  /** Whether the arguments are the same byte for byte, masked or not; null without another approval. */
  same_arguments: boolean | null
  /** By JSON pointer (RFC 6901), as people may see the values; `before` and `after` where there is one. */
  changes: {
    pointer: string
    change: 'added' | 'removed' | 'changed'
    before?: unknown
    after?: unknown
  }[]
  /** True: there are more. */
  shortened: boolean
}

/** How this caller has used this function. */
export type Usage = {
  /** The current actor, or the subject when nobody acts for them. */
  caller: string
  days_7: UsageCounts
  days_30: UsageCounts
  last_at: string | null
  /** True: there was more than was looked at. */
  at_least: boolean
}

export type UsageCounts = {
  calls: number
  /** Of these: refused before they were forwarded, other than to ask people. */
  denied: number
  /** `done`, `aborted`, `indeterminate`, `running`, or the refusal's code. */
  by_ending: Record<string, number>
}

export type VoteCast = {
  digest: string
  reason?: string | undefined
  group?: string | undefined
  /** Party id of a person who is away and has asked for it. */
  on_behalf_of?: string | undefined
}

/** Less than what is on offer, and a yes to that. */
export type CounterOffered = VoteCast & { terms: Terms }

/** An event of `/approvals/events`; its SSE id is the record's index. */
export type ApprovalEvent = {
  event: 'opened' | 'changed' | 'decided'
  approval: ApprovalSummary
}

export type ClearanceState =
  | 'ISSUED'
  | 'ACTIVE'
  | 'IN_USE'
  | 'CONSUMED'
  | 'REVOKED'
  | 'EXPIRED'
  /** The gateway that used it was lost: nobody knows what the call has done. */
  | 'UNKNOWN'

export type ClearanceListed = {
  id: string
  state: ClearanceState
  kind: 'call' | 'window' | 'session' | 'break-glass'
  approval: string | null
  break_glass: string | null
  subject: string
  actors: string[]
  /** Function ids; for break-glass also patterns. */
  functions: string[]
  session: string | null
  when: string[]
  groups: string[]
  /** Who said yes. */
  by: string[]
  uses: number
  uses_max: number
  /** Calls under way with it. */
  open: string[]
  issued_at: string
  not_before: string
  expires_at: string
  you: { may_revoke: boolean }
}

export type RevokeAsked = { reason: string }

export type GlassAsked = {
  reason: string
  incident: string
  /** A pending question about one's own call; or `functions`. */
  approval?: string | undefined
  functions?: string[] | undefined
  for_ms?: number | undefined
}

export type GlassListed = {
  id: string
  /** `open`: it lets calls through. `unreviewed`: somebody has to look at it by `review_by`. `overdue`: nobody has. */
  standing: 'open' | 'unreviewed' | 'overdue' | 'justified' | 'unjustified'
  by: string
  reason: string
  incident: string
  functions: string[]
  approval: string | null
  clearance: string
  acr: string | null
  amr: string[]
  signed_in_at: string
  opened_at: string
  expires_at: string
  review_by: string
  review: { by: string; verdict: 'justified' | 'unjustified'; notes: string; at: string } | null
}

export type GlassReviewed = { verdict: 'justified' | 'unjustified'; notes: string }

export type DelegationAsked = {
  /** Who is away; absent: whoever asks. For somebody else this needs the role admin, and `groups`. */
  from?: string | undefined
  to: string
  /** Absent: all groups of whoever asks. */
  groups?: string[] | undefined
  until: string
  reason: string
}

export type DelegationListed = {
  id: string
  from: string
  to: string
  groups: string[]
  reason: string
  created_at: string
  until: string
  you: { may_end: boolean }
}
