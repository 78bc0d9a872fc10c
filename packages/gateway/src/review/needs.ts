import type { InForce } from '../call/in-force.ts'
import type { Limits } from '../config/limits.ts'
import type { Freshness, GrantStanding } from '../model/certification.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { Delegations } from '../store/approvals.ts'
import type { Campaigns, DutyMarks, GrantStandings, TimedGrants } from '../store/reviews.ts'
import type { ApiKeys, Ledger } from '../store/store.ts'

export type ReviewStore = Ledger &
  GrantStandings &
  TimedGrants &
  Campaigns &
  DutyMarks &
  Delegations &
  ApiKeys

/** Which of config/limits.ts the review desk keeps to. */
export type ReviewLimits = Pick<
  Limits,
  | 'approvalClaimByMs'
  | 'approvalDecideByMs'
  | 'clearanceConditions'
  | 'conditionChars'
  | 'reasonChars'
  | 'campaignItems'
  | 'campaignNameChars'
  | 'campaignReminders'
  | 'exemptionMs'
  | 'extensionMs'
  | 'proposalMs'
  | 'reviewBulkItems'
  | 'reviewCommitsAtOnce'
  | 'reviewPageRows'
  | 'reviewShownMs'
  | 'reviewTickMs'
  | 'timedAskedOpen'
  | 'timedDecideByMs'
  | 'timedFunctions'
  | 'timedGrantMs'
>

export type ReviewNeeds = {
  readonly store: ReviewStore
  /** 32 bytes: what a reviewer was shown, and the objects of duties, are known by keyed hashes. */
  readonly bindingKey: Uint8Array
  readonly now: () => number
  /** UUIDv7: campaigns and items are listed by id, newest first. */
  readonly newId: () => string
  readonly limits: ReviewLimits
  /** The rules in force; what people do is judged by them. */
  readonly rules: () => InForce | undefined
  /** By party id (identity/locks.ts). */
  readonly isLocked: (party: string) => boolean
  /** What this instance judges calls by hears at once of what was written here; see standings.ts. */
  readonly took: (changed: {
    readonly standing?: GrantStanding | undefined
    readonly timed?: TimedGrant | undefined
  }) => void
  /** Where a grant of these rules stands, as this instance judges calls by. */
  readonly freshness: (rules: InForce, grantId: string) => Freshness
  /** What failed while nobody waited for it, and is tried again. */
  readonly onFailure: (cause: unknown) => void
}
