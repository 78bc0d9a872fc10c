import { callerOf } from '../model/principal.ts'
import { decide, denied } from './authorize.ts'
import { liveGrants } from './check-review.ts'
import type { Gate } from './gate.ts'
import { confirmProof } from './identify.ts'
import { Refusal } from './refusal.ts'
import type { Approved, Guarded } from './stage.ts'

/**
 * When policy wants a person's yes: the caller presents an approval and its clearance is claimed, or
 * the question is opened and the caller held for a bounded time. Claiming is one compare-and-set, so
 * an approval releases one call. What was approved is then decided again, with the approval in hand:
 * time has passed, and the person approved the call, not the policy.
 *
 * If we crash after the claim and before the intent, the clearance is spent and nothing was forwarded:
 * the caller has to ask again.
 */
export async function awaitApproval(gate: Gate, at: Guarded): Promise<Approved> {
  if (at.decision.effect === 'permit') return { ...at, stage: 'approved', approval: undefined }
  const approvalId = at.call.approvalId ?? (await hold(gate, at, at.decision.approverGroups))
  if (gate.rules()?.rulebook.digest !== at.rules.rulebook.digest) {
    throw new Refusal('approval-unusable', {
      detail: 'The rulebook changed while the call was held. Make the call again.',
      facts: { approval: approvalId, differs: ['rulebook'] },
    })
  }
  // Before the claim, so that a fresh proof of the same caller can still use the clearance.
  await confirmProof(gate, at.call, { approval: approvalId })
  const approval = await gate.claimClearance(at, approvalId)
  const decidedAt = gate.now()
  const decision = decide(at, decidedAt, approval.groups)
  if (decision.effect === 'forbid') throw denied(decision, decidedAt)
  if (decision.effect === 'hold') {
    throw new Refusal('approval-unusable', {
      detail: 'The call now needs the approval of other groups as well.',
      facts: { approval: approvalId },
    })
  }
  const live = liveGrants(decision, decidedAt)
  return { ...at, ...live, decision, decidedAt, stage: 'approved', approval }
}

/** Opens the question and waits. Returns its id once people have approved; refuses otherwise. */
async function hold(gate: Gate, at: Guarded, groups: readonly string[]): Promise<string> {
  const { id } = await gate.openApproval(at, groups)
  const waitMs = Math.min(at.call.waitMs ?? gate.holdMs.default, gate.holdMs.max)
  const verdict = await gate.awaitVerdict(id, {
    caller: callerOf(at.principal).id,
    waitMs,
    signal: at.call.signal,
  })
  if (verdict.state === 'approved') return id
  if (at.call.signal.aborted) throw new Refusal('caller-left', { facts: { approval: id } })
  if (verdict.state === 'pending') {
    throw new Refusal('approval-required', {
      detail: `Repeat the identical call with \`Sallyport-Approval: ${id}\` once it is approved.`,
      facts: { approval: id, groups },
    })
  }
  throw new Refusal(verdict.state === 'denied' ? 'approval-denied' : 'approval-unusable', {
    detail: `The approval is ${verdict.state}.`,
    facts: { approval: id },
  })
}
