import type { ApprovalVerdict } from '../call/gate.ts'
import type { Approval } from '../model/approval.ts'
import { openDepartures } from './departures.ts'
import { openHolding } from './holding.ts'
import type { DeskNeeds } from './needs.ts'
import type { Settling } from './settle.ts'
import { openWaiting } from './waiting.ts'

/** Calls of this process that wait for people. */
export type Held = {
  /**
   * Waits until the question is settled, the time is over or the caller leaves; says where it stands. With as
   * many calls of this caller held as may be, says so at once.
   */
  readonly until: (
    id: string,
    options: { readonly caller: string; readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<ApprovalVerdict>
  /** Tells those who wait for it. */
  readonly changed: (approval: Approval) => void
  /** Somebody may have changed it elsewhere: has them look again, and forgets it if it was settled. */
  readonly lookAt: (id: string) => Promise<void>
  readonly close: () => void
}

export function openHeld(needs: DeskNeeds, { find, end }: Pick<Settling, 'find' | 'end'>): Held {
  const { now, limits, onFailure } = needs
  const waiting = openWaiting()
  const holding = openHolding(limits.heldPerCaller)
  const departures = openDepartures({
    graceMs: limits.approvalLeftMs,
    withdraw: async (id) => {
      try {
        const approval = await find(id)
        if (approval?.delivery === 'held') await end(approval, 'withdraw')
      } catch (thrown) {
        onFailure(thrown)
      }
    },
  })
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
  return {
    until: async (id, { caller, waitMs, signal }) => {
      const letGo = waitMs > 0 ? holding.take(caller) : undefined
      const depart = departures.arrive(id)
      let why: 'left' | 'answered' = 'left'
      try {
        const verdict = await settles(id, letGo ? waitMs : 0, signal)
        why = signal.aborted ? 'left' : 'answered'
        if (verdict.state !== 'pending') departures.settled(id)
        return verdict
      } finally {
        depart(why)
        letGo?.()
      }
    },
    changed: ({ id, state }) => {
      if (state !== 'PENDING') departures.settled(id)
      waiting.wake(id)
    },
    lookAt: async (id) => {
      waiting.wake(id)
      if (departures.has(id) && verdictOf(await find(id)).state !== 'pending') {
        departures.settled(id)
      }
    },
    close: departures.close,
  }
}

function verdictOf(approval: Approval | undefined): ApprovalVerdict {
  return { state: verdicts[approval?.state ?? 'WITHDRAWN'] }
}

const verdicts = {
  PENDING: 'pending',
  APPROVED: 'approved',
  // Its clearance is claimed like any other.
  BYPASSED: 'approved',
  DENIED: 'denied',
  EXPIRED: 'expired',
  WITHDRAWN: 'withdrawn',
  SUPERSEDED: 'superseded',
} as const satisfies Record<Approval['state'], ApprovalVerdict['state']>

/** How often a held call looks for a vote that was made through another process. */
const pollMs = 1_000
