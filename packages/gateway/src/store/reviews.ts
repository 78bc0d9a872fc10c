import type { Campaign, ReviewItem, ReviewItemState } from '../model/campaign.ts'
import type { GrantStanding } from '../model/certification.ts'
import type { DutyMark } from '../model/duty.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { Page } from './page.ts'

// What every home remembers of grants, their reviews, and functions that wait for their owner; see store.ts.

export type GrantStandings = {
  /**
   * All of them, or those whose last change a record from index `changedSince` on is about, in no order. `upTo` is
   * what to ask with next time: nothing that changed later is missed then, and something may come again.
   */
  readonly grantStandings: (query: { readonly changedSince?: number }) => Promise<{
    readonly standings: readonly GrantStanding[]
    readonly upTo: number
  }>
  readonly grantStanding: (grant: string) => Promise<GrantStanding | undefined>
  /** Of these grants, or of all; from day `since` on. Counted in the transaction of each intent. In no order. */
  readonly grantUse: (query: {
    readonly grants?: readonly string[]
    readonly since?: number
  }) => Promise<readonly GrantUse[]>
}

/** Intents that named a grant: of one party, for one function, on one day. */
export type GrantUse = {
  readonly grant: string
  /** Party id. */
  readonly party: string
  readonly function: string
  /** Whole days since 1970-01-01 UTC, by the time of the intents. */
  readonly day: number
  readonly calls: number
  /** Unix milliseconds. */
  readonly lastAt: number
}

/**
 * A grant of a rulebook that is put in force, by the digest of its content. One that was never seen and has the `shape`
 * of one that is not in this rulebook is that one under another id: it stands where that one stood.
 */
export type GrantSeen = {
  readonly grant: string
  readonly content: string
  readonly shape?: string
}

/** The expressions that have to hold where a grant is to count, in their order. */
export type GrantNarrowed = { readonly grant: string; readonly when: readonly string[] }

export type TimedGrants = {
  readonly timedGrant: (id: string) => Promise<TimedGrant | undefined>
  /**
   * Newest first, at most 10,000: of one state or party where given, of those that end after `endsAfter` (Unix
   * milliseconds), and of those whose last change a record from index `changedSince` on is about. Ask for
   * `grantStandings` first: its `upTo` holds here too.
   */
  readonly timedGrants: (query: {
    readonly state?: TimedGrant['state']
    readonly party?: string
    readonly endsAfter?: number
    readonly changedSince?: number
  }) => Promise<readonly TimedGrant[]>
}

export type FunctionHolds = {
  readonly functionHold: (functionId: string) => Promise<FunctionHold | undefined>
  /** All of them, accepted ones too, or those changed since as `timedGrants` are; in no order. */
  readonly functionHolds: (query?: {
    readonly changedSince?: number
  }) => Promise<readonly FunctionHold[]>
}

export type Campaigns = {
  readonly campaign: (id: string) => Promise<Campaign | undefined>
  /** Newest first, of one state where given. */
  readonly campaigns: (
    query: Page & { readonly state?: Campaign['state'] },
  ) => Promise<readonly Campaign[]>
  readonly reviewItem: (id: string) => Promise<ReviewItem | undefined>
  /** Newest first, of one campaign, of one state where given. */
  readonly reviewItems: (
    query: Page & { readonly campaign: string; readonly state?: ReviewItemState },
  ) => Promise<readonly ReviewItem[]>
  readonly reviewItemCounts: (
    campaign: string,
  ) => Promise<Readonly<Record<ReviewItemState, number>>>
  /** Items about this grant that nobody has settled: UNREVIEWED, DECIDED or SECOND_LEVEL; newest first, at most 1000. */
  readonly openItemsOf: (grant: string) => Promise<readonly ReviewItem[]>
}

export type DutyMarks = {
  /** Those of these bars that would refuse an intent now. */
  readonly dutiesMarked: (bars: readonly DutyMark[]) => Promise<readonly DutyMark[]>
}

/** An item as it is from now on. */
export type ReviewItemUpdate = { readonly item: ReviewItem; readonly expectedRevision: number }

/** A standing as it is from now on; `expectedRevision` 0: there is none yet. */
export type GrantStandingUpdate = {
  readonly standing: GrantStanding
  readonly expectedRevision: number
}

/** Changes of it, settled by compare-and-set; see `Change` in store.ts. */
export type ReviewChange =
  /** Replaces the standing if its stored revision is the expected one; else Conflict. */
  | ({ readonly kind: 'grant.update' } & GrantStandingUpdate)
  /** Conflict when an id exists. Any number of items. */
  | {
      readonly kind: 'campaign.open'
      readonly campaign: Campaign
      readonly items: readonly ReviewItem[]
    }
  /**
   * Replaces the campaign and each of `items` if each stored revision is the expected one; else Conflict, and
   * nothing of it is done. `added`: new items (the population, once it is frozen). At most 1000 `items`.
   */
  | {
      readonly kind: 'campaign.update'
      readonly campaign: Campaign
      readonly expectedRevision: number
      readonly items?: readonly ReviewItemUpdate[]
      readonly added?: readonly ReviewItem[]
    }
  /** Replaces the item and, where given, the standing, and adds the item that asks again: all or nothing. */
  | ({
      readonly kind: 'review.update'
      readonly standing?: GrantStandingUpdate
      readonly reopened?: ReviewItem
    } & ReviewItemUpdate)
  /** Replaces the hold if its stored revision is the expected one (0: there is none yet); else Conflict. */
  | {
      readonly kind: 'function.hold'
      readonly hold: FunctionHold
      readonly expectedRevision: number
    }
  /** Replaces it if its stored revision is the expected one (0: there is none yet); else Conflict. */
  | {
      readonly kind: 'timed.update'
      readonly timed: TimedGrant
      readonly expectedRevision: number
    }
