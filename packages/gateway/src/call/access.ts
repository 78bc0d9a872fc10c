import type { Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import { decidingParties, type Party, type Principal } from '../model/principal.ts'
import { reaches } from '../policy/access.ts'
import { covers } from './authorize.ts'
import { grantsInUse, isEnforced, stands } from './check-review.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'

/**
 * Whether a principal may call a function at this moment: by any call, by each with somebody's yes, by some (what
 * policy says depends on arguments), or by none. For lists; what counts is said when it is called.
 */
export type Access = 'permit' | 'hold' | 'depends' | 'none'

type AccessGate = Pick<Gate, 'freshness' | 'timedGrants' | 'now'>

export function accessTo(
  gate: AccessGate,
  given: {
    readonly rules: InForce
    readonly fn: FunctionDefinition
    readonly principal: Principal
    readonly source: { readonly protocol: string; readonly ip: string }
    /** Of the session. */
    readonly labels?: readonly string[] | undefined
    /** Of one call, which it is then decided like; absent: there may be any. */
    readonly args?: JsonObject | undefined
  },
): Access {
  const { rules, fn, principal, source, labels = [], args } = given
  const { scope, subject, session } = principal
  if (scope && !scope.some((entry) => covers(entry, fn.id))) return 'none'
  const parties = decidingParties(principal)
  const timed = gate.timedGrants(
    parties.map(({ id }) => id),
    fn.id,
  )
  const question: Question = {
    ...{ parties, subject, session, labels, source },
    ...{ functionId: fn.id, args: args ?? {}, time: gate.now(), approvedBy: [] },
  }
  const of = { rules, fn }
  if (args) {
    const fitting = timed.filter(({ when }) => when.length === 0 || rules.fits(fn, when, question))
    return accessToCall(gate, of, { ...question, timed: fitting })
  }
  const standing = parties.map((party) => {
    const isGiven = timed.some((one) => one.party === party.id)
    return isGiven ? 'fresh' : standingOf(gate, of, party)
  })
  if (standing.includes('none')) return 'none'
  const decision = rules.decide({
    ...question,
    timed: timed.filter(({ when }) => when.length === 0).map(({ party, id }) => ({ party, id })),
  })
  if (decision.effect === 'forbid') {
    // Without arguments a policy that reads one cannot be evaluated, or does not hold yet.
    if (decision.errors.length > 0) return 'depends'
    if (decision.reasons.some(({ effect }) => effect === 'forbid')) return 'none'
    const isGiven = timed.some(({ when }) => when.length > 0)
    return isGiven || parties.some((party) => readsArguments(of, party)) ? 'depends' : 'none'
  }
  return standing.includes('stale') ? 'hold' : decision.effect
}

type Of = { readonly rules: InForce; readonly fn: FunctionDefinition }

function accessToCall(gate: AccessGate, of: Of, question: Question): Access {
  const decision = of.rules.decide(question)
  if (decision.effect === 'forbid') return 'none'
  try {
    const { stale } = grantsInUse(gate, { ...of, decision }, question)
    return stale.length > 0 ? 'hold' : decision.effect
  } catch (thrown) {
    if (thrown instanceof Refusal) return 'none'
    throw thrown
  }
}

function grantsOf({ rules, fn }: Of, party: Party) {
  return rules.grants.filter((grant) => {
    return grant.functions.includes(fn.id) && reaches(grant.principal, party)
  })
}

/** The best of its grants, by dates alone. */
function standingOf(gate: AccessGate, of: Of, party: Party): 'fresh' | 'stale' | 'none' {
  const states = grantsOf(of, party)
    .map(({ id, expiresAt }) => ({ expiresAt, freshness: gate.freshness(of.rules, id) }))
    .filter((grant) => stands(of.rules, grant, gate.now()))
  if (states.length === 0) return 'none'
  const isStale = states.every(({ freshness }) => freshness.state === 'STALE')
  return isEnforced(of) && isStale ? 'stale' : 'fresh'
}

function readsArguments(of: Of, party: Party): boolean {
  return grantsOf(of, party).some(({ conditions }) => {
    return conditions.some((condition) => /\bargs\b/.test(condition))
  })
}
