import type { Freshness, GrantStanding } from '../model/certification.ts'
import type { Risk } from '../model/function.ts'
import type { ReviewRules } from '../model/review-rules.ts'

/** What of a grant, as a rulebook has it, decides how fresh it is. */
export type Reviewable = {
  /** Digest of its content in the rulebook that is asked about. */
  readonly content: string
  readonly tier: Risk
  /** `@expires`, Unix milliseconds. */
  readonly expiresAt?: number
}

/**
 * Where a grant stands at a moment (Unix milliseconds). Pure, and derived from dates alone: nothing has to run
 * for access to end, and nothing that failed to run keeps it alive.
 *
 * `PROVISIONAL` or `FRESH → DUE_SOON → STALE → LAPSED`; `EXEMPT` and `REVOKED` beside them. A certification,
 * exemption or extension counts for the content it was given for and no other. What somebody narrowed stays
 * narrowed and what was given an end keeps it, whatever becomes of the content: neither can be shaken off by an edit.
 * A grant without a standing is stale: nobody knows anything of it.
 */
export function freshnessOf(
  standing: GrantStanding | undefined,
  grant: Reviewable,
  rules: ReviewRules,
  now: number,
): Freshness {
  const when = standing?.certification?.when ?? []
  const bare = { tier: grant.tier, when }
  if (standing?.revoked) return { state: 'REVOKED', ...bare }
  const endsAt = Math.min(standing?.endsAt ?? never, grant.expiresAt ?? never)
  if (endsAt <= now) {
    return { state: 'LAPSED', staleAt: endsAt, lapsesAt: endsAt, ended: true, ...bare }
  }
  if (!standing) return { state: 'STALE', ...bare }
  const { exemption } = standing
  if (exemption?.content === grant.content && now < exemption.until) {
    return { state: 'EXEMPT', ...bare }
  }
  const dates = datesOf(standing, grant, rules)
  const staleAt = Math.min(dates.staleAt, endsAt)
  const lapsesAt = Math.min(dates.lapsesAt, endsAt)
  return { state: stateAt({ ...dates, staleAt, lapsesAt }, rules, now), staleAt, lapsesAt, ...bare }
}

type Dates = {
  readonly staleAt: number
  readonly lapsesAt: number
  readonly trusted: 'certified' | 'at-first' | 'no-more'
}

function stateAt(
  { staleAt, lapsesAt, trusted }: Dates,
  { dueSoonMs }: ReviewRules,
  now: number,
): Freshness['state'] {
  if (now >= lapsesAt) return 'LAPSED'
  // Whatever a clock says of the moment of the change: what nobody has seen is not trusted.
  if (now >= staleAt || trusted === 'no-more') return 'STALE'
  if (trusted === 'at-first') return 'PROVISIONAL'
  return now >= staleAt - dueSoonMs ? 'DUE_SOON' : 'FRESH'
}

/**
 * When it stops being trusted, and when it stops. A grant whose content was changed is stale from the change
 * on, and never later than it would have been without it: changing it again and again puts nothing off.
 */
function datesOf(
  standing: GrantStanding,
  { content, tier }: Reviewable,
  { initialMs, tiers }: ReviewRules,
): Dates {
  const { certification, extension } = standing
  const { graceMs } = tiers[tier]
  const isCertified = certification?.content === content
  const extendedTo = extension?.content === content ? extension.until : 0
  const end = certification?.validUntil ?? standing.firstSeenAt + initialMs
  const isChanged = certification !== undefined && !isCertified
  const staleAt = isChanged ? Math.min(changedAt(standing, content), end) : end
  const trusted = isCertified ? 'certified' : certification ? 'no-more' : 'at-first'
  return {
    staleAt: Math.max(staleAt, extendedTo),
    lapsesAt: Math.max(staleAt + graceMs, extendedTo),
    // Two people put it off, as it is now.
    trusted: isChanged && extendedTo > 0 ? 'at-first' : trusted,
  }
}

/** Since when it has this content. A content nobody has put down counts from when it was certified last. */
function changedAt({ content, contentSince, certification }: GrantStanding, asked: string): number {
  return content === asked ? contentSince : (certification?.at ?? contentSince)
}

const never = Number.MAX_SAFE_INTEGER
