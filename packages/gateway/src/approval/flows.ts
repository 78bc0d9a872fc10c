import { questionOf } from '../call/authorize.ts'
import type { InForce } from '../call/in-force.ts'
import { Refusal } from '../call/refusal.ts'
import type { Guarded } from '../call/stage.ts'
import type { Limits } from '../config/limits.ts'
import type { Approval } from '../model/approval.ts'
import { type ApprovalFlow, flowOf } from '../model/approval-rules.ts'
import type { ClearanceTerms } from '../model/clearance.ts'

/** How a question is put, as far as the rulebook says: a snapshot, which later changes of it do not reach. */
export type Put = Pick<
  Approval,
  'steps' | 'terms' | 'reasonChars' | 'notify' | 'message' | 'slackDecides' | 'claimMs'
> & { readonly decideByMs: number }

type FlowLimits = Pick<
  Limits,
  'approvalDecideByMs' | 'approvalClaimByMs' | 'clearanceConditions' | 'conditionChars'
>

/**
 * The flows of these groups side by side. Where they differ the stricter holds: the shortest deadlines, the
 * longest reason, the least to show. Refuses `request-malformed` when the caller asks for more than each of
 * them offers.
 */
export function putTo(
  at: Guarded,
  groups: readonly string[],
  limits: FlowLimits,
  now: number,
): Put {
  const flows = groups.map((group) => flowOf(at.rules.approvals, group))
  const terms = at.call.clearanceTerms ?? { kind: 'call' }
  const problem = askedTooMuch(at, { terms, flows, limits, now })
  if (problem !== undefined) {
    throw new Refusal('request-malformed', { detail: `\`Sallyport-Clearance\`: ${problem}` })
  }
  return {
    steps: flows.flatMap(({ group, steps }) => steps.map((step) => ({ ...step, flow: group }))),
    terms,
    reasonChars: { approve: Math.max(0, ...flows.map(({ reasonChars }) => reasonChars)), deny: 1 },
    notify: [...new Set(flows.flatMap(({ notify }) => notify))],
    message: flows.some(({ message }) => message === 'minimal') ? 'minimal' : 'masked',
    slackDecides: flows.every(({ slackDecides }) => slackDecides),
    claimMs: Math.min(...flows.map(({ claimByMs }) => claimByMs ?? limits.approvalClaimByMs)),
    decideByMs: Math.min(...flows.map(({ decideByMs }) => decideByMs ?? limits.approvalDecideByMs)),
  }
}

/** What is wrong with a condition that somebody names; undefined: nothing is. */
export function conditionProblem(
  rules: Pick<InForce, 'constraintProblem'>,
  fn: Guarded['fn'],
  { when }: { readonly when: readonly string[] },
  limits: FlowLimits,
): string | undefined {
  if (when.length > limits.clearanceConditions) {
    return `at most ${limits.clearanceConditions} conditions.`
  }
  if (when.some((condition) => condition.length > limits.conditionChars)) {
    return `a condition has at most ${limits.conditionChars} characters.`
  }
  for (const condition of when) {
    const problem = rules.constraintProblem(fn, condition)
    if (problem !== undefined) return problem
  }
  return undefined
}

function askedTooMuch(
  at: Guarded,
  given: {
    readonly terms: ClearanceTerms
    readonly flows: readonly ApprovalFlow[]
    readonly limits: FlowLimits
    readonly now: number
  },
): string | undefined {
  const { terms, flows, limits, now } = given
  if (terms.kind === 'call') {
    const isOffered = at.call.clearanceTerms === undefined || offers(flows, 'call')
    return isOffered ? undefined : 'not offered for this call.'
  }
  if (at.stale.length > 0) return 'while a review is overdue each call needs a yes of its own.'
  if (!offers(flows, terms.kind)) return `\`${terms.kind}\` is not offered for this call.`
  const usesMax = Math.min(...flows.map((flow) => flow.usesMax))
  const forMsMax = Math.min(...flows.map((flow) => flow.forMsMax))
  if (!isWithin(terms.uses, usesMax)) return `\`uses\` is a whole number from 1 to ${usesMax}.`
  if (!isWithin(terms.forMs, forMsMax)) return `\`for\` is at most ${forMsMax / 1000} seconds.`
  const problem = conditionProblem(at.rules, at.fn, terms, limits)
  if (problem !== undefined) return problem
  const fits = at.rules.fits(at.fn, terms.when, questionOf(at, now, []))
  return fits ? undefined : 'this very call does not fit its condition.'
}

function offers(flows: readonly ApprovalFlow[], kind: ClearanceTerms['kind']): boolean {
  return flows.every((flow) => flow.offers.includes(kind))
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max
}
