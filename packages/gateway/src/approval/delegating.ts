import { listedIn } from '../model/approval-rules.ts'
import type { Delegation } from '../model/delegation.ts'
import { Conflict } from '../store/store.ts'
import type { Person } from './ballot.ts'
import { isOnePerson } from './closure.ts'
import type { Delegated, DelegationRequest } from './delegation-request.ts'
import { isMember, isPersonAlone, isPersonLocked } from './eligibility.ts'
import type { DeskNeeds } from './needs.ts'
import { timestamp } from './records.ts'

/**
 * One person lets another vote for them until a date. The groups are those of the one who is away, as they are
 * now; what somebody else delegated to them is not among them, so nothing is passed on.
 */
export async function delegateTo(needs: DeskNeeds, request: DelegationRequest): Promise<Delegated> {
  const { store, now, newId } = needs
  const { person, to, reason, untilMs } = request
  const from = request.from ?? person.subject.id
  const refused = refuse(needs, request, from)
  if (refused !== undefined) return { refused }
  const groups = groupsOf(needs, request, from)
  if (groups === undefined) return { refused: 'groups-required' }
  const createdAt = now()
  const delegation: Delegation = {
    ...{ id: `dlg_${newId()}`, from, to, groups, reason, createdAt },
    until: untilMs,
  }
  try {
    await store.commit({
      record: {
        type: 'delegation.made',
        time: timestamp(createdAt),
        delegation: delegation.id,
        from,
        to,
        groups,
        until: timestamp(untilMs),
        by: person.subject.id,
      },
      payloads: [],
      change: { kind: 'delegation.make', delegation },
    })
    return { delegation }
  } catch (thrown) {
    if (thrown instanceof Conflict) return { refused: 'already-away' }
    throw thrown
  }
}

export async function endDelegation(
  { store, now }: Pick<DeskNeeds, 'store' | 'now'>,
  {
    id,
    person,
    isAdmin,
  }: { readonly id: string; readonly person: Person; readonly isAdmin: boolean },
): Promise<Delegated> {
  if (!isPersonAlone(person)) return { refused: 'not-a-person' }
  const at = now()
  const delegation = (await store.delegations({ at })).find((one) => one.id === id)
  if (!delegation) return { refused: 'delegation-unknown' }
  const by = person.subject.id
  if (!isAdmin && by !== delegation.from) return { refused: 'not-yours' }
  try {
    await store.commit({
      record: { type: 'delegation.ended', time: timestamp(at), delegation: id, by },
      payloads: [],
      change: { kind: 'delegation.end', id, at },
    })
    return { delegation: { ...delegation, endedAt: at } }
  } catch (thrown) {
    if (thrown instanceof Conflict) return { refused: 'delegation-unknown' }
    throw thrown
  }
}

function refuse(
  { now, limits, rules, isLocked }: DeskNeeds,
  { person, to, untilMs, reason }: DelegationRequest,
  from: string,
) {
  const approvals = rules()?.approvals
  const people = approvals?.people ?? []
  if (!isPersonAlone(person) || isNobody(to) || isNobody(from)) return 'not-a-person'
  const isSelf = [from, person.subject.id].some((one) => isOnePerson(one, to, people))
  if (isSelf) return 'to-yourself'
  if (!approvals) return 'locked'
  const isOut = (party: string) => isPersonLocked(party, { rules: approvals, isLocked })
  if ([from, to, person.subject.id].some(isOut)) return 'locked'
  if (!Number.isSafeInteger(untilMs) || untilMs <= now() || untilMs > now() + limits.delegationMs) {
    return 'until-invalid'
  }
  if (reason.trim() === '') return 'reason-required'
  return reason.length > limits.reasonChars ? 'reason-too-long' : undefined
}

/** Undefined when there are none, or one is named that the person who is away is not known to be in. */
function groupsOf(
  { rules }: DeskNeeds,
  { person, groups }: DelegationRequest,
  from: string,
): readonly string[] | undefined {
  const approvals = rules()?.approvals
  if (!approvals) return undefined
  const isOwn = from === person.subject.id
  const listed = Object.keys(approvals.groups)
  const asked = groups ?? (isOwn ? [...new Set([...person.subject.groups, ...listed])] : [])
  const isIn = (group: string) =>
    isOwn
      ? isMember(person, group, approvals)
      : // Who is in an unlisted group only their own token says: an administrator could make up its members.
        listedIn(approvals.groups, group)?.includes(from) === true
  if (groups?.some((group) => !isIn(group)) === true) return undefined
  const own = asked.filter(isIn)
  return own.length === 0 ? undefined : own
}

/** A name that is not one of a person: of a key, or of no issuer. */
function isNobody(party: string): boolean {
  return party.startsWith('key:') || !/^[^:]+:./.test(party)
}
