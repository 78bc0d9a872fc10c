import type { ApprovalVerdict } from '../call/gate.ts'
import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed, Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import { Conflict } from '../store/store.ts'
import { ask } from './ask.ts'
import type { Ballot, Person, VoteRefused } from './ballot.ts'
import { claim } from './claim.ts'
import { rememberDenials } from './cool-down.ts'
import { openHolding } from './holding.ts'
import { asOf, step } from './machine.ts'
import type { DeskNeeds } from './needs.ts'
import { openQuota } from './quota.ts'
import { type ApprovalView, viewOf } from './view.ts'
import { castVote, mayVote, type Voted } from './vote.ts'
import { openWaiting } from './waiting.ts'

/** Where calls wait for people, and people answer. */
export type Desk = {
  /**
   * Opens the question, or joins the identical one that is pending. Recorded, with what people will be
   * shown, before it resolves. Refuses `approval-denied` while a denial of the identical call is fresh,
   * `overloaded` when this caller has too many open questions.
   */
  readonly open: (at: Guarded, groups: readonly string[]) => Promise<{ readonly id: string }>
  /**
   * Waits until the question is settled, the time is over or the caller leaves; says where it stands. With
   * as many calls of this caller held as may be, says so at once.
   */
  readonly awaitVerdict: (
    id: string,
    options: { readonly caller: string; readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<ApprovalVerdict>
  /**
   * Claims the clearance for exactly this call, once: one compare-and-set, recorded with it. Refuses
   * `approval-unusable` naming the fields that differ, `approval-denied`, or `approval-required` while pending.
   */
  readonly claim: (at: Guarded, id: string) => Promise<ApprovalUsed>
  /** One person's answer, recorded with the change it makes. Throws only what the store throws. */
  readonly vote: (ballot: Ballot) => Promise<Voted>
  /** Why this person's yes would not count now, by the rules of `vote`; undefined: it would. */
  readonly whyNot: (approval: Approval, person: Person) => Promise<VoteRefused | undefined>
  /** Takes a pending question back; undefined when there is none to take back. */
  readonly withdraw: (id: string) => Promise<Approval | undefined>
  /** As it stands at this moment; an expiry that nobody wrote down yet is written down. */
  readonly find: (id: string) => Promise<Approval | undefined>
  /** What a person is shown before they answer. */
  readonly view: (id: string) => Promise<ApprovalView | undefined>
}

export function openDesk(needs: DeskNeeds): Desk {
  const { store, now, limits } = needs
  const waiting = openWaiting()
  const holding = openHolding(limits.heldPerCaller)
  const denials = rememberDenials(store, { now, coolDownMs: limits.approvalCoolDownMs })
  const quota = openQuota({ now, pendingMax: limits.approvalsPending })
  const find = async (id: string) => {
    const approval = await store.approval(id)
    return approval && current(approval)
  }
  const settled = (approval: Approval) => {
    if (approval.state !== 'PENDING') quota.settled(approval)
    waiting.wake(approval.id)
  }
  /** Expiry is derived from the clock, and written down by whoever first acts on it. */
  const current = async (approval: Approval): Promise<Approval> => {
    const expired = asOf(approval, now())
    return expired === approval ? approval : await close(approval, expired)
  }
  const close = async (from: Approval, to: Approval): Promise<Approval> => {
    const state = to.state === 'APPROVED' ? to.clearance : to.state
    const time = new Date(now()).toISOString()
    try {
      await store.commit({
        record: { type: 'approval.closed', time, approval: to.id, state },
        payloads: [],
        change: { kind: 'approval.update', approval: to, expectedRevision: from.revision },
      })
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
      // Somebody was faster; what they wrote is what counts.
      return asOf((await store.approval(from.id)) ?? to, now())
    }
    settled(to)
    return to
  }
  const end = async (approval: Approval, kind: 'withdraw' | 'supersede') => {
    const next = step(approval, { kind }, { now: now(), claimMs: limits.approvalClaimByMs })
    return next.fits ? await close(approval, next.approval) : undefined
  }

  const settles = async (id: string, waitMs: number, signal: AbortSignal) => {
    const until = now() + waitMs
    for (;;) {
      // Registered before the look, so a vote between the two is not slept through.
      const woken = waiting.on(id)
      try {
        const verdict = verdictOf(await find(id))
        const leftMs = until - now()
        if (verdict.state !== 'pending' || leftMs <= 0 || signal.aborted) return verdict
        await woken.within(Math.min(leftMs, pollMs), signal)
      } finally {
        woken.forget()
      }
    }
  }

  const awaitVerdict: Desk['awaitVerdict'] = async (id, { caller, waitMs, signal }) => {
    const letGo = waitMs > 0 ? holding.take(caller) : undefined
    try {
      return await settles(id, letGo ? waitMs : 0, signal)
    } finally {
      letGo?.()
    }
  }

  return {
    find,
    open: (at, groups) => recorded(() => ask({ needs, denials, quota, current, end }, at, groups)),
    awaitVerdict: (id, options) => recorded(() => awaitVerdict(id, options)),
    claim: (at, id) => recorded(() => claim(needs, find, at, id)),
    vote: async (ballot) => {
      const voted = await castVote({ store, now, limits, find }, ballot)
      if ('refused' in voted) return voted
      if (voted.approval.state === 'DENIED') denials.add(voted.approval)
      settled(voted.approval)
      return voted
    },
    whyNot: async (approval, person) => {
      const found = await mayVote(store, approval, { person, verdict: 'approve' })
      return 'refused' in found ? found.refused : undefined
    },
    withdraw: async (id) => {
      const approval = await find(id)
      return approval && (await end(approval, 'withdraw'))
    },
    view: async (id) => {
      const approval = await find(id)
      return approval && (await viewOf(store, approval))
    },
  }
}

function verdictOf(approval: Approval | undefined): ApprovalVerdict {
  return { state: verdicts[approval?.state ?? 'WITHDRAWN'] }
}

const verdicts = {
  PENDING: 'pending',
  APPROVED: 'approved',
  DENIED: 'denied',
  EXPIRED: 'expired',
  WITHDRAWN: 'withdrawn',
  SUPERSEDED: 'superseded',
} as const satisfies Record<Approval['state'], ApprovalVerdict['state']>

/** What the caller is told when the store cannot do it: nothing was released. */
async function recorded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('evidence-unavailable', { cause })
  }
}

/** How often a held call looks for a vote that was made through another process. */
const pollMs = 1_000
