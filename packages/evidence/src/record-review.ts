import type { Words } from './record-words.ts'

/** Records of grants, of their reviews, and of functions that wait for their owner; see record.ts. */

/** By which grant a party of a call was allowed, and how fresh it was then. */
export type GrantUsed = {
  /** Party id. */
  readonly party: string
  /** A policy's id, or a timed grant's. */
  readonly grant: string
  readonly freshness: Words['freshness']
}

/** People said that a grant is still justified, as it is now, until a date. */
export type GrantCertified = {
  readonly type: 'grant.certified'
  readonly grant: string
  readonly certification: string
  /** Digest of what was certified. */
  readonly content: string
  readonly decision: Words['certified']
  /** Who decided, in order. */
  readonly by: readonly string[]
  readonly reason: string
  /** Expressions that have to hold where it is to count; none unless it was narrowed. */
  readonly when: readonly string[]
  readonly tier: Words['risk']
  /** First moment at which it is fresh no longer, RFC 3339. */
  readonly validUntil: string
  /** time-bound: the access ends then, RFC 3339. */
  readonly endsAt?: string
  readonly campaign?: string
  readonly item?: string
}

/** One person wants what takes two. Nothing is changed by it; the record of the act names both. */
export type GrantProposed = {
  readonly type: 'grant.proposed'
  readonly grant: string
  readonly act: Words['grantAct']
  readonly content: string
  readonly by: string
  readonly reason: string
}

/** From here on no call that counts on this grant is authorised. */
export type GrantRevoked = {
  readonly type: 'grant.revoked'
  readonly grant: string
  readonly by: string
  readonly reason: string
  readonly campaign?: string
  readonly item?: string
}

/** Two people took the revocation back. It certifies nothing. */
export type GrantRestored = {
  readonly type: 'grant.restored'
  readonly grant: string
  readonly by: readonly string[]
  readonly reason: string
}

/** By two people: `exempted`, not subject to review until then; `extended`, stale only from then on. */
export type GrantPutOff = {
  readonly type: 'grant.exempted' | 'grant.extended'
  readonly grant: string
  /** Digest of what it was given for. */
  readonly content: string
  readonly by: readonly string[]
  readonly reason: string
  /** RFC 3339. */
  readonly until: string
}

/** Somebody asks for access for a while. */
export type TimedAsked = {
  readonly type: 'timed.asked'
  readonly timed: string
  readonly party: string
  readonly functions: readonly string[]
  readonly when: readonly string[]
  /** RFC 3339. */
  readonly from: string
  readonly endsAt: string
  readonly reason: string
  readonly by: string
}

/** It counts as a grant of that party from here on, until its end. */
export type TimedGiven = {
  readonly type: 'timed.given'
  readonly timed: string
  readonly party: string
  readonly functions: readonly string[]
  readonly when: readonly string[]
  readonly from: string
  readonly endsAt: string
  /** Who agreed, in order. */
  readonly by: readonly string[]
  readonly reason: string
}

/** `agreed`: one more person did, and more are needed. */
export type TimedSaid = {
  readonly type: 'timed.agreed' | 'timed.refused' | 'timed.revoked'
  readonly timed: string
  readonly by: string
  readonly reason: string
}

export type CampaignOpened = {
  readonly type: 'campaign.opened'
  readonly campaign: string
  readonly name: string
  /** Who answers for it. */
  readonly owner: string
  readonly by: string
  readonly state: string
  readonly levels: number
  readonly noResponse: Words['noResponse']
  /** RFC 3339. */
  readonly opensAt: string
  readonly dueAt: string
  readonly graceUntil: string
  /** Of the round before. */
  readonly previous?: string
}

/** What it is from here on. */
export type CampaignChanged = {
  readonly type: 'campaign.changed'
  readonly campaign: string
  readonly state: string
  /** Absent where a date changed it. */
  readonly by?: readonly string[]
  readonly reason?: string
  /** STAGED: what was frozen. `hash`: SHA-256 over the lines of the population, `sha256:<hex>`. */
  readonly population?: {
    readonly count: number
    readonly excluded: number
    readonly hash: string
  }
  /** ENFORCING: so many items nobody had decided. */
  readonly unanswered?: number
}

export type CampaignClosed = {
  readonly type: 'campaign.closed'
  readonly campaign: string
  readonly by: string
  /** SHA-256 of the manifest of its pack, `sha256:<hex>`. */
  readonly manifest: string
  /** Of the population, as it was frozen. */
  readonly population: string
  /** Items by how they ended: the words of decisions, `no-response` and `voided`. */
  readonly counts: readonly { readonly n: number; readonly what: string }[]
}

/** Other people are asked instead. */
export type ReviewAssigned = {
  readonly type: 'review.assigned'
  readonly campaign: string
  readonly item: string
  readonly grant: string
  readonly by: string
  /** Groups and party ids. */
  readonly groups: readonly string[]
  readonly people: readonly string[]
  readonly note: string
}

export type ReviewDecided = {
  readonly type: 'review.decided'
  readonly campaign: string
  readonly item: string
  readonly grant: string
  readonly content: string
  readonly tier: Words['risk']
  readonly by: string
  readonly level: number
  readonly decision: Words['reviewed']
  readonly reason: string
  readonly when: readonly string[]
  readonly endsAt?: string
  /** SHA-256 of what the reviewer was shown, `sha256:<hex>`. */
  readonly shown: string
  readonly recommended: Words['recommended']
  /** From when it was shown until it was decided, milliseconds; absent: in bulk. */
  readonly dwell?: number
}

/** What the decision (or that there was none) did, or that it was verified by asking the policy engine. */
export type ReviewApplied = {
  readonly type: 'review.applied'
  readonly campaign: string
  readonly item: string
  readonly grant: string
  /** `applied`, `failed` or `verified`. */
  readonly state: string
  /** A decision, or `no-response`. */
  readonly decision: string
  /** What the policy engine answered: `permit`, `hold` or `forbid`. */
  readonly answer?: string
}

/** The content it asks about is another now. */
export type ReviewVoided = {
  readonly type: 'review.voided'
  readonly campaign: string
  readonly item: string
  readonly grant: string
  readonly content: string
  /** The item that asks again. */
  readonly reopened?: string
}

/** From here on no call of this function is authorised. */
export type FunctionQuarantined = {
  readonly type: 'function.quarantined'
  readonly fn: string
  readonly connection: string
  readonly why: Words['quarantined']
  /** Digests of what was registered and of what was found; empty: none. */
  readonly registered: string
  readonly found: string
}

/** Its owner accepts what was found, and nothing else. */
export type FunctionAccepted = {
  readonly type: 'function.accepted'
  readonly fn: string
  readonly connection: string
  readonly found: string
  readonly by: string
  readonly note: string
}

export type ReviewRecord =
  | GrantCertified
  | GrantProposed
  | GrantRevoked
  | GrantRestored
  | GrantPutOff
  | TimedAsked
  | TimedGiven
  | TimedSaid
  | CampaignOpened
  | CampaignChanged
  | CampaignClosed
  | ReviewAssigned
  | ReviewDecided
  | ReviewApplied
  | ReviewVoided
  | FunctionQuarantined
  | FunctionAccepted
