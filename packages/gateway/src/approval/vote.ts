import type { RecordDraft } from '@sallyport/evidence/record'
import type { Approval, Vote } from '../model/approval.ts'
import { type ApiKeys, type Approvals, Conflict, type Ledger } from '../store/store.ts'
import { type Ballot, eligibility, type VoteRefused } from './ballot.ts'
import { step, type Unfit } from './machine.ts'
import type { DeskLimits } from './needs.ts'
import { isSamePerson } from './same-person.ts'

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
    const eligible = await mayVote(store, approval, ballot)
    if ('refused' in eligible) return eligible
    const { verdict, reason, sawDigest } = ballot
    const by = ballot.person.subject.id
    const vote = { by, verdict, group: eligible.group, reason, sawDigest }
    // The moment that is judged is the one that is recorded: an auditor judges it again.
    const at = now()
    const next = step(
      approval,
      { kind: 'vote', vote },
      { now: at, claimMs: limits.approvalClaimByMs },
    )
    if (!next.fits) return { refused: refusedBy[next.unfit] }
    try {
      await store.commit({
        record: decidedRecord(next.approval, vote, at),
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

function decidedRecord(
  { id, state, digest, claimBy }: Approval,
  { by, group, verdict }: Pick<Vote, 'by' | 'group' | 'verdict'>,
  at: number,
): RecordDraft {
  return {
    type: 'approval.decided',
    time: new Date(at).toISOString(),
    approval: id,
    by,
    group,
    verdict,
    state,
    digest,
    ...(claimBy !== undefined && { claimBy: new Date(claimBy).toISOString() }),
  }
}

/**
 * For which group this person may vote, or why they may not: what lists show is what a vote is judged by.
 * An approver whose group is satisfied is told that it is decided, or that they voted.
 */
export async function mayVote(
  store: ApiKeys,
  approval: Approval,
  ballot: Pick<Ballot, 'person' | 'verdict' | 'group'>,
): Promise<{ readonly group: string } | { readonly refused: VoteRefused }> {
  const { subject } = ballot.person
  const eligible = eligibility(approval, ballot, await issuersOf(store, approval))
  const isOutsider = 'refused' in eligible && eligible.refused !== 'not-an-approver'
  if (isOutsider) return eligible
  if (approval.votes.some(({ by }) => isSamePerson(by, subject.id))) {
    return { refused: 'already-voted' }
  }
  const isApprover = approval.approverGroups.some((group) => subject.groups.includes(group))
  if (isApprover && approval.state !== 'PENDING') return { refused: 'approval-closed' }
  return eligible
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
