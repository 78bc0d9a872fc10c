import type { Approval, Vote } from '../model/approval.ts'
import { isSamePerson } from './same-person.ts'

export type ApprovalEvent =
  | { readonly kind: 'vote'; readonly vote: Omit<Vote, 'at'> }
  | { readonly kind: 'claim' }
  | { readonly kind: 'withdraw' }
  /** What the question was about has changed: votes do not carry over. */
  | { readonly kind: 'supersede' }
  /** A deadline has passed: the decision's while pending, the claim's once approved. */
  | { readonly kind: 'expire' }

/** Why an event has no place in this state. The approval stays as it was. */
export type Unfit =
  /** The decision was made, or can no longer be. */
  | 'not-pending'
  /** The deadline has passed; `expire` is the only event left. */
  | 'too-late'
  /** The deadline has not passed yet. */
  | 'too-early'
  | 'no-such-group'
  | 'group-satisfied'
  | 'already-voted'
  | 'other-digest'
  | 'not-approved'
  | 'already-used'
  | 'clearance-expired'

export type Step =
  | { readonly fits: true; readonly approval: Approval }
  | { readonly fits: false; readonly unfit: Unfit }

/**
 * The whole life of an approval. Pure: the same approval, event and time give the same answer.
 *
 * `PENDING → APPROVED | DENIED | EXPIRED | WITHDRAWN | SUPERSEDED`. One denial settles it; it is approved
 * when every approver group has one person's yes, each a different person. Approving makes the clearance
 * `ACTIVE`, which becomes `CONSUMED` by one claim or `EXPIRED` at `claimBy`. Nothing leads back.
 *
 * `now` is Unix milliseconds; `claimMs` is how long a clearance may be claimed after the approval.
 */
export function step(
  approval: Approval,
  event: ApprovalEvent,
  at: { readonly now: number; readonly claimMs: number },
): Step {
  switch (event.kind) {
    case 'vote':
      return vote(approval, event.vote, at)
    case 'claim':
      return claim(approval, at.now)
    case 'expire':
      return expire(approval, at.now)
    case 'withdraw':
      return close(approval, 'WITHDRAWN')
    case 'supersede':
      return close(approval, 'SUPERSEDED')
  }
}

/** Where an approval stands at this moment, whether or not anybody has written its expiry down yet. */
export function asOf(approval: Approval, now: number): Approval {
  const expired = expire(approval, now)
  return expired.fits ? expired.approval : approval
}

/** The approver groups that have not said yes. */
export function openGroups(approval: Approval): readonly string[] {
  const satisfied = approval.votes
    .filter(({ verdict }) => verdict === 'approve')
    .map(({ group }) => group)
  return approval.approverGroups.filter((group) => !satisfied.includes(group))
}

function vote(
  approval: Approval,
  cast: Omit<Vote, 'at'>,
  { now, claimMs }: { readonly now: number; readonly claimMs: number },
): Step {
  if (approval.state !== 'PENDING') return unfit('not-pending')
  if (now >= approval.decideBy) return unfit('too-late')
  if (!approval.approverGroups.includes(cast.group)) return unfit('no-such-group')
  if (approval.votes.some(({ by }) => isSamePerson(by, cast.by))) return unfit('already-voted')
  if (cast.sawDigest !== approval.digest) return unfit('other-digest')
  const votes = [...approval.votes, { ...cast, at: now }]
  if (cast.verdict === 'deny') return changed(approval, { state: 'DENIED', votes })
  if (!openGroups(approval).includes(cast.group)) return unfit('group-satisfied')
  if (openGroups({ ...approval, votes }).length > 0) return changed(approval, { votes })
  return changed(approval, {
    state: 'APPROVED',
    clearance: 'ACTIVE',
    claimBy: now + claimMs,
    votes,
  })
}

function claim(approval: Approval, now: number): Step {
  if (approval.state !== 'APPROVED') return unfit('not-approved')
  if (approval.clearance === 'CONSUMED') return unfit('already-used')
  if (approval.clearance !== 'ACTIVE' || approval.claimBy === undefined) {
    return unfit('clearance-expired')
  }
  if (now >= approval.claimBy) return unfit('clearance-expired')
  return changed(approval, { clearance: 'CONSUMED' })
}

function expire(approval: Approval, now: number): Step {
  if (approval.state === 'PENDING') {
    return now >= approval.decideBy ? changed(approval, { state: 'EXPIRED' }) : unfit('too-early')
  }
  if (approval.state !== 'APPROVED') return unfit('not-pending')
  if (approval.clearance === 'CONSUMED') return unfit('already-used')
  if (approval.clearance !== 'ACTIVE') return unfit('clearance-expired')
  const claimBy = approval.claimBy ?? 0
  return now >= claimBy ? changed(approval, { clearance: 'EXPIRED' }) : unfit('too-early')
}

function close(approval: Approval, state: 'WITHDRAWN' | 'SUPERSEDED'): Step {
  return approval.state === 'PENDING' ? changed(approval, { state }) : unfit('not-pending')
}

function changed(approval: Approval, changes: Partial<Approval>): Step {
  return { fits: true, approval: { ...approval, ...changes, revision: approval.revision + 1 } }
}

function unfit(reason: Unfit): Step {
  return { fits: false, unfit: reason }
}
