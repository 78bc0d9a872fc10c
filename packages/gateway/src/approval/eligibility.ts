import type { Approval, Vote } from '../model/approval.ts'
import { type ApprovalRules, listedIn } from '../model/approval-rules.ts'
import type { Delegation } from '../model/delegation.ts'
import type { Ballot, Person, VoteRefused } from './ballot.ts'
import { isAmong, isOnePerson, linked } from './closure.ts'
import { hasVoted, stepsFor } from './machine.ts'
import { groupsOf } from './steps.ts'

/** What is known, at the moment of a vote, beside the approval itself. */
export type Electorate = {
  readonly rules: ApprovalRules
  /** Delegations that have not ended. */
  readonly delegations: readonly Delegation[]
  /** Everybody who never counts: as it was when the question was opened, and as it is now. */
  readonly excluded: readonly string[]
  /** Those of them who are not excluded by a delegation alone. */
  readonly involved: readonly string[]
  /** By party id. */
  readonly isLocked: (party: string) => boolean
}

export type Seat = { readonly step: number; readonly group: string }

/**
 * May this person vote on this approval, in which step, and through which group? Only people approve (DESIGN
 * promise 5): never an agent, a job or a key, and never somebody the call is made by, for or through. Being
 * an administrator gives no vote. A delegation takes a yes away and no more: whoever asks could have silenced an
 * approver by having them vote for them. Pure.
 */
export function eligibility(
  approval: Approval,
  ballot: Pick<Ballot, 'person' | 'verdict' | 'group' | 'onBehalfOf'>,
  electorate: Electorate,
): Seat | { readonly refused: VoteRefused } {
  const { person, onBehalfOf, verdict } = ballot
  const { rules } = electorate
  const without = verdict === 'deny' ? electorate.involved : electorate.excluded
  const by = person.subject.id
  if (!isPersonAlone(person)) return { refused: 'not-a-person' }
  const voters = onBehalfOf === undefined ? [by] : [by, onBehalfOf]
  if (voters.some((one) => isAmong(one, without))) return { refused: 'own-call' }
  if (voters.some((one) => isPersonLocked(one, electorate))) return { refused: 'locked' }
  const held = groupsHeld(ballot, electorate)
  if (held === undefined) return { refused: 'not-a-delegate' }
  const isOne = (one: string, other: string) => isOnePerson(one, other, rules.people)
  const cast = { by, ...(onBehalfOf !== undefined && { onBehalfOf }) }
  if (hasVoted(approval, cast, isOne)) return { refused: 'already-voted' }
  const seatIn = (step: number): readonly Seat[] =>
    groupsOf(approval, step)
      .filter((group) => held(group))
      .map((group) => ({ step, group }))
  const isApprover = approval.steps.some((_, step) => seatIn(step).length > 0)
  if (isApprover && approval.state !== 'PENDING') return { refused: 'approval-closed' }
  const seats = stepsFor(approval, verdict).flatMap(seatIn)
  const seat =
    ballot.group === undefined ? seats[0] : seats.find(({ group }) => group === ballot.group)
  if (!seat) return { refused: 'not-an-approver' }
  if (person.authentication.method === 'slack' && !approval.slackDecides) {
    return { refused: 'not-on-slack' }
  }
  return seat
}

/** A person who signed in as themselves: no agent, no job, no key, and nobody acts for them. */
export function isPersonAlone({ subject, actors, authentication }: Person): boolean {
  return subject.kind === 'user' && actors.length === 0 && signedIn.includes(authentication.method)
}

const signedIn: readonly Person['authentication']['method'][] = ['oidc', 'operator', 'slack']

/** Under this id or any other one of theirs that is known. */
export function isPersonLocked(
  party: string,
  { rules, isLocked }: Pick<Electorate, 'rules' | 'isLocked'>,
): boolean {
  const own = rules.people.filter(({ id, accounts }) => isAmong(party, [id, ...accounts]))
  return [party, ...own.flatMap(({ id, accounts }) => [id, ...accounts])].some(isLocked)
}

/**
 * Whether a person is in a group: a group that the rulebook lists consists of exactly the people it lists,
 * whatever their token says; any other is as the token says, which a name on Slack does not.
 */
export function isMember(
  { subject, authentication }: Pick<Person, 'subject' | 'authentication'>,
  group: string,
  { groups }: Pick<ApprovalRules, 'groups'>,
): boolean {
  const listed = listedIn(groups, group)
  if (listed) return listed.includes(subject.id)
  return authentication.method !== 'slack' && subject.groups.includes(group)
}

/**
 * Earlier voters of this approval who may vote no more: they were locked, taken from the list of their group, or
 * turn out to be connected with the call.
 */
export function votersGone(
  { votes }: Pick<Approval, 'votes'>,
  electorate: Electorate,
): readonly string[] {
  return votes.filter((vote) => isGone(vote, electorate)).map(({ by }) => by)
}

function isGone({ by, onBehalfOf, group }: Vote, electorate: Electorate): boolean {
  const voters = onBehalfOf === undefined ? [by] : [by, onBehalfOf]
  if (voters.some((one) => isAmong(one, electorate.excluded))) return true
  if (voters.some((one) => isPersonLocked(one, electorate))) return true
  const listed = listedIn(electorate.rules.groups, group)
  return listed !== undefined && !listed.includes(onBehalfOf ?? by)
}

/** Which groups this vote can be through; undefined: nobody has asked this person to vote for that one. */
function groupsHeld(
  { person, onBehalfOf }: Pick<Ballot, 'person' | 'onBehalfOf'>,
  { rules, delegations }: Pick<Electorate, 'rules' | 'delegations'>,
): ((group: string) => boolean) | undefined {
  if (onBehalfOf === undefined) return (group) => isMember(person, group, rules)
  // A name on Slack proves too little to speak for two.
  if (person.authentication.method === 'slack') return undefined
  const delegation = delegations.find(
    ({ from, to }) => from === onBehalfOf && to === person.subject.id,
  )
  if (!delegation) return undefined
  return (group) => {
    const listed = listedIn(rules.groups, group)
    return delegation.groups.includes(group) && (listed?.includes(onBehalfOf) ?? true)
  }
}

/** For whom this person may vote, by delegations that have not ended. */
export function awayFor(
  { subject }: Pick<Person, 'subject'>,
  { delegations }: Pick<Electorate, 'delegations'>,
): readonly string[] {
  return delegations.filter(({ to }) => to === subject.id).map(({ from }) => from)
}

/**
 * Whether every place can be filled by a different person who may vote: one person never fills two. Steps with
 * a group whose members only tokens name are left out, for nobody knows them. Pure.
 */
export function canBeApproved(
  { steps }: Pick<Approval, 'steps'>,
  electorate: Omit<Electorate, 'delegations' | 'involved'>,
): boolean {
  const people: string[] = []
  const places = steps.flatMap((step) => {
    const groups = [...step.groups, ...step.escalation.flatMap((rung) => rung.groups)]
    const lists = groups.map((group) => listedIn(electorate.rules.groups, group))
    if (lists.some((list) => list === undefined)) return []
    const fit = lists
      .flatMap((list) => list ?? [])
      .filter((one) => !isAmong(one, electorate.excluded) && !isPersonLocked(one, electorate))
    const humans = new Set(fit.map((one) => humanOf(one, people, electorate.rules)))
    return Array.from({ length: step.quorum }, () => [...humans])
  })
  return canFill(places)
}

/** Position of this human in `people`, who is added when new. */
function humanOf(party: string, people: string[], rules: ApprovalRules): number {
  const own = linked([party], rules.people)
  const known = people.findIndex((one) => isAmong(one, own))
  return known >= 0 ? known : people.push(party) - 1
}

/** Bipartite matching by augmenting paths (Kuhn): each place gets a person of its own, or the answer is no. */
function canFill(places: readonly (readonly number[])[]): boolean {
  const placeOf = new Map<number, number>()
  const seat = (place: number, asked: Set<number>): boolean => {
    for (const person of places[place] ?? []) {
      if (asked.has(person)) continue
      asked.add(person)
      const before = placeOf.get(person)
      if (before !== undefined && !seat(before, asked)) continue
      placeOf.set(person, place)
      return true
    }
    return false
  }
  return places.every((_, place) => seat(place, new Set()))
}
