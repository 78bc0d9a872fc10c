import type { Decision, Question } from '../model/decision.ts'
import { prepareInCedar } from './cedar.ts'
import { clauseTexts } from './clause-text.ts'
import { readArguments } from './context.ts'
import { decide } from './decide.ts'
import type { Request } from './expression.ts'
import { type CedarFacts, evaluateInCedar, type FunctionPlan, type ReadyPolicy } from './plan.ts'
import { requestOf } from './request.ts'

/** Why one policy did or did not apply to one party. */
export type PolicyExplanation = {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly file: string
  readonly line: number
  readonly applied: 'yes' | 'no' | 'error'
  /** In words, with the policy's own text; never an argument's value. */
  readonly why: string
}

export type Explanation = {
  readonly functionId: string
  readonly decision: Decision
  readonly parties: readonly {
    readonly party: string
    readonly policies: readonly PolicyExplanation[]
  }[]
  /** The decision in sentences. */
  readonly lines: readonly string[]
}

/** For people who ask why: every policy whose scope covers the function, one by one. */
export function explain(plan: FunctionPlan | undefined, question: Question): Explanation {
  const decision = decide(plan, question)
  const { functionId } = question
  if (!plan) {
    const lines = [`No policy can permit ${functionId}: it is no function of this rulebook.`]
    return { functionId, decision, parties: [], lines }
  }
  const args = readArguments(question, plan)
  const parties = question.parties.map((party) => {
    const at = { question, plan, args, approvedBy: question.approvedBy }
    const { request, facts } = requestOf(party, at)
    const policies = plan.policies.map((policy) => explainOne(policy, request, facts))
    return { party: party.id, policies }
  })
  return { functionId, decision, parties, lines: sentences(decision, question) }
}

function explainOne(
  policy: ReadyPolicy,
  request: Request,
  facts: () => CedarFacts,
): PolicyExplanation {
  const { id, effect, file, line } = policy.source
  return { id, effect, file, line, ...judge(policy, request, facts) }
}

type Judgement = Pick<PolicyExplanation, 'applied' | 'why'>

function judge(policy: ReadyPolicy, request: Request, facts: () => CedarFacts): Judgement {
  if (!policy.principal(request)) {
    return { applied: 'no', why: 'Its scope does not cover this principal.' }
  }
  const { clauses } = policy
  if (!clauses) return judgeInCedar(policy, request, facts)
  const texts = clauseTexts(policy.source.text)
  for (const [at, { evaluate, wanted }] of clauses.entries()) {
    const value = evaluate(request)
    const clause = texts[at] ?? (wanted ? 'A `when` clause' : 'An `unless` clause')
    if (typeof value !== 'boolean') {
      return {
        applied: 'error',
        why: `Could not be evaluated: ${clause}. Something it reads is absent, of another type, or no value policy can hold.`,
      }
    }
    if (value !== wanted) {
      return { applied: 'no', why: `${clause} is ${value}.` }
    }
  }
  return {
    applied: 'yes',
    why: clauses.length > 0 ? 'All its clauses hold.' : 'It has no clauses.',
  }
}

/** Cedar says whether it applied, but not which clause it was. */
function judgeInCedar(policy: ReadyPolicy, request: Request, facts: () => CedarFacts): Judgement {
  const prepared = prepareInCedar({ [policy.source.id]: policy.source.text })
  try {
    const outcome = evaluateInCedar([policy], prepared, request, facts())
    if (outcome.errors.length > 0) return { applied: 'error', why: 'Could not be evaluated.' }
    const applied = outcome.permits.length + outcome.forbids.length > 0
    return applied
      ? { applied: 'yes', why: 'All its clauses hold.' }
      : { applied: 'no', why: 'One of its clauses does not hold.' }
  } catch {
    return { applied: 'error', why: 'Cedar could not take the request.' }
  }
}

function sentences(decision: Decision, question: Question): readonly string[] {
  const because = decision.reasons.map(({ policy, effect, text }) =>
    text === undefined ? `${effect} "${policy}"` : `${effect} "${policy}": ${text}`,
  )
  switch (decision.effect) {
    case 'permit':
      return [`Permitted: ${question.functionId}.`, ...because]
    case 'hold': {
      const groups = decision.approverGroups.join(' and ')
      return [`Permitted after approval by ${groups}: ${question.functionId}.`, ...because]
    }
    case 'forbid': {
      const broken = decision.errors.map((id) => `"${id}" could not be evaluated.`)
      const silent = because.length + broken.length === 0
      const reason = silent ? ['No grant permits it to every party of the call.'] : because
      return [`Forbidden: ${question.functionId}.`, ...reason, ...broken]
    }
  }
}
