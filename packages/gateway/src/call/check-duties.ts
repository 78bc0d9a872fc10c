import { listedIn } from '../model/approval-rules.ts'
import type { Reason } from '../model/decision.ts'
import type { Duties, DutySide } from '../model/duty.ts'
import type { DutyRule } from '../model/review-rules.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Guarded } from './stage.ts'

/** What the duty rules with an object say about a call; see model/review-rules.ts. */
export type DutiesFound = {
  /** For the intent: `met` are the rules that people have to agree to, or that are only flagged. */
  readonly duties: Duties
  /** Groups whose yes is needed. */
  readonly groups: readonly string[]
  readonly reasons: readonly Reason[]
}

/**
 * Whether somebody is about to do both parts of what has to be done by two. Refuses `duties-conflict` where the
 * other part was done already, or where the call does not say what it is about. What is not seen here because it
 * happens at the same time is refused in the transaction of the intent. Undefined: no rule is about this call.
 */
export async function checkDuties(gate: Gate, at: Guarded): Promise<DutiesFound | undefined> {
  const sides = at.rules.dutySides(at.fn, at.args).filter(({ rule }) => !isExempt(at, rule))
  if (sides.length === 0) return undefined
  const named = sides.filter(({ object }) => object !== undefined)
  const unnamed = sides.filter(({ object }) => object === undefined)
  const { marks, bars, met } = named.length > 0 ? await gate.duties(at, named) : nothing
  const rules = rulesOf([...named.filter(({ rule }) => met.includes(rule.id)), ...unnamed])
  const denied = rules.filter(({ effect }) => effect === 'deny')
  if (denied.length > 0) throw conflict(denied, unnamed)
  const asking = rules.filter(({ effect }) => effect === 'approve')
  const lifted = new Set([...rules, ...rulesOf(sides).filter(isFlag)].map(({ id }) => id))
  return {
    duties: {
      marks,
      bars: bars.filter(({ rule }) => !lifted.has(rule)),
      met: rules.map(({ id }) => id),
    },
    groups: [...new Set(asking.flatMap(({ approvers }) => approvers))],
    reasons: asking.map(({ id, reason }) => ({
      ...{ policy: id, effect: 'forbid', text: reason, cause: 'duty' },
    })),
  }
}

const nothing: Duties = { marks: [], bars: [], met: [] }

/** By the person it is made for, under whatever account: that an agent is exempt exempts nobody it acts for. */
function isExempt({ principal, rules }: Guarded, { exempt }: DutyRule): boolean {
  const { id, groups } = principal.subject
  const person = rules.approvals.people.find((one) => one.id === id || one.accounts.includes(id))
  const own = person ? [person.id, ...person.accounts] : [id]
  return exempt.some((one) => {
    if (own.includes(one)) return true
    const listed = listedIn(rules.approvals.groups, one)
    return listed ? listed.some((member) => own.includes(member)) : groups.includes(one)
  })
}

function rulesOf(sides: readonly DutySide[]): readonly DutyRule[] {
  return [...new Map(sides.map(({ rule }) => [rule.id, rule])).values()]
}

function isFlag({ effect }: DutyRule): boolean {
  return effect === 'flag'
}

function conflict(denied: readonly DutyRule[], unnamed: readonly DutySide[]): Refusal {
  const blind = unnamed.some(({ rule }) => denied.includes(rule))
  const why = blind ? ['The arguments do not say what it is about, so nobody can tell.'] : []
  return new Refusal('duties-conflict', {
    detail: [...denied.map(({ reason }) => reason), ...why].join(' '),
    facts: { duties: denied.map(({ id }) => id) },
  })
}
