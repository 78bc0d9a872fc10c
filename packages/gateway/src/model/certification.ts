import type { Risk } from './function.ts'

/** What a reviewer may decide about a grant. */
export type ReviewDecision = 'keep' | 'narrow' | 'time-bound' | 'revoke'

/** One person's (for critical ones: two people's) "still justified, as it is now, until…". Immutable. */
export type Certification = {
  /** UUIDv7. */
  readonly id: string
  /** SHA-256 over what was certified, `sha256:<hex>`; see review/content.ts. Another content is not certified by it. */
  readonly content: string
  readonly decision: Exclude<ReviewDecision, 'revoke'>
  /** Party ids of those who decided, in order. */
  readonly by: readonly string[]
  readonly reason: string
  /** Cedar expressions over a call: the grant counts only where all of them hold. Empty unless narrowed. */
  readonly when: readonly string[]
  /** Unix milliseconds. */
  readonly at: number
  /** First moment at which it is fresh no longer, Unix milliseconds. */
  readonly validUntil: number
  /** Of which campaign; absent: decided on its own. */
  readonly campaign?: string
}

/**
 * What is known about one grant beside the rulebook it stands in. `revision` counts its changes; compare-and-set
 * by it.
 */
export type GrantStanding = {
  /** The policy's id. */
  readonly grant: string
  /** When a rulebook with a grant of this id was first put in force, Unix milliseconds. */
  readonly firstSeenAt: number
  /**
   * Digest of its content in the rulebook put in force last, and since when it has it; where something was certified,
   * since when it has not been that: another change does not count anew.
   */
  readonly content: string
  readonly contentSince: number
  readonly certification?: Certification
  /** Set by `time-bound`, never moved out by a later one without a new request: the access ends then. Unix milliseconds. */
  readonly endsAt?: number
  /** Not subject to review until then; by two people. */
  readonly exemption?: {
    /** What it was given for; another content is not exempt. */
    readonly content: string
    readonly until: number
    readonly by: readonly string[]
    readonly reason: string
  }
  /** The one emergency extension of this cycle (until the next certification); by two people, at most seven days. */
  readonly extension?: {
    /** What it was given for; another content is not extended. */
    readonly content: string
    readonly until: number
    readonly by: readonly string[]
    readonly reason: string
  }
  /** Refused from then on, whatever the rulebook says, until two people restore it. */
  readonly revoked?: { readonly at: number; readonly by: string; readonly reason: string }
  /** What one person wants and a second one has to agree to; the newest only. It changes nothing by itself. */
  readonly proposal?: GrantProposal
  readonly revision: number
}

/** An act that takes two people, as the first of them wants it. */
export type GrantProposal = {
  readonly act: 'certify' | 'exempt' | 'extend' | 'restore'
  /** Party id. */
  readonly by: string
  readonly reason: string
  /** Unix milliseconds; after a week nobody can agree to it any more. */
  readonly at: number
  /** Of the grant as it was looked at: of another content nothing is agreed to. */
  readonly content: string
  /** exempt, extend: until when. certify: what was decided, with which conditions or end. Unix milliseconds. */
  readonly until?: number
  readonly decision?: Exclude<ReviewDecision, 'revoke'>
  readonly when?: readonly string[]
  readonly endsAt?: number
}

/** Where a grant stands at a moment; derived, never stored. See review/freshness.ts. */
export type FreshnessState =
  | 'PROVISIONAL'
  | 'FRESH'
  | 'DUE_SOON'
  | 'STALE'
  | 'LAPSED'
  | 'EXEMPT'
  | 'REVOKED'

export type Freshness = {
  readonly state: FreshnessState
  /** When it becomes stale and when it lapses, Unix milliseconds; absent for EXEMPT and REVOKED. */
  readonly staleAt?: number
  readonly lapsesAt?: number
  readonly tier: Risk
  /** LAPSED because `@expires`, a time-bound decision or a timed grant's end has passed: so whatever the mode is. */
  readonly ended?: true
  /** Expressions that must hold for the grant to count. */
  readonly when: readonly string[]
}
