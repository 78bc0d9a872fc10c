import { type ApprovalRules, flowOf, listedIn } from '../model/approval-rules.ts'
import { type ApprovalNames, issuerFlaws, unknownName } from './approval-names.ts'
import type { Flaw } from './flaw.ts'

type Links = Pick<ApprovalRules, 'people'>

/** One id belongs to one person: with two, a yes of one could be the other's. */
export function* peopleFlaws({ people }: Links, names: ApprovalNames): Generator<Flaw> {
  const owners = new Map<string, string>()
  for (const [index, { id, accounts, agents }] of people.entries()) {
    const path = ['people', index]
    const places: readonly (readonly [string, Flaw['path']])[] = [
      [id, ['id']],
      ...accounts.map((one, at) => [one, ['accounts', at]] as const),
      ...agents.map((one, at) => [one, ['agents', at]] as const),
    ]
    for (const [one, place] of places) {
      const owner = owners.get(one)
      if (owner === undefined) owners.set(one, id)
      else yield { path: [...path, ...place], message: `\`${one}\` stands under \`${owner}\` too.` }
    }
    for (const flaw of issuerFlaws([id], [], names)) yield { ...flaw, path: [...path, 'id'] }
  }
}

/** Whoever is listed in a group is a person who can sign in, once; and somebody has to ask the group. */
export function* memberFlaws(
  groups: ApprovalRules['groups'],
  rules: ApprovalRules,
  names: ApprovalNames,
): Generator<Flaw> {
  const personOf = personsOf(rules)
  const agents = new Set(rules.people.flatMap((person) => person.agents))
  const asked = askedGroups(rules, names)
  for (const [group, members] of Object.entries(groups)) {
    const path = ['groups', group]
    if (asked && !asked.has(group)) {
      yield { path, ...unknownName('Nothing asks the group', group, [...asked]) }
    }
    yield* issuerFlaws(members, path, names)
    const seen = new Map<string, string>()
    for (const [index, member] of members.entries()) {
      const at = [...path, index]
      if (agents.has(member)) yield { path: at, message: `\`${member}\` is no person.` }
      const before = seen.get(personOf(member))
      if (before === undefined) seen.set(personOf(member), member)
      else yield { path: at, message: `\`${member}\` and \`${before}\` are one person.` }
    }
  }
}

/** Gives the person an id belongs to; an id that nothing links is a person of its own. */
export function personsOf({ people }: Links): (id: string) => string {
  const owners = new Map<string, string>()
  for (const { id, accounts } of people) for (const one of [id, ...accounts]) owners.set(one, id)
  return (id) => owners.get(id) ?? id
}

/** The different people of these groups; undefined when only tokens say who is in one of them. */
export function peopleIn(
  rules: ApprovalRules,
  groups: readonly string[],
): ReadonlySet<string> | undefined {
  const personOf = personsOf(rules)
  const found = new Set<string>()
  for (const group of groups) {
    const members = listedIn(rules.groups, group)
    if (!members) return undefined
    for (const member of members) found.add(personOf(member))
  }
  return found
}

/** Every group whose members matter here; undefined while the policies are not known. */
function askedGroups(
  rules: ApprovalRules,
  { approverGroups, memberGroups = [] }: ApprovalNames,
): ReadonlySet<string> | undefined {
  if (!approverGroups) return undefined
  const groups = new Set([...approverGroups, ...Object.keys(rules.flows)])
  const asked = [...groups].flatMap((group) =>
    flowOf(rules, group).steps.flatMap((step) => [
      ...step.groups,
      ...step.escalation.flatMap((rung) => rung.groups),
    ]),
  )
  return new Set([...asked, ...memberGroups, ...(rules.breakGlass?.reviewers ?? [])])
}
