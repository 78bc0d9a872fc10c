import type { Reason } from '../model/decision.ts'
import { callerOf } from '../model/principal.ts'
import { decide, denied, questionOf } from './authorize.ts'
import { checkDuties, type DutiesFound } from './check-duties.ts'
import { grantsInUse } from './check-review.ts'
import type { Gate } from './gate.ts'
import { confirmProof } from './identify.ts'
import { Refusal } from './refusal.ts'
import { refuseReplaced } from './refuse-replaced.ts'
import { labelsOf } from './resolve-function.ts'
import type { ApprovalUsed, Approved, Guarded } from './stage.ts'

/**
 * When a person's yes is needed, because policy wants it, the review of the grant is overdue or a duty rule asks for
 * it: a clearance that stands for calls like this one is claimed, or that of the approval which the caller presents,
 * or else the question is opened and the caller held for a bounded time. Claiming is one compare-and-set. What was
 * approved is then decided again, with the approval in hand: time has passed, and the person approved the call, not
 * the policy, and not the grant: that a stale call was approved certifies nothing. From here on the call ends as
 * well when what allows it is revoked.
 *
 * If we crash after the claim and before the intent, that use is spent and nothing was forwarded: the caller
 * has to ask again.
 */
export async function awaitApproval(gate: Gate, at: Guarded): Promise<Approved> {
  const found = await checkDuties(gate, at)
  const asked = askedOf(at, found)
  if (asked.groups.length === 0) return approved(gate, at, { found, approval: undefined })
  const approval = await obtain(gate, at, asked)
  try {
    // What was called meanwhile, in the same session, counts as well.
    const now = { ...at, labels: await labelsOf(gate, at) }
    const again = decidedAgain(gate, now, { approval, found })
    return approved(gate, { ...now, ...again }, { found, approval })
  } catch (thrown) {
    // It never begins. What it had claimed is spent all the same.
    gate.clearanceDone(approval, at.id)
    throw thrown
  }
}

function approved(
  gate: Gate,
  at: Guarded,
  by: { readonly found: DutiesFound | undefined; readonly approval: ApprovalUsed | undefined },
): Approved {
  const { found, approval } = by
  const { signal } = at.call
  // Composing signals costs more than all policy does: only what was approved pays for it.
  const call = approval
    ? { ...at.call, signal: AbortSignal.any([signal, approval.revoked]) }
    : at.call
  const grantsRevoked = gate.revokedGrant(at.used.map(({ grant }) => grant))
  return { ...at, call, stage: 'approved', approval, duties: found?.duties, grantsRevoked }
}

type Asked = { readonly groups: readonly string[]; readonly reasons: readonly Reason[] }

/** Whose yes is needed, all of them, and why. */
function askedOf({ decision, stale }: Guarded, found: DutiesFound | undefined): Asked {
  const owners = stale.map(({ grant, owner }): Reason => {
    const text = `The review of the grant is overdue: until ${owner} has certified it, each call needs a yes.`
    return { policy: grant, effect: 'permit', text, cause: 'stale_review' }
  })
  return {
    groups: [
      ...new Set([
        ...(decision.effect === 'hold' ? decision.approverGroups : []),
        ...stale.map(({ group }) => group),
        ...(found?.groups ?? []),
      ]),
    ],
    reasons: [
      ...(decision.effect === 'hold' ? decision.reasons : []),
      ...owners,
      ...(found?.reasons ?? []),
    ],
  }
}

/** What allows this call, claimed for it. */
async function obtain(gate: Gate, at: Guarded, asked: Asked): Promise<ApprovalUsed> {
  if (at.call.approvalId === undefined) {
    const standing = await gate.claimStanding(at, asked.groups)
    if (standing) return standing
  }
  const presented = at.call.approvalId ?? (await given(gate, at))
  if (presented === undefined) return claim(gate, at, await hold(gate, at, asked))
  try {
    return await claim(gate, at, presented)
  } catch (thrown) {
    if (!mayWait(at.call, thrown)) throw thrown
  }
  // Only now: the claim has looked whether it is a question about this call at all.
  await gate.awaitVerdict(presented, waitOf(gate, at))
  if (at.call.signal.aborted) throw new Refusal('caller-left', { facts: { approval: presented } })
  return claim(gate, at, presented)
}

function given(gate: Gate, at: Guarded): Promise<string | undefined> | undefined {
  return at.call.repeats === true ? gate.approvalGiven(at) : undefined
}

async function claim(gate: Gate, at: Guarded, approvalId: string): Promise<ApprovalUsed> {
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

/** Who presents an approval that is still pending is held for it when it says for how long. */
function mayWait({ waitMs = 0 }: Guarded['call'], thrown: unknown): boolean {
  return waitMs > 0 && thrown instanceof Refusal && thrown.code === 'approval-required'
}

function decidedAgain(
  gate: Gate,
  at: Guarded,
  by: { readonly approval: ApprovalUsed; readonly found: DutiesFound | undefined },
): Pick<Approved, 'decision' | 'decidedAt' | 'grants' | 'fields' | 'used' | 'stale'> {
  const { approval, found } = by
  refuseReplaced(gate, { ...at, approval })
  const decidedAt = gate.now()
  const decision = decide(gate, at, decidedAt, approval.groups)
  if (decision.effect === 'forbid') throw denied(decision, decidedAt)
  const question = questionOf(at, decidedAt, approval.groups)
  const again = grantsInUse(gate, { ...at, decision }, question)
  const needed = [...again.stale.map(({ group }) => group), ...(found?.groups ?? [])]
  // Nobody was asked about a review that became overdue meanwhile.
  const isOverdueSince = again.stale.some(({ grant }) => {
    return !at.stale.some((one) => one.grant === grant)
  })
  if (
    decision.effect === 'hold' ||
    isOverdueSince ||
    needed.some((group) => !approval.groups.includes(group))
  ) {
    throw new Refusal('approval-unusable', {
      detail: 'The call now needs a yes to more than was asked. Make it again.',
      facts: { approval: approval.id },
    })
  }
  return { ...again, decision, decidedAt }
}

/** Opens the question and waits. Returns its id once people have approved; refuses otherwise. */
async function hold(gate: Gate, at: Guarded, { groups, reasons }: Asked): Promise<string> {
  const { id, digest } = await gate.openApproval(at, groups, reasons)
  // Who is to make the call later, makes it.
  const isDeferred = at.call.deferred === true
  at.call.onHeld?.({ id, groups, deferred: isDeferred })
  const verdict = await gate.awaitVerdict(id, waitOf(gate, at))
  if (verdict.state === 'approved' && !isDeferred) return id
  if (at.call.signal.aborted) throw new Refusal('caller-left', { facts: { approval: id } })
  if (verdict.state === 'pending' || verdict.state === 'approved') {
    throw new Refusal('approval-required', {
      detail: isDeferred
        ? 'It is made once it is approved; its result can be fetched then.'
        : `Repeat the identical call with \`Sallyport-Approval: ${id}\` once it is approved.`,
      facts: { approval: id, digest, groups, ...causesOf(reasons) },
    })
  }
  throw new Refusal(verdict.state === 'denied' ? 'approval-denied' : 'approval-unusable', {
    detail: `The approval is ${verdict.state}.`,
    facts: { approval: id },
  })
}

/** Why people are asked, where it is not only policy: `stale_review`, `duty`. */
function causesOf(reasons: readonly Reason[]): { readonly causes?: readonly string[] } {
  const causes = new Set(reasons.flatMap(({ cause }) => cause ?? []))
  return causes.size > 0 ? { causes: [...causes] } : {}
}

function waitOf(gate: Gate, at: Guarded): Parameters<Gate['awaitVerdict']>[1] {
  const { principal, call } = at
  return { caller: callerOf(principal).id, waitMs: holdMs(gate, at), signal: call.signal }
}

/** How long the caller is held; who comes back by itself is not, unless it says for how long. */
function holdMs({ holdMs }: Gate, { call }: Guarded): number {
  if (call.deferred === true) return 0
  const unsaid = call.respondAsync === true ? 0 : holdMs.default
  return Math.min(call.waitMs ?? unsaid, holdMs.max)
}
