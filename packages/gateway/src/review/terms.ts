import { conditionProblem } from '../approval/flows.ts'
import type { InForce } from '../call/in-force.ts'
import type { GrantStanding, ReviewDecision } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import { dutiesBroken } from './duties.ts'
import type { ReviewNeeds } from './needs.ts'
import type { Refused } from './refused.ts'

export type DecisionTerms = {
  readonly decision: ReviewDecision
  readonly when: readonly string[]
  readonly endsAt: number | undefined
}

type Asked = {
  readonly rules: InForce
  readonly grant: GrantListed
  readonly standing: GrantStanding
  readonly at: number
  /** Timed grants that count beside it; see duties.ts. */
  readonly given: readonly TimedGrant[]
  readonly terms: DecisionTerms
}

/** What is wrong with deciding so about this grant; undefined: nothing is. Taking it away is never wrong. */
export function termsProblem(
  { limits }: Pick<ReviewNeeds, 'limits'>,
  { rules, grant, standing, at, given, terms }: Asked,
): Refused | undefined {
  const { decision, when, endsAt } = terms
  if (decision === 'revoke') return undefined
  if ((decision === 'narrow') !== when.length > 0) {
    return {
      refused: 'condition-invalid',
      detail: '`narrow` needs conditions, and nothing else has any.',
    }
  }
  const fns = rules.rulebook.functions.filter(({ id }) => grant.functions.includes(id))
  for (const fn of fns) {
    const problem = conditionProblem(rules, fn, { when }, limits)
    if (problem !== undefined)
      return { refused: 'condition-invalid', detail: `${fn.id}: ${problem}` }
  }
  const latest = Math.min(standing.endsAt ?? never, grant.expiresAt ?? never)
  const isBound = decision === 'time-bound'
  if (isBound !== (endsAt !== undefined)) return { refused: 'end-invalid' }
  if (endsAt !== undefined && !(Number.isSafeInteger(endsAt) && endsAt > at && endsAt <= latest)) {
    return { refused: 'end-invalid' }
  }
  const broken = dutiesBroken(rules, grant.id, given).find(({ rule }) => rule.effect === 'deny')
  return (
    broken && { refused: 'duties-conflict', detail: `${broken.rule.id}: ${broken.rule.reason}` }
  )
}

export function reasonProblem(
  { limits }: Pick<ReviewNeeds, 'limits'>,
  reason: string,
): Refused | undefined {
  if (reason.trim() === '') return { refused: 'reason-required' }
  return reason.length > limits.reasonChars ? { refused: 'reason-too-long' } : undefined
}

const never = Number.MAX_SAFE_INTEGER
