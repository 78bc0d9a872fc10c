import type { DutyConflict } from '../model/duty.ts'
import type { GrantView, ReasonCode, Recommendation } from './grant-view.ts'
import { dayMs } from './usage.ts'

/**
 * What the facts suggest, by fixed rules and nothing else. Pure. What nobody counted suggests nothing: it is
 * unknown, and never "unused".
 *
 * | code | when | suggests |
 * |---|---|---|
 * | `DUTIES_CONFLICT` | somebody has both sides of a separation of duties through it | revoke |
 * | `PRINCIPAL_LOCKED` | it is given to one party, which is locked | revoke |
 * | `UNUSED_90D` | counted for 90 days, and no call | revoke |
 * | `ONLY_SOME_USED` | counted for 90 days, and some of its functions were never called | narrow |
 * | `ONE_USER_ONLY` | given to many, and one party alone used it in 90 days | narrow |
 * | `USED_30D` | used within 30 days | keep |
 * | `CONTENT_CHANGED` | it is not what was certified last | |
 * | `OWNER_UNKNOWN` | it names no owner | |
 * | `USAGE_UNKNOWN` | counted for less than 90 days, and no call | |
 */
export function recommend(
  view: Pick<GrantView, 'grant' | 'standing' | 'usage' | 'usedBy'> & {
    readonly conflicts: readonly DutyConflict[]
    readonly isPrincipalLocked: boolean
    /** Unix milliseconds. */
    readonly at: number
  },
): Recommendation {
  const codes = order.filter((code) => tests[code](view))
  const suggested = codes.map((code) => suggests[code]).filter((one) => one !== undefined)
  const decision = ranked.find((one) => suggested.includes(one)) ?? 'none'
  return { decision, codes }
}

type Facts = Parameters<typeof recommend>[0]

const tests: Readonly<Record<ReasonCode, (facts: Facts) => boolean>> = {
  DUTIES_CONFLICT: ({ conflicts }) => conflicts.some(({ rule }) => rule.effect === 'deny'),
  PRINCIPAL_LOCKED: ({ isPrincipalLocked }) => isPrincipalLocked,
  UNUSED_90D: ({ usage }) => usage.calls90 === 0,
  ONLY_SOME_USED: (facts) => {
    const used = new Set(facts.usedBy.flatMap(({ functions }) => functions))
    return isCounted90(facts) && used.size > 0 && facts.grant.functions.some((id) => !used.has(id))
  },
  ONE_USER_ONLY: (facts) =>
    isCounted90(facts) && facts.grant.principal.kind !== 'party' && facts.usedBy.length === 1,
  USED_30D: ({ usage }) => (usage.calls30 ?? 0) > 0,
  CONTENT_CHANGED: ({ grant, standing }) =>
    standing?.certification !== undefined && standing.certification.content !== grant.content,
  OWNER_UNKNOWN: ({ grant }) => grant.owner === undefined,
  USAGE_UNKNOWN: ({ usage }) => usage.calls90 === undefined,
}

const suggests: Readonly<Partial<Record<ReasonCode, Recommendation['decision']>>> = {
  DUTIES_CONFLICT: 'revoke',
  PRINCIPAL_LOCKED: 'revoke',
  UNUSED_90D: 'revoke',
  ONLY_SOME_USED: 'narrow',
  ONE_USER_ONLY: 'narrow',
  USED_30D: 'keep',
}

const order: readonly ReasonCode[] = [
  'DUTIES_CONFLICT',
  'PRINCIPAL_LOCKED',
  'UNUSED_90D',
  'ONLY_SOME_USED',
  'ONE_USER_ONLY',
  'USED_30D',
  'CONTENT_CHANGED',
  'OWNER_UNKNOWN',
  'USAGE_UNKNOWN',
]
const ranked: readonly Recommendation['decision'][] = ['revoke', 'narrow', 'keep']

function isCounted90({ usage, at }: Facts): boolean {
  return usage.countedSince !== undefined && usage.countedSince <= at - 90 * dayMs
}
