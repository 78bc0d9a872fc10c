import { Refusal } from '../call/refusal.ts'
import type { Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import { callerOf } from '../model/principal.ts'
import { type Change, Conflict } from '../store/store.ts'
import { bindingOf, offerOf } from './binding.ts'
import { closureOf, issuersOf } from './closure.ts'
import { canBeApproved } from './eligibility.ts'
import { type Put, putTo } from './flows.ts'
import type { DeskNeeds } from './needs.ts'
import { noticesOf } from './notices.ts'
import { questionOf } from './question.ts'
import type { Quota } from './quota.ts'
import { requestedRecord } from './records.ts'
import type { Settling } from './settle.ts'

export type Asking = {
  readonly needs: DeskNeeds
  readonly quota: Quota
  readonly settling: Settling
}

/** Whose yes is needed, and what they are told of why. */
type Asked = Pick<Approval, 'reasons'> & { readonly groups: readonly string[] }

/**
 * Opens the question about this call, or joins the identical one that is pending. Losing a race means
 * that somebody opened or settled the identical question: look again.
 */
export async function ask(
  { needs, quota, settling }: Asking,
  at: Guarded,
  { groups, reasons }: Asked,
): Promise<Approval> {
  const { store, bindingKey, versionOf, limits, now } = needs
  const bound = bindingOf(at, bindingKey, await versionOf(at.connection.credential))
  const put = putTo(at, groups, limits, now())
  refuseUndeferrable(needs, at)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    await refuseDenied(needs, bound.digest)
    const pending = await store.pendingApproval(bound.digest)
    const standing = pending && (await settling.current(pending))
    if (standing?.state === 'PENDING') {
      const isSame = groups.every((group) => standing.approverGroups.includes(group))
      if (isSame && answersOverdue(standing.reasons, at)) return joined(standing, at)
    }
    const without = await excludedFrom(needs, at)
    refuseImpossible(needs, at, { put, excluded: without.excluded, groups })
    const caller = callerOf(at.principal).id
    const place = await reserve({ needs, quota }, { caller, digest: bound.digest, groups })
    try {
      // Other people are asked now, or about more: the old answer would not be enough.
      if (standing?.state === 'PENDING') await settling.end(standing, 'supersede')
      const approval = await commitOpen(needs, at, { ...bound, ...without, groups, reasons, put })
      if (!approval) continue
      quota.opened(approval)
      return approval
    } finally {
      place.release()
    }
  }
  throw new Refusal('overloaded', { detail: 'The approval is contested. Make the call again.' })
}

/**
 * Whether who was asked for these reasons was told that the review of each grant is overdue by which this call is
 * made: a yes to anything else is none to that.
 */
export function answersOverdue(
  reasons: Approval['reasons'],
  { stale }: Pick<Guarded, 'stale'>,
): boolean {
  return stale.every(({ grant }) =>
    reasons.some(({ cause, policy }) => cause === 'stale_review' && policy === grant),
  )
}

/** What was answered through another gateway takes no place any more; that is seen when there is none left. */
async function reserve(
  { needs: { store }, quota }: Pick<Asking, 'needs' | 'quota'>,
  asked: Parameters<Quota['reserve']>[0],
): Promise<{ readonly release: () => void }> {
  const first = quota.reserve(asked)
  if ('release' in first) return first
  for (const id of first.taken) {
    const approval = await store.approval(id)
    if (approval && approval.state !== 'PENDING') quota.settled(approval)
  }
  const place = quota.reserve(asked)
  if ('release' in place) return place
  throw new Refusal('overloaded', { detail: place.full })
}

function refuseUndeferrable({ deferralOf }: DeskNeeds, { call, fn }: Guarded): void {
  if (call.deferred !== true || (fn.deferrable && deferralOf)) return
  throw new Refusal('request-malformed', {
    detail: 'This function is not one that can be deferred.',
  })
}

/** In the store, so that every instance knows of it, and the next start. */
async function refuseDenied({ store, now, limits }: DeskNeeds, digest: string): Promise<void> {
  const denied = await store.deniedApproval(digest)
  const denial = denied?.votes.find(({ verdict }) => verdict === 'deny')
  if (!denied || !denial || denial.at + limits.approvalCoolDownMs <= now()) return
  throw new Refusal('approval-denied', {
    detail: 'The identical call was denied a short while ago.',
    facts: { approval: denied.id },
  })
}

/** Two who wait for one answer get one call through; what is to run by itself needs a question of its own. */
function joined(approval: Approval, { call }: Guarded): Approval {
  if (call.deferred !== true || approval.delivery === 'deferred') return approval
  throw new Refusal('request-malformed', {
    detail: 'The identical call waits already, and is not deferred. Withdraw it first.',
    facts: { approval: approval.id },
  })
}

async function excludedFrom(
  { store, now }: DeskNeeds,
  { principal, rules }: Guarded,
): Promise<Pick<Approval, 'excluded' | 'excludedByDelegation'>> {
  const involved = involvedIn(principal)
  const known = {
    issuers: await issuersOf(store, involved),
    people: rules.approvals.people,
  }
  const delegations = await store.delegations({ at: now() })
  const own = closureOf(involved, { ...known, delegations: [] })
  const excluded = closureOf(involved, { ...known, delegations })
  return { excluded, excludedByDelegation: excluded.filter((one) => !own.includes(one)) }
}

function involvedIn({ subject, actors, triggeredBy = [] }: Guarded['principal']) {
  return { subject: subject.id, actors: actors.map(({ id }) => id), triggeredBy }
}

/** Nobody is kept waiting for people who are not there. */
function refuseImpossible(
  { isLocked }: DeskNeeds,
  { rules }: Guarded,
  asked: {
    readonly put: Put
    readonly excluded: readonly string[]
    readonly groups: readonly string[]
  },
): void {
  const { put, excluded, groups } = asked
  if (canBeApproved(put, { rules: rules.approvals, excluded, isLocked })) return
  throw new Refusal('approval-impossible', {
    detail: 'Too few people of these groups may vote on a call of yours.',
    facts: { groups },
  })
}

/** Undefined when the identical question was opened by somebody else meanwhile. */
async function commitOpen(
  needs: DeskNeeds,
  at: Guarded,
  asked: ReturnType<typeof bindingOf> &
    Pick<Approval, 'excluded' | 'excludedByDelegation'> & {
      readonly put: Put
    } & Asked,
): Promise<Approval | undefined> {
  const approval = newApproval(needs, at, asked)
  const shown = Buffer.from(JSON.stringify(questionOf(at, needs.maskedView(at))))
  const change: Change =
    approval.delivery === 'deferred' && needs.deferralOf
      ? { kind: 'deferral.open', approval, ...needs.deferralOf(at, approval) }
      : { kind: 'approval.open', approval }
  try {
    await needs.store.commit({
      record: requestedRecord(approval),
      payloads: [
        { role: 'args', mediaType: at.args.mediaType, bytes: at.recordedArgs, keep: true },
        { role: 'forwarded', mediaType: 'application/json', bytes: shown, keep: true },
      ],
      ...(at.fn.retention !== undefined && { retention: at.fn.retention }),
      change,
      notices: noticesOf(approval, 'approval.requested', approval.createdAt),
    })
    return approval
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

function newApproval(
  { now, newId, bindingKey }: DeskNeeds,
  at: Guarded,
  asked: Parameters<typeof commitOpen>[2],
): Approval {
  const { binding, digest, groups, reasons, excluded, excludedByDelegation } = asked
  const { decideByMs, ...put } = asked.put
  const createdAt = now()
  return {
    ...put,
    ...involvedIn(at.principal),
    id: `apr_${newId()}`,
    state: 'PENDING',
    revision: 0,
    binding,
    digest,
    offer: offerOf(digest, put.terms, bindingKey),
    callId: at.id,
    functionId: at.fn.id,
    session: at.principal.session,
    ...{ excluded, excludedByDelegation },
    approverGroups: groups,
    escalated: 0,
    reasons,
    delivery: deliveryOf(at.call),
    createdAt,
    decideBy: createdAt + decideByMs,
    votes: [],
  }
}

function deliveryOf({ deferred, respondAsync, waitMs }: Guarded['call']): Approval['delivery'] {
  if (deferred === true) return 'deferred'
  return (waitMs ?? (respondAsync === true ? 0 : 1)) === 0 ? 'ticket' : 'held'
}

/** How often a lost race is looked at again. Each loss means that somebody else moved the approval on. */
const attemptsMax = 8
