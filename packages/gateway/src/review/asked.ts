import type { Person } from '../approval/ballot.ts'
import type {
  Campaign,
  CampaignScope,
  NoResponse,
  ReviewerRule,
  ReviewItem,
} from '../model/campaign.ts'
import type { GrantStanding, ReviewDecision } from '../model/certification.ts'
import type { Risk } from '../model/function.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { Refused } from './refused.ts'

// What people ask of the review desk. Times are Unix milliseconds.

/** "Still justified, as it is now." */
export type CertifyAsked = {
  readonly grant: string
  readonly person: Person
  /** `GrantListed.content` as the person looked at it. */
  readonly content: string
  readonly decision: Exclude<ReviewDecision, 'revoke'>
  readonly reason: string
  /** narrow: Cedar expressions over a call. */
  readonly when?: readonly string[]
  /** time-bound: when the access ends. */
  readonly endsAt?: number
}

export type RevokeAsked = {
  readonly grant: string
  readonly person: Person
  readonly reason: string
  /** The caller knows them for an administrator, who may revoke whatever there is. */
  readonly isAdmin: boolean
}

/** exempt: at most 90 days; extend: at most seven. A second person asks the same; the earlier date counts. */
export type PutOffAsked = {
  readonly grant: string
  readonly person: Person
  readonly content: string
  readonly until: number
  readonly reason: string
}

/** Takes a revocation, a narrowing and an end back; a second person asks the same. */
export type RestoreAsked = Omit<PutOffAsked, 'until'>

/** `pending`: a second person has to do the same before it counts. */
export type GrantActed = { readonly standing: GrantStanding; readonly pending: boolean } | Refused

export type TimedAsked = {
  readonly person: Person
  /** Party id; absent: the person who asks. */
  readonly party?: string
  readonly functions: readonly string[]
  readonly when?: readonly string[]
  readonly endsAt: number
  readonly reason: string
}

export type TimedVote = {
  readonly id: string
  readonly person: Person
  readonly verdict: 'approve' | 'deny'
  readonly reason: string
  readonly group?: string
}

export type TimedRevokeAsked = Omit<RevokeAsked, 'grant'> & { readonly id: string }

export type TimedActed = { readonly timed: TimedGrant } | Refused

export type CampaignAsked = {
  readonly person: Person
  readonly name: string
  readonly scope: CampaignScope
  readonly reviewers: readonly ReviewerRule[]
  /** Absent: 1. */
  readonly levels?: 1 | 2
  readonly recurrence?: string
  /** Absent: now. */
  readonly opensAt?: number
  readonly dueAt: number
  readonly graceUntil: number
  /** Absent: 14, 7, 3 and 1 days before, on the day, and one day after. */
  readonly reminders?: readonly number[]
  /** Absent: `stale`. */
  readonly noResponse?: NoResponse
  /** Absent: `high`: of what is kept, only high and critical grants need a reason. */
  readonly justification?: 'always' | 'high'
}

export type CampaignPreview = {
  readonly count: number
  readonly excluded: number
  /** What would be asked, and whom; in order of the grants' ids. */
  readonly grants: readonly {
    readonly grant: string
    readonly tier: Risk
    readonly assigned: ReviewItem['assigned']
  }[]
  /** Grants nobody may review by these rules; such a campaign is not opened. */
  readonly nobody: readonly string[]
}

export type CampaignActed = { readonly campaign: Campaign } | Refused

/** `pending`: a second person has to cancel it too. */
export type CampaignCancelled = { readonly campaign: Campaign; readonly pending: boolean } | Refused

export type CampaignCancelAsked = {
  readonly id: string
  readonly person: Person
  readonly reason: string
}

export type DecideAsked = {
  readonly item: string
  readonly person: Person
  readonly decision: ReviewDecision
  readonly reason: string
  /** `ItemView.shown` as this person was given it. */
  readonly shown: string
  readonly when?: readonly string[]
  readonly endsAt?: number
}

export type BulkAsked = {
  /** Ids of items, of one campaign or several. */
  readonly items: readonly string[]
  readonly person: Person
  readonly decision: 'keep' | 'revoke'
  readonly reason: string
  /** `ItemView.shown` of those of them that the person looked at: one in ten at least. */
  readonly shown: readonly string[]
}

export type BulkDone =
  | {
      readonly decided: readonly ReviewItem[]
      readonly refused: readonly (Refused & { readonly item: string })[]
    }
  | Refused

export type ReassignAsked = {
  readonly item: string
  readonly person: Person
  readonly groups: readonly string[]
  readonly people: readonly string[]
  readonly note: string
  /** The caller knows them for an administrator; else whoever is asked, or answers for the campaign, hands it on. */
  readonly isAdmin: boolean
}

export type ItemActed = { readonly item: ReviewItem } | Refused
