import type { Approval } from '../model/approval.ts'
import { type ApiKeys, type Approvals, Conflict, type Ledger } from '../store/store.ts'
import { type Ballot, eligibility, type VoteRefused } from './ballot.ts'
import { step, type Unfit } from './machine.ts'
import type { DeskLimits } from './needs.ts'

export type Voted = { readonly approval: Approval } | { readonly refused: VoteRefused }

type Booth = {
  readonly store: Ledger & Approvals & ApiKeys
  readonly now: () => number
  readonly limits: DeskLimits
  readonly find: (id: string) => Promise<Approval | undefined>
}

/** Counts one person's vote: checked, applied and recorded as one commit. A lost race is tried again. */
export async function castVote(booth: Booth, ballot: Ballot): Promise<Voted> {
  const { store, now, limits, find } = booth
  if (ballot.reason.length > limits.reasonChars) return { refused: 'reason-too-long' }
  if (ballot.verdict === 'deny' && ballot.reason.trim() === '') {
    return { refused: 'reason-required' }
  }
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const approval = await find(ballot.id)
    if (!approval) return { refused: 'approval-unknown' }
    const eligible = eligibility(approval, ballot, await issuersOf(store, approval))
    if ('refused' in eligible) return { refused: whyNot(approval, ballot, eligible.refused) }
    const { verdict, reason, sawDigest } = ballot
    const by = ballot.person.subject.id
    const vote = { by, verdict, group: eligible.group, reason, sawDigest }
    const next = step(
      approval,
      { kind: 'vote', vote },
      { now: now(), claimMs: limits.approvalClaimByMs },
    )
    if (!next.fits) return { refused: refusedBy[next.unfit] }
    const { state, digest, id } = next.approval
    const time = new Date(now()).toISOString()
    try {
      await store.commit({
        record: { type: 'approval.decided', time, approval: id, by, verdict, state, digest },
        payloads: [],
        change: {
          kind: 'approval.update',
          approval: next.approval,
          expectedRevision: approval.revision,
        },
      })
      return { approval: next.approval }
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
    }
  }
  return { refused: 'busy' }
}

/** An approver whose group is satisfied is told that it is decided, or that they voted, not that they may not. */
function whyNot(approval: Approval, ballot: Ballot, refused: VoteRefused): VoteRefused {
  const { subject } = ballot.person
  if (refused !== 'not-an-approver') return refused
  if (approval.votes.some(({ by }) => by === subject.id)) return 'already-voted'
  const approver = approval.approverGroups.some((group) => subject.groups.includes(group))
  return approver && approval.state !== 'PENDING' ? 'approval-closed' : refused
}

/** Who issued the keys this call was made with: approving through one's own key is approving oneself. */
async function issuersOf(store: ApiKeys, approval: Approval): Promise<readonly string[]> {
  const keys = [approval.subject, ...approval.actors]
    .filter((party) => party.startsWith('key:'))
    .map((party) => party.slice('key:'.length))
  const issuers: string[] = []
  let before: string | undefined
  while (keys.length > issuers.length) {
    const page = await store.apiKeys({ limit: pageKeys, ...(before !== undefined && { before }) })
    for (const key of page) if (keys.includes(key.id)) issuers.push(key.createdBy)
    before = page.at(-1)?.id
    if (before === undefined || page.length < pageKeys) break
  }
  return issuers
}

const refusedBy: Readonly<Record<Unfit, VoteRefused>> = {
  'not-pending': 'approval-closed',
  'too-late': 'approval-closed',
  'too-early': 'approval-closed',
  'no-such-group': 'not-an-approver',
  'group-satisfied': 'not-an-approver',
  'already-voted': 'already-voted',
  'other-digest': 'other-digest',
  'not-approved': 'approval-closed',
  'already-used': 'approval-closed',
  'clearance-expired': 'approval-closed',
}

/** More than the groups an approval can have, so that every approver's simultaneous vote gets through. */
const attemptsMax = 16
const pageKeys = 200
