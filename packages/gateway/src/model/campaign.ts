import type { ReviewDecision } from './certification.ts'
import type { Risk } from './function.ts'

export type CampaignState =
  | 'DRAFT'
  | 'STAGED'
  | 'ACTIVE'
  | 'OVERDUE'
  | 'ENFORCING'
  | 'REMEDIATING'
  | 'CLOSED'
  | 'CANCELLED'

/** Which grants a campaign asks about; every condition given has to hold. */
export type CampaignScope = {
  readonly functions?: readonly string[]
  readonly owners?: readonly string[]
  readonly risks?: readonly Risk[]
  readonly grants?: readonly string[]
  /** Only those that are stale before then, Unix milliseconds. */
  readonly staleBefore?: number
}

/**
 * What becomes of an item nobody decided: left to go stale, revoked, left and flagged as unanswered, or revoked where
 * that is recommended. Silence certifies nothing.
 */
export type NoResponse = 'stale' | 'revoke' | 'keep-flagged' | 'recommendation'

/** One round of reviews. `revision` counts its changes; compare-and-set by it. Times are Unix milliseconds. */
export type Campaign = {
  /** UUIDv7. */
  readonly id: string
  readonly name: string
  readonly state: CampaignState
  readonly scope: CampaignScope
  /** Frozen when it is staged. `hash`: SHA-256 over the lines of its population, `sha256:<hex>`. */
  readonly population?: {
    readonly count: number
    readonly excluded: number
    readonly hash: string
    readonly at: number
  }
  /** Party id of who answers for the campaign; never a reviewer of it. */
  readonly owner: string
  /** Who reviews an item: the first of these that leaves somebody. */
  readonly reviewers: readonly ReviewerRule[]
  readonly levels: 1 | 2
  /** RFC 5545 RRULE; absent: this round only. */
  readonly recurrence?: string
  readonly opensAt: number
  readonly dueAt: number
  readonly graceUntil: number
  /** Milliseconds before (negative: after) `dueAt`. */
  readonly reminders: readonly number[]
  readonly noResponse: NoResponse
  /** Whose reasons are asked for. */
  readonly justification: 'always' | 'high'
  readonly cancelling?: { readonly by: string; readonly reason: string }
  readonly createdAt: number
  /** The date of the record of its closing. */
  readonly closedAt?: number
  /** Id of the round before, where it recurs. */
  readonly previous?: string
  readonly revision: number
}

export type ReviewerRule =
  | { readonly kind: 'owner' }
  | { readonly kind: 'function-owner' }
  | { readonly kind: 'groups'; readonly groups: readonly string[] }
  | { readonly kind: 'people'; readonly people: readonly string[] }

export type ReviewItemState =
  | 'UNREVIEWED'
  | 'DECIDED'
  | 'SECOND_LEVEL'
  | 'APPLIED'
  | 'VERIFIED'
  | 'NO_RESPONSE'
  | 'VOIDED'

/** One grant of a campaign's population, as it was when the population was frozen. */
export type ReviewItem = {
  /** UUIDv7. */
  readonly id: string
  readonly campaign: string
  readonly grant: string
  /** Digest of the grant's content that is asked about. */
  readonly content: string
  readonly tier: Risk
  /** Groups and party ids of who may decide it. */
  readonly assigned: { readonly groups: readonly string[]; readonly people: readonly string[] }
  readonly state: ReviewItemState
  readonly decisions: readonly ReviewItemDecision[]
  /** Reassignments, oldest first. */
  readonly moved: readonly {
    readonly by: string
    readonly to: ReviewItem['assigned']
    readonly note: string
    readonly at: number
  }[]
  /** Id of the item that asks again, after this one was voided. */
  readonly reopened?: string
  readonly remediation?: {
    readonly state: 'pending' | 'applied' | 'failed' | 'verified'
    readonly at: number
    /** What the policy engine answered, in its words: `permit`, `hold`, `forbid`. */
    readonly answer?: string
  }
  readonly revision: number
}

export type ReviewItemDecision = {
  readonly level: 1 | 2
  readonly by: string
  readonly decision: ReviewDecision
  readonly reason: string
  readonly at: number
  /** narrow: Cedar expressions; time-bound: the end. */
  readonly when: readonly string[]
  readonly endsAt?: number
  /** SHA-256 of what the reviewer was shown, `sha256:<hex>`. */
  readonly shown: string
  readonly recommended: ReviewDecision | 'none'
  /** From when it was shown until it was decided, milliseconds; absent: decided in bulk. */
  readonly dwellMs?: number
}
