import type { Certification, GrantStanding } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import { narrowedBy, validUntil } from './certified.ts'

export type Terms = {
  readonly decision: Certification['decision']
  readonly when: readonly string[]
  readonly endsAt: number | undefined
}

// What people's decisions make of a standing. Pure; the revision is the caller's to count.

/** Certified as it is in force now. It stays as narrow as it was, and ends no later than it did. */
export function certified(
  standing: GrantStanding,
  said: {
    readonly grant: GrantListed
    readonly rules: ReviewRules
    readonly id: string
    readonly at: number
    readonly by: readonly string[]
    readonly reason: string
    readonly terms: Terms
    readonly campaign?: string
  },
): GrantStanding & { readonly certification: Certification } {
  const { grant, rules, id, at, by, reason, terms, campaign } = said
  const { proposal: _, extension: __, ...rest } = standing
  const ends = [standing.endsAt, terms.endsAt].filter((one) => one !== undefined)
  const certification = {
    ...{ id, content: grant.content, decision: terms.decision, by, reason, at },
    when: narrowedBy(standing.certification, terms.when),
    validUntil: validUntil(grant, rules, at),
    ...(campaign !== undefined && { campaign }),
  }
  return { ...rest, certification, ...(ends.length > 0 && { endsAt: Math.min(...ends) }) }
}

export function revoked(
  standing: GrantStanding,
  revoked: NonNullable<GrantStanding['revoked']>,
): GrantStanding & { readonly revoked: NonNullable<GrantStanding['revoked']> } {
  const { proposal: _, ...rest } = standing
  return { ...rest, revoked }
}

/**
 * As the rulebook has it, without revocation, narrowing and end. It certifies nothing: a certification that
 * narrowed it is none of the whole.
 */
export function restored(standing: GrantStanding): GrantStanding {
  const { proposal: _, revoked: __, endsAt: ___, certification, ...rest } = standing
  const isWhole = certification && certification.when.length === 0
  return { ...rest, ...(isWhole && { certification }) }
}
