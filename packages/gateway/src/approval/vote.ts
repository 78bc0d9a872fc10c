import type { Approval, Vote } from '../model/approval.ts'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { Delegation } from '../model/delegation.ts'
import { Conflict } from '../store/store.ts'
import type { Ballot, CounterOffer, Person, Voted, VoteRefused } from './ballot.ts'
import { offerOf } from './binding.ts'
import { closureOf, linked } from './closure.ts'
import { awayFor, type Electorate, eligibility, type Seat, votersGone } from './eligibility.ts'
import { conditionProblem } from './flows.ts'
import { issueClearance } from './issue.ts'
import { asOf, step, type Unfit } from './machine.ts'
import type { DeskNeeds } from './needs.ts'
import { noticesOf } from './notices.ts'
import { counteredRecord, decidedRecord } from './records.ts'
import type { Settling } from './settle.ts'

export type Booth = {
  readonly needs: DeskNeeds
  readonly settling: Pick<Settling, 'find'>
}

/** Counts one person's vote: checked, applied and recorded as one commit. A lost race is tried again. */
export async function castVote({ needs, settling }: Booth, ballot: Ballot): Promise<Voted> {
  const { store, now, newId } = needs
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const approval = await settling.find(ballot.id)
    if (!approval) return { refused: 'approval-unknown' }
    const electorate = await electorateOf(needs, approval)
    const voided = votersGone(approval, electorate)
    const seat = seatFor(needs, without(approval, voided), { ballot, electorate })
    if ('refused' in seat) return seat
    const vote = voteOf(ballot, seat)
    // The moment that is judged is the one that is recorded: an auditor judges it again.
    const at = now()
    const clearanceId = `clr_${newId()}`
    const next = step(approval, { kind: 'vote', vote, voided, clearance: clearanceId }, at)
    if (!next.fits) return { refused: refusedBy[next.unfit] }
    const settled = next.approval
    const clearance =
      settled.state === 'APPROVED' ? issueClearance(settled, clearanceId, at) : undefined
    const event = settled.state === 'PENDING' ? 'approval.changed' : 'approval.settled'
    try {
      await store.commit({
        record: decidedRecord(settled, { ...vote, at }, { voided, clearance }),
        payloads: [],
        change: {
          kind: 'approval.update',
          approval: settled,
          expectedRevision: approval.revision,
          ...(clearance && { clearance }),
        },
        notices: noticesOf(settled, event, at),
      })
      return { approval: settled }
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
    }
  }
  return { refused: 'busy' }
}

/**
 * Puts less on offer. Two commits: the offer, which makes earlier votes void, and then the person's own yes to
 * it. If we crash in between, the offer stands without that yes; nothing is let through by it.
 */
export async function makeCounterOffer(
  booth: Booth,
  { terms, ...offered }: CounterOffer,
): Promise<Voted> {
  const { needs, settling } = booth
  const ballot: Ballot = { ...offered, verdict: 'approve' }
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const approval = await settling.find(ballot.id)
    if (!approval) return { refused: 'approval-unknown' }
    const electorate = await electorateOf(needs, approval)
    // Whoever has voted already may narrow what they said: their vote is void with the others.
    const voided = [...votersGone(approval, electorate), ballot.person.subject.id]
    const seat = seatFor(needs, without(approval, voided), { ballot, electorate })
    if ('refused' in seat) return seat
    if (ballot.sawDigest !== approval.offer) return { refused: 'other-digest' }
    const rules = needs.rules()
    const fn = rules?.rulebook.functions.find(({ id }) => id === approval.functionId)
    const isSound =
      terms.kind === 'call' ||
      (rules && fn && conditionProblem(rules, fn, terms, needs.limits) === undefined)
    if (!isSound) return { refused: 'condition-invalid' }
    const at = needs.now()
    const offer = offerOf(approval.digest, terms, needs.bindingKey)
    const next = step(approval, { kind: 'counter', terms, offer }, at)
    if (!next.fits) return { refused: refusedBy[next.unfit] }
    try {
      await needs.store.commit({
        record: counteredRecord(next.approval, voteOf(ballot, seat), at),
        payloads: [],
        change: {
          kind: 'approval.update',
          approval: next.approval,
          expectedRevision: approval.revision,
        },
        notices: noticesOf(next.approval, 'approval.changed', at),
      })
    } catch (thrown) {
      if (thrown instanceof Conflict) continue
      throw thrown
    }
    const voted = await castVote(booth, { ...ballot, sawDigest: offer })
    // Who counts only in a later step of the flow votes when that is open.
    return 'refused' in voted ? { approval: next.approval } : voted
  }
  return { refused: 'busy' }
}

/** Why this person's yes would not count, for themselves or for anybody they stand in for. */
export async function whyNot(
  needs: DeskNeeds,
  read: Approval,
  person: Person,
): Promise<VoteRefused | undefined> {
  const electorate = await electorateOf(needs, read)
  const approval = asCounted(needs, read, electorate)
  const ballot = { person, verdict: 'approve' } as const
  const own = eligibility(approval, ballot, electorate)
  if (!('refused' in own)) return undefined
  return substitutes(approval, person, electorate).length > 0 ? undefined : own.refused
}

/** For whom else this person may vote now. */
export async function mayVoteFor(
  needs: DeskNeeds,
  read: Approval,
  person: Person,
): Promise<readonly string[]> {
  const electorate = await electorateOf(needs, read)
  return substitutes(asCounted(needs, read, electorate), person, electorate)
}

/** As the next vote will find it. */
function asCounted(
  { now }: Pick<DeskNeeds, 'now'>,
  read: Approval,
  electorate: Electorate,
): Approval {
  return without(asOf(read, now()), votersGone(read, electorate))
}

function without(approval: Approval, voters: readonly string[]): Approval {
  if (voters.length === 0) return approval
  return { ...approval, votes: approval.votes.filter(({ by }) => !voters.includes(by)) }
}

function substitutes(approval: Approval, person: Person, electorate: Electorate) {
  return awayFor(person, electorate).filter((onBehalfOf) => {
    const found = eligibility(approval, { person, verdict: 'approve', onBehalfOf }, electorate)
    return !('refused' in found)
  })
}

/** Who may vote on it at this moment, by the rules in force; without any, nobody's word is taken. */
async function electorateOf(
  { store, now, rules, isLocked }: DeskNeeds,
  approval: Approval,
): Promise<Electorate> {
  const inForce = rules()
  const approvals = inForce?.approvals ?? noApprovalRules
  const delegations = await store.delegations({ at: now() })
  const { people } = approvals
  const { excluded, excludedByDelegation } = approval
  const connected = (asked: readonly string[], now: readonly Delegation[]) => [
    ...linked(asked, people),
    ...closureOf(approval, { issuers: [], people, delegations: now }),
  ]
  const involved = excluded.filter((one) => !excludedByDelegation.includes(one))
  return {
    rules: approvals,
    delegations,
    excluded: connected(excluded, delegations),
    involved: connected(involved, []),
    isLocked: inForce ? isLocked : () => true,
  }
}

function seatFor(
  { limits }: Pick<DeskNeeds, 'limits'>,
  approval: Approval,
  { ballot, electorate }: { readonly ballot: Ballot; readonly electorate: Electorate },
): Seat | { readonly refused: VoteRefused } {
  const seat = eligibility(approval, ballot, electorate)
  if ('refused' in seat) return seat
  const { reason, verdict } = ballot
  if (reason.length > limits.reasonChars) return { refused: 'reason-too-long' }
  const needed = approval.reasonChars[verdict]
  return reason.trim().length < needed ? { refused: 'reason-required' } : seat
}

function voteOf(ballot: Ballot, { step, group }: Seat): Omit<Vote, 'at'> {
  const { person, verdict, reason, sawDigest, onBehalfOf, channel } = ballot
  const by = person.subject.id
  return {
    ...{ by, verdict, step, group, reason, sawDigest, channel },
    ...(onBehalfOf !== undefined && { onBehalfOf }),
  }
}

const refusedBy: Readonly<Record<Unfit, VoteRefused>> = {
  'not-pending': 'approval-closed',
  'too-late': 'approval-closed',
  'too-early': 'approval-closed',
  'step-closed': 'not-an-approver',
  'no-such-group': 'not-an-approver',
  'already-voted': 'already-voted',
  'other-offer': 'other-digest',
  'not-narrower': 'not-narrower',
  'no-more-rungs': 'busy',
}

/** More than the places an approval can have, so that every approver's simultaneous vote gets through. */
const attemptsMax = 64
