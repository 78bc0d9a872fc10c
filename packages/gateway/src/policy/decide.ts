import type { Decision, PartyGrants, Question, Reason } from '../model/decision.ts'
import type { Party } from '../model/principal.ts'
import { readArguments } from './context.ts'
import { evaluatePlan, type FunctionPlan, type Outcome, type ReadyPolicy } from './plan.ts'
import { requestOf } from './request.ts'

/**
 * The decision on one question: every party has to be permitted on its own. Default deny; never
 * throws. Where approvable guardrails alone stand in the way, the question is decided again as if
 * their groups had approved, so that nobody is asked for an approval that could not help.
 */
export function decide(plan: FunctionPlan | undefined, question: Question): Decision {
  if (!plan || question.parties.length === 0) return { effect: 'forbid', reasons: [], errors: [] }
  try {
    return decideByPlan(plan, question)
  } catch {
    // A fault here is ours, or Cedar's refusal of the request: nothing was decided, so nothing passes.
    const errors = plan.policies.map(({ source }) => source.id)
    return { effect: 'forbid', reasons: [], errors }
  }
}

function decideByPlan(plan: FunctionPlan, question: Question): Decision {
  const args = readArguments(question, plan)
  const ask = (approvedBy: readonly string[]) =>
    question.parties.map((party) => {
      const { request, facts } = requestOf(party, { question, plan, args, approvedBy })
      const outcome = evaluatePlan(plan, request, { groups: party.groups, facts })
      return { ...outcome, timed: timedOf(question, party) }
    })
  const outcomes = ask(question.approvedBy)
  if (outcomes.every(isPermitted)) {
    const reasons = [
      ...reasonsOf(outcomes.flatMap(({ permits }) => permits)),
      ...[...new Set(outcomes.flatMap(({ timed }) => timed))].map(timedReason),
    ]
    return { effect: 'permit', reasons, grants: grantsOf(question, outcomes) }
  }
  const fired = outcomes.flatMap(({ forbids }) => forbids)
  const groups = outcomes.some(isBroken) ? undefined : approversOf(fired)
  if (groups) {
    const supposed = ask([...new Set([...question.approvedBy, ...groups])])
    if (supposed.every(isPermitted)) {
      return {
        effect: 'hold',
        reasons: reasonsOf(fired),
        grants: grantsOf(question, supposed),
        approverGroups: groups,
      }
    }
  }
  const errors = new Set(outcomes.flatMap((outcome) => outcome.errors.map(idOf)))
  return { effect: 'forbid', reasons: reasonsOf(fired), errors: [...errors] }
}

/** What the policies say to one party, and its timed grants, by their ids. */
type Answered = Outcome & { readonly timed: readonly string[] }

function timedOf({ timed = [] }: Question, { id: party }: Party): readonly string[] {
  return timed.filter((one) => one.party === party).map(({ id }) => id)
}

/** A timed grant stands beside the permits; guardrails stand above both. */
function isPermitted({ permits, timed, ...outcome }: Answered): boolean {
  return permits.length + timed.length > 0 && outcome.forbids.length === 0 && !isBroken(outcome)
}

/** A guardrail that cannot be evaluated stands; a grant that cannot be evaluated grants nothing. */
function isBroken({ errors }: Pick<Outcome, 'errors'>): boolean {
  return errors.some(({ source }) => source.effect === 'forbid')
}

/** All groups that have to approve, or `undefined` where a guardrail cannot be approved away. */
function approversOf(fired: readonly ReadyPolicy[]): readonly string[] | undefined {
  const approvable = fired.length > 0 && fired.every((policy) => policy.approverGroups.length > 0)
  return approvable ? [...new Set(fired.flatMap((policy) => policy.approverGroups))] : undefined
}

function reasonsOf(policies: readonly ReadyPolicy[]): readonly Reason[] {
  return [...new Set(policies)].map(({ source }) => {
    const text = source.annotations.reason
    return { policy: source.id, effect: source.effect, ...(text !== undefined && { text }) }
  })
}

function timedReason(id: string): Reason {
  return { policy: id, effect: 'permit' }
}

function grantsOf(question: Question, outcomes: readonly Answered[]): readonly PartyGrants[] {
  return question.parties.map((party, at) => {
    const { permits = [], timed = [] } = outcomes[at] ?? {}
    const given = timed.map((id) => ({ id }))
    return { party: party.id, grants: [...permits.map(({ grant }) => grant), ...given] }
  })
}

function idOf({ source }: ReadyPolicy): string {
  return source.id
}
