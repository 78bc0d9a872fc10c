import type { ReviewItem } from '../model/campaign.ts'
import type { Freshness, GrantStanding, ReviewDecision } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'

export type GrantShown = {
  readonly grant: GrantListed
  readonly standing: GrantStanding | undefined
  readonly freshness: Freshness
  readonly usage: Usage
}

/** Calls that a grant allowed. Undefined: not known, which is not the same as none. Unix milliseconds. */
export type Usage = {
  /** Since when they are counted. */
  readonly countedSince: number | undefined
  readonly calls7: number | undefined
  readonly calls30: number | undefined
  readonly calls90: number | undefined
  readonly lastAt: number | undefined
}

/** All that a reviewer is shown of a grant. */
export type GrantView = GrantShown & {
  /** Who was seen using it in 90 days, most calls first. */
  readonly usedBy: readonly PartyUse[]
  /** Other grants of the same principal that cover some of the same functions. */
  readonly otherPaths: readonly { readonly grant: string; readonly functions: readonly string[] }[]
  /** How many other principals (parties, groups, everybody) have a grant to each of its functions. */
  readonly peers: readonly { readonly function: string; readonly principals: number }[]
  /** Separation of duties: rules that somebody breaks with this grant. */
  readonly duties: readonly { readonly rule: string; readonly reason: string }[]
  readonly recommendation: Recommendation
  readonly openItems: readonly { readonly campaign: string; readonly item: string }[]
}

export type PartyUse = {
  /** Party id. */
  readonly party: string
  readonly functions: readonly string[]
  readonly calls30: number
  readonly calls90: number
  readonly lastAt: number
}

/** What the rules of recommend.ts say, and why. */
export type Recommendation = {
  readonly decision: ReviewDecision | 'none'
  readonly codes: readonly ReasonCode[]
}

/** See recommend.ts for what each of them means. */
export type ReasonCode =
  | 'DUTIES_CONFLICT'
  | 'PRINCIPAL_LOCKED'
  | 'OWNER_UNKNOWN'
  | 'UNUSED_90D'
  | 'ONLY_SOME_USED'
  | 'ONE_USER_ONLY'
  | 'CONTENT_CHANGED'
  | 'USED_30D'
  | 'USAGE_UNKNOWN'

/** An item as a reviewer is shown it. */
export type ItemView = {
  readonly item: ReviewItem
  /** Undefined: no rulebook in force has the grant any more. */
  readonly grant: GrantView | undefined
  /** Says, with a decision, what was looked at, by whom and when; worth nothing to anybody else, and for a day. */
  readonly shown: string
}
