import type { Person } from '../approval/ballot.ts'
import { closureOf, isAmong, isOnePerson, issuersOf, linked } from '../approval/closure.ts'
import { isMember, isPersonAlone, isPersonLocked } from '../approval/eligibility.ts'
import type { InForce } from '../call/in-force.ts'
import { listedIn } from '../model/approval-rules.ts'
import type { Campaign, ReviewerRule, ReviewItem } from '../model/campaign.ts'
import type { GrantStanding } from '../model/certification.ts'
import type { Delegation } from '../model/delegation.ts'
import type { GrantListed } from '../model/grant.ts'
import type { ReviewNeeds } from './needs.ts'
import type { ReviewRefused } from './refused.ts'
import { dayMs } from './usage.ts'

export type Assigned = ReviewItem['assigned']

/** What is known at the moment of an act, beside the grant itself. */
export type Circle = {
  readonly rules: InForce
  readonly delegations: readonly Delegation[]
  readonly isLocked: (party: string) => boolean
  /** Unix milliseconds. */
  readonly at: number
}

export async function circleOf(
  { store, now, isLocked }: Pick<ReviewNeeds, 'store' | 'now' | 'isLocked'>,
  rules: InForce,
): Promise<Circle> {
  const at = now()
  return { rules, isLocked, at, delegations: await store.delegations({ at }) }
}

/**
 * Who decides about a grant: its owner's groups; without an owner, those of the owners of all its functions. Never
 * empty for a grant that covers something.
 */
export function ownersOf(rules: InForce, grant: GrantListed): Assigned {
  const { owner } = grant
  return {
    groups: owner === undefined ? functionOwners(rules, grant) : rules.ownerGroups(owner),
    people: [],
  }
}

/** The owner's, and everybody whom the campaign may ask. */
export function reviewersOf(
  rules: InForce,
  reviewers: readonly ReviewerRule[],
  grant: GrantListed,
): Assigned {
  return joined([
    ownersOf(rules, grant),
    ...reviewers.map((rule) => assignedTo(rules, rule, grant)),
  ])
}

/**
 * Whether one of those who have decided about an item already might not do so now. Whoever fills the second place
 * counts on the first.
 */
export async function areDecidersGone(
  { store }: Pick<ReviewNeeds, 'store'>,
  asked: {
    readonly item: ReviewItem
    readonly campaign: Campaign | undefined
    readonly known: { readonly circle: Circle; readonly grant: GrantListed }
  },
): Promise<boolean> {
  const { item, campaign, known } = asked
  const { circle, grant } = known
  const usual = reviewersOf(circle.rules, campaign?.reviewers ?? [], grant)
  const assigned = joined([usual, item.assigned, ...item.moved.map(({ to }) => to)])
  const without = campaign ? [campaign.owner] : []
  for (const { by } of item.decisions) {
    if (await isReviewerGone({ ...circle, store }, by, { grant, assigned, without })) return true
  }
  return false
}

/**
 * Whether somebody who could decide about it, by the rules of `reviewerProblem`, can do so no more: as far as is
 * known without a token of theirs.
 */
export async function isReviewerGone(
  circle: Circle & { readonly store: ReviewNeeds['store'] },
  by: string,
  asked: {
    readonly grant: GrantListed
    readonly assigned: Assigned
    readonly without?: readonly string[]
  },
): Promise<boolean> {
  const { rules, isLocked, store } = circle
  const { approvals } = rules
  const { grant, assigned, without = [] } = asked
  if (isPersonLocked(by, { rules: approvals, isLocked })) return true
  const mayBeAsked =
    assigned.people.includes(by) ||
    assigned.groups.some((group) => listedIn(approvals.groups, group)?.includes(by) ?? true)
  if (!mayBeAsked || isAmong(by, linked(without, approvals.people))) return true
  return isAmong(by, await holdersOf(circle, store, grant))
}

/** The first of these rules that leaves somebody; undefined: none does. */
export function assignedBy(
  circle: Circle,
  reviewers: readonly ReviewerRule[],
  asked: { readonly grant: GrantListed; readonly without: readonly string[] },
): Assigned | undefined {
  return reviewers
    .map((rule) => assignedTo(circle.rules, rule, asked.grant))
    .find((assigned) => leavesSomebody(circle, assigned, asked))
}

/**
 * Why this person may not decide about the grant: the same rules as for approvals. Nobody decides about access of
 * their own: of any account or agent of theirs, of a group they are in, of a person they stand in for or who stands
 * in for them. `without`: others who may not, for the campaign's sake.
 */
export async function reviewerProblem(
  circle: Circle & { readonly store: ReviewNeeds['store'] },
  person: Person,
  asked: {
    readonly grant: GrantListed
    readonly standing: GrantStanding | undefined
    readonly assigned: Assigned
    readonly without?: readonly string[]
  },
): Promise<ReviewRefused | undefined> {
  const { rules, isLocked, store } = circle
  const { approvals } = rules
  const { grant, standing, assigned } = asked
  const by = person.subject.id
  if (!isPersonAlone(person)) return 'not-a-person'
  if (isPersonLocked(by, { rules: approvals, isLocked })) return 'locked'
  const isAsked =
    assigned.people.includes(by) ||
    assigned.groups.some((group) => isMember(person, group, approvals))
  if (!isAsked) return 'not-a-reviewer'
  if (isAmong(by, linked(asked.without ?? [], approvals.people))) return 'campaign-owner'
  const { principal } = grant
  if (principal.kind === 'group' && isMember(person, principal.group, approvals))
    return 'own-access'
  if (isAmong(by, await holdersOf(circle, store, grant))) return 'own-access'
  const certifiers = standing?.certification?.by ?? []
  const isLast = certifiers.some((one) => isOnePerson(one, by, approvals.people))
  return grant.tier === 'critical' && isLast ? 'last-certifier' : undefined
}

/**
 * Whose access it is: everybody whom the grant names or whose group is listed, whoever was seen using it, and all who
 * are one with them. The owner of an agent does not decide about what the agent has through a group.
 */
async function holdersOf(
  circle: Circle,
  store: ReviewNeeds['store'],
  { id, principal }: GrantListed,
): Promise<readonly string[]> {
  const since = Math.floor(circle.at / dayMs) - 90
  const seen = (await store.grantUse({ grants: [id], since })).map(({ party }) => party)
  const parties = [...new Set([...namedBy(circle, principal), ...seen])]
  const [subject = '', ...actors] = parties
  const issuers = await issuersOf(store, { subject, actors })
  return subjectsOf(circle, parties, issuers)
}

/** Of a group that only tokens know, nobody. */
function namedBy(
  { rules: { approvals } }: Circle,
  principal: GrantListed['principal'],
): readonly string[] {
  if (principal.kind === 'any') return []
  if (principal.kind === 'party') return [principal.id]
  return listedIn(approvals.groups, principal.group) ?? []
}

/** These parties and everybody who is one with them. */
function subjectsOf(
  { rules, delegations }: Circle,
  parties: readonly string[],
  issuers: readonly string[],
): readonly string[] {
  const { people } = rules.approvals
  const [subject, ...actors] = parties
  if (subject === undefined) return []
  return closureOf({ subject, actors, triggeredBy: [] }, { issuers, people, delegations })
}

function assignedTo(rules: InForce, rule: ReviewerRule, grant: GrantListed): Assigned {
  switch (rule.kind) {
    case 'owner':
      return { groups: grant.owner === undefined ? [] : rules.ownerGroups(grant.owner), people: [] }
    case 'function-owner':
      return { groups: functionOwners(rules, grant), people: [] }
    case 'groups':
      return { groups: rule.groups, people: [] }
    case 'people':
      return { groups: [], people: rule.people }
  }
}

/**
 * Whether anybody may decide, as far as the rulebook can tell: of a group that is not listed only tokens say who is
 * in it, so somebody may be.
 */
function leavesSomebody(
  circle: Circle,
  { groups, people }: Assigned,
  { grant, without }: { readonly grant: GrantListed; readonly without: readonly string[] },
): boolean {
  const { approvals } = circle.rules
  const lists = groups.map((group) => listedIn(approvals.groups, group))
  // Whoever is in the very group that the grant is given to is none.
  const isSelf = (group: string) =>
    grant.principal.kind === 'group' && grant.principal.group === group
  if (groups.some((group, at) => lists[at] === undefined && !isSelf(group))) return true
  const excluded = [...linked(without, approvals.people), ...knownSubjects(circle, grant)]
  return [...people, ...lists.flatMap((list) => list ?? [])].some(
    (one) => !isAmong(one, excluded) && !isPersonLocked(one, { ...circle, rules: approvals }),
  )
}

function knownSubjects(circle: Circle, { principal }: GrantListed): readonly string[] {
  return subjectsOf(circle, namedBy(circle, principal), [])
}

function joined(all: readonly Assigned[]): Assigned {
  return {
    groups: [...new Set(all.flatMap(({ groups }) => groups))],
    people: [...new Set(all.flatMap(({ people }) => people))],
  }
}

function functionOwners(rules: InForce, { functions }: GrantListed): readonly string[] {
  const owners = functionIndex(rules)
  const named = new Set(functions.flatMap((id) => owners.get(id) ?? []))
  return [...new Set([...named].flatMap((owner) => rules.ownerGroups(owner)))]
}

/** Owner of each function; made once for each rulebook, or ten thousand grants would each read all of it. */
function functionIndex(rules: InForce): ReadonlyMap<string, string> {
  const known = indexes.get(rules)
  if (known) return known
  const made = new Map(rules.rulebook.functions.map(({ id, owner }) => [id, owner]))
  indexes.set(rules, made)
  return made
}

const indexes = new WeakMap<InForce, ReadonlyMap<string, string>>()
