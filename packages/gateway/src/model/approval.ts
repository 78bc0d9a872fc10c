import type { Binding } from './binding.ts'
import type { ClearanceTerms } from './clearance.ts'
import type { Reason } from './decision.ts'

export type ApprovalState =
  | 'PENDING'
  | 'APPROVED'
  | 'DENIED'
  | 'EXPIRED'
  | 'WITHDRAWN'
  | 'SUPERSEDED'
  /** Released by break-glass before people had answered. */
  | 'BYPASSED'

/**
 * One place where people's yeses are needed. Steps of one flow follow each other; flows go side by side.
 */
export type ApprovalStep = {
  /** The approver group that policy named: whose flow this step is of. */
  readonly flow: string
  readonly name: string
  /** Whoever is in one of these may vote in it. */
  readonly groups: readonly string[]
  /** A yes of so many different people; at least 1. */
  readonly quorum: number
  /** Who may vote as well when so long has passed since the question was opened; ascending. */
  readonly escalation: readonly { readonly afterMs: number; readonly groups: readonly string[] }[]
}

export type Vote = {
  /** Party id of a person. */
  readonly by: string
  /** Party id of the person who is away and for whom they vote. */
  readonly onBehalfOf?: string
  readonly verdict: 'approve' | 'deny'
  /** Position in `steps`: a vote counts there and nowhere else. */
  readonly step: number
  /** The group through which they may. */
  readonly group: string
  readonly reason: string
  /** The offer that was shown to the person; must be the approval's. */
  readonly sawDigest: string
  /** Where it was cast: `admin`, `slack`. */
  readonly channel: string
  readonly at: number
}

/** The question put to people about one call. Times are Unix milliseconds. */
export type Approval = {
  readonly id: string
  readonly state: ApprovalState
  /** Counts changes; every change names the revision it was made from. */
  readonly revision: number
  readonly binding: Binding
  /** Keyed digest over the whole binding: identical pending calls share one approval by it. */
  readonly digest: string
  /** What is on offer now: as the caller asked, or as an approver has narrowed it. */
  readonly terms: ClearanceTerms
  /** Keyed digest over `digest` and `terms`: what a voter confirms having seen. */
  readonly offer: string
  readonly callId: string
  readonly functionId: string
  readonly subject: string
  readonly actors: readonly string[]
  /** Party ids of people whose doing set it off, as the proof says: who started the CI run. */
  readonly triggeredBy: readonly string[]
  readonly session: string
  /** Party ids that never count: everybody this call is made by, for, or through; see approval/closure.ts. */
  readonly excluded: readonly string[]
  /** Those of them who are excluded only because they vote for one of the others, or the other way round. */
  readonly excludedByDelegation: readonly string[]
  /** The groups that policy named; each has its flow in `steps`. */
  readonly approverGroups: readonly string[]
  readonly steps: readonly ApprovalStep[]
  /** Rungs of the escalations that were told to people already. */
  readonly escalated: number
  readonly reasons: readonly Reason[]
  /** What a vote's reason has to be; a denial always needs one. */
  readonly reasonChars: { readonly approve: number; readonly deny: number }
  /** Channels that are told, by name, and what a message may show. */
  readonly notify: readonly string[]
  readonly message: 'masked' | 'minimal'
  /** Whether a vote may be cast on Slack itself. */
  readonly slackDecides: boolean
  /** `held`: withdrawn when the last caller that waits leaves. `ticket`: the caller comes back. `deferred`: runs by itself. */
  readonly delivery: 'held' | 'ticket' | 'deferred'
  readonly createdAt: number
  readonly decideBy: number
  /** How long its clearance may be claimed once it is approved, milliseconds. */
  readonly claimMs: number
  readonly votes: readonly Vote[]
  /** Set when approved or bypassed: the clearance that came of it. */
  readonly clearance?: string
}
