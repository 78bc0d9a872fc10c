import { callerOf } from '../model/principal.ts'
import { decide, denied } from './authorize.ts'
import { liveGrants } from './check-review.ts'
import type { Gate } from './gate.ts'
import { confirmProof } from './identify.ts'
import { Refusal } from './refusal.ts'
import type { ApprovalUsed, Approved, Guarded } from './stage.ts'

/**
 * When policy wants a person's yes: a clearance that stands for calls like this one is claimed, or that of the
 * approval which the caller presents, or else the question is opened and the caller held for a bounded time.
 * Claiming is one compare-and-set. What was approved is then decided again, with the approval in hand: time
 * has passed, and the person approved the call, not the policy. From here on the call ends as well when what
 * allows it is revoked.
 *
 * If we crash after the claim and before the intent, that use is spent and nothing was forwarded: the caller
 * has to ask again.
 */
export async function awaitApproval(gate: Gate, at: Guarded): Promise<Approved> {
  if (at.decision.effect === 'permit') return { ...at, stage: 'approved', approval: undefined }
  const approval = await obtain(gate, at, at.decision.approverGroups)
  try {
    const call = { ...at.call, signal: AbortSignal.any([at.call.signal, approval.revoked]) }
    return { ...at, call, ...decidedAgain(gate, at, approval), stage: 'approved', approval }
  } catch (thrown) {
    // It never begins. What it had claimed is spent all the same.
    gate.clearanceDone(approval, at.id)
    throw thrown
  }
}

/** What allows this call, claimed for it. */
async function obtain(gate: Gate, at: Guarded, groups: readonly string[]): Promise<ApprovalUsed> {
  if (at.call.approvalId === undefined) {
    const standing = await gate.claimStanding(at, groups)
    if (standing) return standing
  }
  const approvalId = at.call.approvalId ?? (await hold(gate, at, groups))
  if (gate.rules()?.rulebook.digest !== at.rules.rulebook.digest) {
    throw new Refusal('approval-unusable', {
      detail: 'The rulebook changed while the call was held. Make the call again.',
      facts: { approval: approvalId, differs: ['rulebook'] },
    })
  }
  // Before the claim, so that a fresh proof of the same caller can still use the clearance.
  await confirmProof(gate, at.call, { approval: approvalId })
  return gate.claimClearance(at, approvalId)
}

function decidedAgain(
  gate: Gate,
  at: Guarded,
  approval: ApprovalUsed,
): Pick<Approved, 'decision' | 'decidedAt' | 'grants' | 'fields'> {
  const decidedAt = gate.now()
  const decision = decide(at, decidedAt, approval.groups)
  if (decision.effect === 'forbid') throw denied(decision, decidedAt)
  if (decision.effect === 'hold') {
    throw new Refusal('approval-unusable', {
      detail: 'The call now needs the approval of other groups as well.',
      facts: { approval: approval.id },
    })
  }
  return { ...liveGrants(decision, decidedAt), decision, decidedAt }
}

/** Opens the question and waits. Returns its id once people have approved; refuses otherwise. */
async function hold(gate: Gate, at: Guarded, groups: readonly string[]): Promise<string> {
  const { id, digest } = await gate.openApproval(at, groups)
  const verdict = await gate.awaitVerdict(id, {
    caller: callerOf(at.principal).id,
    waitMs: holdMs(gate, at),
    signal: at.call.signal,
  })
  // Who is to make the call later, makes it.
  const isDeferred = at.call.deferred === true
  if (verdict.state === 'approved' && !isDeferred) return id
  if (at.call.signal.aborted) throw new Refusal('caller-left', { facts: { approval: id } })
  if (verdict.state === 'pending' || verdict.state === 'approved') {
    throw new Refusal('approval-required', {
      detail: isDeferred
        ? 'It is made once it is approved; its result can be fetched then.'
        : `Repeat the identical call with \`Sallyport-Approval: ${id}\` once it is approved.`,
      facts: { approval: id, digest, groups },
    })
  }
  throw new Refusal(verdict.state === 'denied' ? 'approval-denied' : 'approval-unusable', {
    detail: `The approval is ${verdict.state}.`,
    facts: { approval: id },
  })
}

/** How long the caller is held; who comes back by itself is not, unless it says for how long. */
function holdMs({ holdMs }: Gate, { call }: Guarded): number {
  if (call.deferred === true) return 0
  const unsaid = call.respondAsync === true ? 0 : holdMs.default
  return Math.min(call.waitMs ?? unsaid, holdMs.max)
}
