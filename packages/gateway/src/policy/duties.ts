import { type ApprovalRules, listedIn } from '../model/approval-rules.ts'
import type { DutyConflict } from '../model/duty.ts'
import type { GrantListed, PrincipalScope } from '../model/grant.ts'
import type { DutyRule } from '../model/review-rules.ts'

type Known = {
  readonly grants: readonly Pick<GrantListed, 'id' | 'functions' | 'principal'>[]
  readonly duties: readonly DutyRule[]
  /** Who is in a listed group, and which ids are one person. */
  readonly approvals: Pick<ApprovalRules, 'groups' | 'people'>
}

/**
 * Who has grants to both sides of a duty rule without an object, by the scopes of the grants: conditions are not
 * looked at. People count with all their accounts and agents, and with the groups they are listed in. A group stands
 * for whoever a token says is in it as well; what somebody has through two of those cannot be seen.
 */
export function dutyConflicts(known: Known): readonly DutyConflict[] {
  return known.duties.filter(({ object }) => !object).flatMap((rule) => conflictsWith(rule, known))
}

/** Ids, `crm.*`, `*`. */
export function isOnSide(patterns: readonly string[], functionId: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === '*') return true
    return pattern.endsWith('.*')
      ? functionId.startsWith(pattern.slice(0, -1))
      : pattern === functionId
  })
}

/** Ids of grants that reach each side. */
type Sides = { readonly left: Set<string>; readonly right: Set<string> }

function conflictsWith(rule: DutyRule, { grants, approvals }: Known): readonly DutyConflict[] {
  const personOf = personsOf(approvals)
  const everybody: Sides = noSides()
  const people = new Map<string, Sides>()
  const groups = new Map<string, Sides>()
  const holdersOf = (scope: PrincipalScope): readonly Sides[] => {
    if (scope.kind === 'any') return [everybody]
    if (scope.kind === 'party') return [sidesOf(people, personOf(scope.id))]
    const members = listedIn(approvals.groups, scope.group) ?? []
    // Who signs in is in a listed group only if they are listed; who calls, if their token says so.
    return [
      sidesOf(groups, scope.group),
      ...[...new Set(members.map(personOf))].map((person) => sidesOf(people, person)),
    ]
  }
  for (const { id, functions, principal } of grants) {
    const left = functions.some((fn) => isOnSide(rule.left, fn))
    const right = functions.some((fn) => isOnSide(rule.right, fn))
    if (!left && !right) continue
    for (const sides of holdersOf(principal)) {
      if (left) sides.left.add(id)
      if (right) sides.right.add(id)
    }
  }
  if (meets(everybody)) return [conflict(rule, { kind: 'everybody' }, everybody)]
  const exempt = exemptPeople(rule, approvals, personOf)
  const ofGroups = [...groups]
    .filter(([group]) => !rule.exempt.includes(group))
    .map(([group, own]) => conflict(rule, { kind: 'group', group }, both(own, everybody)))
    .filter(isConflict)
  const ofPeople = [...people]
    .filter(([person]) => !exempt.has(person))
    .map(([id, own]) => conflict(rule, { kind: 'person', id }, both(own, everybody)))
    .filter((one) => isConflict(one) && !ofGroups.some((group) => isWithin(one, group)))
  return [...ofPeople, ...ofGroups]
}

function isConflict({ left, right }: DutyConflict): boolean {
  return left.length > 0 && right.length > 0
}

/** It says no more than that somebody is in a group that has both. */
function isWithin(one: DutyConflict, group: DutyConflict): boolean {
  return (
    one.left.every((id) => group.left.includes(id)) &&
    one.right.every((id) => group.right.includes(id))
  )
}

function noSides(): Sides {
  return { left: new Set(), right: new Set() }
}

function sidesOf(of: Map<string, Sides>, name: string): Sides {
  const known = of.get(name) ?? noSides()
  of.set(name, known)
  return known
}

function both(own: Sides, everybody: Sides): Sides {
  return {
    left: new Set([...own.left, ...everybody.left]),
    right: new Set([...own.right, ...everybody.right]),
  }
}

function meets({ left, right }: Sides): boolean {
  return left.size > 0 && right.size > 0
}

function conflict(rule: DutyRule, subject: DutyConflict['subject'], sides: Sides): DutyConflict {
  return { rule, subject, left: [...sides.left].sort(), right: [...sides.right].sort() }
}

/** Agents are their people's, unlike where somebody votes: what an agent may do its person has done. */
function personsOf({ people }: Known['approvals']): (id: string) => string {
  const owners = new Map<string, string>()
  for (const { id, accounts, agents } of people) {
    for (const one of [id, ...accounts, ...agents]) owners.set(one, id)
  }
  return (id) => owners.get(id) ?? id
}

function exemptPeople(
  { exempt }: DutyRule,
  { groups }: Known['approvals'],
  personOf: (id: string) => string,
): ReadonlySet<string> {
  return new Set(exempt.flatMap((one) => listedIn(groups, one) ?? [one]).map(personOf))
}
