import { createHash } from 'node:crypto'
import type { Certification } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import { dayMs } from './usage.ts'

/**
 * Until when a certification of this moment holds: `@review` or as its tier says, whichever is shorter, and up to a
 * tenth less by the grant's id, so that what is certified on one day is not due on one day. Never later.
 */
export function validUntil(grant: GrantListed, { tiers }: ReviewRules, at: number): number {
  const { id, tier, reviewDays } = grant
  const cadenceMs = Math.min(tiers[tier].cadenceMs, (reviewDays ?? never) * dayMs)
  return at + cadenceMs - Math.floor((cadenceMs / 10) * spread(id))
}

const never = Number.POSITIVE_INFINITY

/** From 0 to below 1, the same for the same id. */
function spread(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32
}

/** All conditions of before, and these: what is narrowed once is not widened by being kept. */
export function narrowedBy(
  before: Certification | undefined,
  when: readonly string[],
): readonly string[] {
  return [...new Set([...(before?.when ?? []), ...when])]
}
