import type { Approval, Vote } from '../model/approval.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import { narrows } from './narrows.ts'
import { isSamePerson } from './same-person.ts'
import { groupsOf, openSteps, rungsDue, rungsOf } from './steps.ts'

export type ApprovalEvent =
  | {
      readonly kind: 'vote'
      readonly vote: Omit<Vote, 'at'>
      /** Earlier voters who may vote no more: their votes do not count from here on. */
      readonly voided: readonly string[]
      /** The id of the clearance, should this vote be the last that was needed. */
      readonly clearance: string
    }
  /** Less is on offer from here on. `offer` is the digest of it. */
  | { readonly kind: 'counter'; readonly terms: ClearanceTerms; readonly offer: string }
  /** The next rung has had its time: more people may vote. */
  | { readonly kind: 'escalate' }
  | { readonly kind: 'withdraw' }
  /** What the question was about has changed: votes do not carry over. */
  | { readonly kind: 'supersede' }
  /** Somebody broke the glass instead of waiting. */
  | { readonly kind: 'bypass'; readonly clearance: string }
  /** The deadline has passed. */
  | { readonly kind: 'expire' }

/** Why an event has no place in this state. The approval stays as it was. */
export type Unfit =
  /** The decision was made, or can no longer be. */
  | 'not-pending'
  /** The deadline has passed; `expire` is the only event left. */
  | 'too-late'
  /** The deadline, or the rung's time, has not come yet. */
  | 'too-early'
  /** There is no such step, or its votes do not count now. */
  | 'step-closed'
  | 'no-such-group'
  | 'already-voted'
  | 'other-offer'
  | 'not-narrower'
  | 'no-more-rungs'

export type Step =
  | { readonly fits: true; readonly approval: Approval }
  | { readonly fits: false; readonly unfit: Unfit }

/**
 * The whole life of an approval. Pure: the same approval, event and time (Unix milliseconds) give the same
 * answer.
 *
 * `PENDING → APPROVED | DENIED | EXPIRED | WITHDRAWN | SUPERSEDED | BYPASSED`, and nothing leads back. It is
 * approved when every step has its quorum of different people; steps of one flow follow each other, flows go
 * side by side. One denial settles it. A counter-offer makes every vote before it void.
 */
export function step(approval: Approval, event: ApprovalEvent, now: number): Step {
  if (approval.state !== 'PENDING') return unfit('not-pending')
  const isLate = now >= approval.decideBy
  if (event.kind === 'expire') {
    return isLate ? changed(approval, { state: 'EXPIRED' }) : unfit('too-early')
  }
  if (isLate) return unfit('too-late')
  switch (event.kind) {
    case 'vote':
      return vote(approval, event, now)
    case 'counter':
      return counter(approval, event)
    case 'escalate':
      return escalate(approval, now)
    case 'withdraw':
      return changed(approval, { state: 'WITHDRAWN' })
    case 'supersede':
      return changed(approval, { state: 'SUPERSEDED' })
    case 'bypass':
      return changed(approval, { state: 'BYPASSED', clearance: event.clearance })
  }
}

/** Where an approval stands at this moment, whether or not anybody has written it down yet. */
export function asOf(approval: Approval, now: number): Approval {
  const expired = step(approval, { kind: 'expire' }, now)
  if (expired.fits) return expired.approval
  const escalated = approval.state === 'PENDING' ? rungsDue(approval, now) : approval.escalated
  return escalated === approval.escalated ? approval : { ...approval, escalated }
}

/**
 * The steps in which a vote like this counts. A yes: those that are open. A no: also those that have said
 * their yes, for who comes to think better of it has a veto as long as nothing is decided.
 */
export function stepsFor(approval: Approval, verdict: Vote['verdict']): readonly number[] {
  const open = openSteps(approval)
  if (verdict === 'approve') return open
  return approval.steps.flatMap(({ flow }, step) => {
    const current = open.find((one) => approval.steps[one]?.flow === flow)
    return current === undefined || step <= current ? [step] : []
  })
}

/** Whether two of these people are one: the person who votes, and the one for whom. */
export function hasVoted(
  { votes }: Pick<Approval, 'votes'>,
  { by, onBehalfOf }: Pick<Vote, 'by' | 'onBehalfOf'>,
  isOne: (one: string, other: string) => boolean = isSamePerson,
): boolean {
  const cast = onBehalfOf === undefined ? [by] : [by, onBehalfOf]
  return votes.some((before) =>
    cast.some(
      (one) =>
        isOne(before.by, one) || (before.onBehalfOf !== undefined && isOne(before.onBehalfOf, one)),
    ),
  )
}

function vote(
  approval: Approval,
  { vote, voided, clearance }: Extract<ApprovalEvent, { kind: 'vote' }>,
  now: number,
): Step {
  if (vote.sawDigest !== approval.offer) return unfit('other-offer')
  const counted = {
    ...approval,
    votes: approval.votes.filter(({ by }) => !voided.includes(by)),
  }
  if (hasVoted(counted, vote)) return unfit('already-voted')
  if (!stepsFor(counted, vote.verdict).includes(vote.step)) return unfit('step-closed')
  if (!groupsOf(counted, vote.step).includes(vote.group)) return unfit('no-such-group')
  const votes = [...counted.votes, { ...vote, at: now }]
  if (vote.verdict === 'deny') return changed(approval, { state: 'DENIED', votes })
  if (openSteps({ ...approval, votes }).length > 0) return changed(approval, { votes })
  return changed(approval, { state: 'APPROVED', votes, clearance })
}

function counter(
  approval: Approval,
  { terms, offer }: Extract<ApprovalEvent, { kind: 'counter' }>,
): Step {
  const { terms: from } = approval
  if (!narrows(from, terms)) return unfit('not-narrower')
  const longestMs = from.kind === 'call' ? approval.claimMs : from.forMs
  // One call instead of several has no more time than those would have had.
  const claimMs = Math.min(approval.claimMs, terms.kind === 'call' ? longestMs : approval.claimMs)
  return changed(approval, { terms, offer, votes: [], claimMs })
}

function escalate(approval: Approval, now: number): Step {
  const { escalated } = approval
  if (escalated >= rungsOf(approval.steps).length) return unfit('no-more-rungs')
  if (rungsDue(approval, now) <= escalated) return unfit('too-early')
  return changed(approval, { escalated: escalated + 1 })
}

function changed(approval: Approval, changes: Partial<Approval>): Step {
  return { fits: true, approval: { ...approval, ...changes, revision: approval.revision + 1 } }
}

function unfit(reason: Unfit): Step {
  return { fits: false, unfit: reason }
}
