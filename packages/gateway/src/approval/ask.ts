import { Refusal } from '../call/refusal.ts'
import type { Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import { callerOf } from '../model/principal.ts'
import { Conflict } from '../store/store.ts'
import { bindingOf } from './binding.ts'
import type { Denials } from './cool-down.ts'
import type { DeskNeeds } from './needs.ts'
import { questionOf } from './question.ts'
import type { Quota } from './quota.ts'

export type Asking = {
  readonly needs: DeskNeeds
  readonly denials: Denials
  readonly quota: Quota
  readonly current: (approval: Approval) => Promise<Approval>
  readonly end: (approval: Approval, kind: 'supersede') => Promise<Approval | undefined>
}

/**
 * Opens the question about this call, or joins the identical one that is pending. Losing a race means
 * that somebody opened or settled the identical question: look again.
 */
export async function ask(
  { needs, denials, quota, current, end }: Asking,
  at: Guarded,
  groups: readonly string[],
): Promise<{ readonly id: string }> {
  const { store, bindingKey } = needs
  const bound = bindingOf(at, bindingKey)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const denied = await denials.find(bound.digest)
    if (denied !== undefined) {
      throw new Refusal('approval-denied', {
        detail: 'The identical call was denied a short while ago.',
        facts: { approval: denied },
      })
    }
    const pending = await store.pendingApproval(bound.digest)
    const standing = pending && (await current(pending))
    if (standing?.state === 'PENDING') {
      if (groups.every((group) => standing.approverGroups.includes(group))) return standing
    }
    const place = quota.reserve(callerOf(at.principal).id, bound.digest)
    if (!place) {
      throw new Refusal('overloaded', {
        detail: 'Too many questions of this caller wait for people.',
      })
    }
    try {
      // Policy now asks other people: the old answer would not be enough.
      if (standing?.state === 'PENDING') await end(standing, 'supersede')
      const approval = await commitOpen(needs, at, { ...bound, groups })
      if (!approval) continue
      quota.opened(approval)
      return approval
    } finally {
      place.release()
    }
  }
  throw new Refusal('overloaded', { detail: 'The approval is contested. Make the call again.' })
}

async function commitOpen(
  { store, now, newId, limits, maskedView }: DeskNeeds,
  at: Guarded,
  asked: ReturnType<typeof bindingOf> & { readonly groups: readonly string[] },
): Promise<Approval | undefined> {
  const { binding, digest, groups } = asked
  const { subject, actors, session } = at.principal
  const createdAt = now()
  const approval: Approval = {
    id: `apr_${newId()}`,
    state: 'PENDING',
    clearance: 'NONE',
    revision: 0,
    binding,
    digest,
    callId: at.id,
    functionId: at.fn.id,
    subject: subject.id,
    actors: actors.map(({ id }) => id),
    session,
    approverGroups: groups,
    reasons: at.decision.reasons,
    createdAt,
    decideBy: createdAt + limits.approvalDecideByMs,
    votes: [],
  }
  const question = Buffer.from(JSON.stringify(questionOf(at, maskedView(at))))
  try {
    await store.commit({
      record: {
        type: 'approval.requested',
        time: new Date(createdAt).toISOString(),
        approval: approval.id,
        call: at.id,
        session,
        fn: at.fn.id,
        groups,
        digest,
        rules: at.decision.reasons.map(({ policy }) => policy),
        decideBy: new Date(approval.decideBy).toISOString(),
      },
      payloads: [
        { role: 'args', mediaType: at.args.mediaType, bytes: at.recordedArgs, keep: true },
        { role: 'forwarded', mediaType: 'application/json', bytes: question, keep: true },
      ],
      ...(at.fn.retention !== undefined && { retention: at.fn.retention }),
      change: { kind: 'approval.open', approval },
    })
    return approval
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

/** How often a lost race is looked at again. Each loss means that somebody else moved the approval on. */
const attemptsMax = 8
