import type { Words } from './record-words.ts'

/** Records of questions put to people, of what came of them, and of emergencies; see record.ts. */

/**
 * What an approval is asked to allow: one exact call (`call`), or, from the approval on and for `for`
 * milliseconds, `uses` calls that fit every expression (`window`), of one session only (`session`).
 */
export type Terms = {
  readonly kind: Words['terms']
  readonly for?: number
  readonly uses?: number
  readonly when?: readonly string[]
}

export type ApprovalRequested = {
  readonly type: 'approval.requested'
  readonly approval: string
  readonly call: string
  readonly session: string
  readonly fn: string
  readonly groups: readonly string[]
  readonly digest: string
  /** What is on offer, by digest: every vote names the offer it was shown. */
  readonly offer: string
  readonly terms: Terms
  /** A yes of so many different people in each; steps of one flow follow each other. */
  readonly steps: readonly {
    readonly flow: string
    readonly groups: readonly string[]
    readonly quorum: number
  }[]
  /** Party ids whose vote never counts, beside the parties of the call. */
  readonly excluded: readonly string[]
  readonly rules: readonly string[]
  /** Votes count before this moment, RFC 3339. */
  readonly decideBy: string
}

export type ApprovalDecided = {
  readonly type: 'approval.decided'
  readonly approval: string
  readonly by: string
  /** The person who is away and for whom they voted. */
  readonly onBehalfOf?: string
  /** Which step of those asked this vote counts for, and through which group. */
  readonly step: number
  readonly group: string
  readonly verdict: Words['vote']
  readonly state: string
  /** The offer that the voter was shown. */
  readonly offer: string
  /** Earlier voters who may vote no more: their votes do not count from here on. */
  readonly voided?: readonly string[]
  readonly channel: string
  /** With the vote that approved it: what came of it, which may be claimed before `claimBy` (RFC 3339). */
  readonly clearance?: string
  readonly claimBy?: string
}

/**
 * Somebody who may vote has narrowed what is on offer: earlier votes do not count for it. Their own yes to it
 * is a record of its own.
 */
export type ApprovalCountered = {
  readonly type: 'approval.countered'
  readonly approval: string
  readonly by: string
  readonly onBehalfOf?: string
  readonly offer: string
  readonly terms: Terms
}

/** Nobody had settled it for a while: more people may vote in this step from here on. */
export type ApprovalEscalated = {
  readonly type: 'approval.escalated'
  readonly approval: string
  readonly step: number
  readonly groups: readonly string[]
}

export type ApprovalClosed = {
  readonly type: 'approval.closed'
  readonly approval: string
  readonly state: string
  /** Who withdrew it; absent where a clock or a change closed it. */
  readonly by?: string
}

export type ClearanceClaimed = {
  readonly type: 'clearance.claimed'
  readonly clearance: string
  /** The approval, or the broken glass, it came of. */
  readonly approval: string
  readonly call: string
  /** The digest of the call that claims it. */
  readonly digest: string
  /** 1 for the first. */
  readonly use: number
}

/** A call that had claimed it is over: what it is from here on, `ACTIVE` or `IN_USE` by others. */
export type ClearanceReturned = {
  readonly type: 'clearance.returned'
  readonly clearance: string
  readonly call: string
  readonly state: string
}

/** It allows nothing more (or, for UNKNOWN, nobody knows what its use has done). */
export type ClearanceClosed = {
  readonly type: 'clearance.closed'
  readonly clearance: string
  readonly state: string
  /** Who revoked it. */
  readonly by?: string
  readonly reason?: string
}

export type BreakGlassOpened = {
  readonly type: 'break-glass.opened'
  readonly glass: string
  readonly by: string
  readonly reason: string
  readonly incident: string
  /** Ids, or patterns such as `crm.*`. */
  readonly functions: readonly string[]
  readonly clearance: string
  /** So many calls may claim it. */
  readonly uses: number
  /** The question that nobody had answered yet; BYPASSED by this. */
  readonly approval?: string
  readonly acr?: string
  readonly amr: readonly string[]
  /** Dates, RFC 3339: when they had signed in, until when it may be claimed, by when others look at it. */
  readonly signedIn: string
  readonly expires: string
  readonly reviewBy: string
}

export type BreakGlassReviewed = {
  readonly type: 'break-glass.reviewed'
  readonly glass: string
  readonly by: string
  readonly verdict: Words['glassReviewed']
}

export type DelegationMade = {
  readonly type: 'delegation.made'
  readonly delegation: string
  readonly from: string
  readonly to: string
  readonly groups: readonly string[]
  readonly until: string
  /** Who said so: the person who is away, or an administrator. */
  readonly by: string
}

/** A call that the gateway makes by itself once people approved it, or does not. */
export type DeferralChanged = {
  readonly type: 'deferral.changed'
  /** The call it was asked with: the one of its question. */
  readonly call: string
  readonly approval: string
  /** What it is from here on; `FORGOTTEN`: its request and its result were destroyed. */
  readonly state: string
  /** The call that was made, with records of its own; absent where none was. */
  readonly ran?: string
}
