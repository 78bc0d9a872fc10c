import type { Risk } from './function.ts'

/** What a rulebook says about reviews and duties: reviews.yaml, read and checked. */
export type ReviewRules = {
  /** `report`: staleness is recorded and shown and changes no call; for a first look. */
  readonly mode: 'enforce' | 'report'
  /** How long a grant that nobody certified yet is trusted as approved, milliseconds. */
  readonly initialMs: number
  /** How long before it is stale a grant is called due, milliseconds. */
  readonly dueSoonMs: number
  readonly tiers: Readonly<Record<Risk, { readonly cadenceMs: number; readonly graceMs: number }>>
  /** Who stands behind an owner's name. Empty: an owner is a group of that name, and a token says who is in it. */
  readonly owners: Readonly<Record<string, { readonly groups: readonly string[] }>>
  /** Channels that are told when a review is due, a function is quarantined, a campaign opens. */
  readonly notify: readonly string[]
  readonly duties: readonly DutyRule[]
}

/** Separation of duties: nobody, with all their agents and accounts, has both sides. */
export type DutyRule = {
  readonly id: string
  readonly reason: string
  /** Function ids, `crm.*` or `*`. */
  readonly left: readonly string[]
  readonly right: readonly string[]
  /**
   * Absent: nobody may hold grants to both. Else nobody may call one on the same object as the other:
   * where either side's object is named, as RFC 9535 paths into the arguments.
   */
  readonly object?: { readonly left: string; readonly right: string }
  /** How long a call on the left counts, milliseconds; for rules with an object. */
  readonly forMs?: number
  readonly effect: 'deny' | 'approve' | 'flag'
  /** Groups that have to approve, for `approve`. */
  readonly approvers: readonly string[]
  /** Party ids and group names it does not bind. */
  readonly exempt: readonly string[]
}

const day = 86_400_000

/** A rulebook without reviews.yaml. */
export const defaultReviewRules: ReviewRules = {
  mode: 'enforce',
  initialMs: 30 * day,
  dueSoonMs: 14 * day,
  tiers: {
    critical: { cadenceMs: 30 * day, graceMs: 7 * day },
    high: { cadenceMs: 90 * day, graceMs: 14 * day },
    medium: { cadenceMs: 180 * day, graceMs: 30 * day },
    low: { cadenceMs: 365 * day, graceMs: 60 * day },
  },
  owners: {},
  notify: [],
  duties: [],
}
