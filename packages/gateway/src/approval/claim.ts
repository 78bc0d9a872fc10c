import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed, Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import { Conflict } from '../store/store.ts'
import { bindingOf, differences } from './binding.ts'
import { step } from './machine.ts'
import type { DeskNeeds } from './needs.ts'

/**
 * The comparison comes before anything is said about the approval's state: who presents somebody
 * else's id learns only that it is not theirs. If we crash after the commit, the clearance is spent.
 */
export async function claim(
  { store, bindingKey, now, limits }: DeskNeeds,
  find: (id: string) => Promise<Approval | undefined>,
  at: Guarded,
  id: string,
): Promise<ApprovalUsed> {
  const { binding, digest } = bindingOf(at, bindingKey)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const approval = await find(id)
    if (!approval) throw unusable(id, 'There is no such approval.')
    const differs = differences(binding, approval.binding)
    if (differs.length > 0 || digest !== approval.digest) {
      throw new Refusal('approval-unusable', {
        detail: `It was given for another call. These differ: ${differs.join(', ')}.`,
        facts: { approval: id, differs },
      })
    }
    // The moment that is judged is the one that is recorded: an auditor judges it again.
    const claimedAt = now()
    const next = step(
      approval,
      { kind: 'claim' },
      { now: claimedAt, claimMs: limits.approvalClaimByMs },
    )
    if (!next.fits) throw unclaimable(approval)
    try {
      await store.commit({
        record: {
          type: 'approval.claimed',
          time: new Date(claimedAt).toISOString(),
          approval: id,
          call: at.id,
          digest,
        },
        payloads: [],
        change: {
          kind: 'approval.update',
          approval: next.approval,
          expectedRevision: approval.revision,
        },
      })
      const yes = approval.votes.filter(({ verdict }) => verdict === 'approve')
      return { id, by: yes.map(({ by }) => by), groups: approval.approverGroups }
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
    }
  }
  throw unusable(id, 'It was already used.')
}

function unclaimable(approval: Approval): Refusal {
  const { id, state, clearance, approverGroups } = approval
  if (state === 'PENDING') {
    const facts = { approval: id, groups: approverGroups }
    return new Refusal('approval-required', { detail: 'The approval is still pending.', facts })
  }
  if (state === 'DENIED') return new Refusal('approval-denied', { facts: { approval: id } })
  if (clearance === 'CONSUMED') return unusable(id, 'It was already used.')
  if (clearance === 'EXPIRED') return unusable(id, 'It was not used in time.')
  return unusable(id, `The approval is ${state.toLowerCase()}.`)
}

function unusable(id: string, detail: string): Refusal {
  return new Refusal('approval-unusable', { detail, facts: { approval: id } })
}

/** How often a lost race is looked at again. Each loss means that somebody else moved the approval on. */
const attemptsMax = 8
