import type { NoticeTaken, Outbox as StoredOutbox } from '../store/store.ts'
import type { ChannelCounts } from './channel-counts.ts'
import { type DeliveryNeeds, openDelivery, spread } from './delivery.ts'
import { type Lane, openLane } from './lane.ts'

export type Outbox = {
  readonly start: () => void
  /** Something may be there to send. Costs nothing when it is known already. */
  readonly nudge: () => void
  /** What each channel did since the start, by name. */
  readonly counts: ChannelCounts['all']
  /**
   * Takes no more and waits for what is under way, which is cut off after `limits.stopCutMs`: the next start
   * sends it again.
   */
  readonly close: () => Promise<void>
}

export type OutboxNeeds = DeliveryNeeds & {
  readonly store: Pick<StoredOutbox, 'takeNotices' | 'forgetNotices'>
}

/**
 * Sends what the store says has to be told, at least once and as soon as it can be. A notice is this process's
 * for the time of a lease: when we crash between sending and settling, it is sent again, under the same id. What
 * is told is made when it is sent, so a late message tells how things stand then.
 */
export function openOutbox(needs: OutboxNeeds): Outbox {
  const { store, channels, now, limits, onEvent } = needs
  const stopping = new AbortController()
  const delivery = openDelivery(needs, stopping.signal)
  const lanes = new Map<string, Lane>()
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let closed = false

  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? openLane({ send: delivery.send, now, limits })
    lanes.set(name, lane)
    return lane
  }
  const give = async (notice: NoticeTaken) => {
    if (!Object.hasOwn(channels, notice.channel)) {
      return delivery.giveUp(notice, 'gateway.yaml names no such channel any more')
    }
    const isTaken = laneOf(notice.channel).take(notice)
    if (!isTaken) await delivery.again(notice, spread(needs, limits.noticeLookMs))
  }
  const look = async () => {
    try {
      for (let full = true; full && !closed; ) {
        const { noticeLeaseMs: leaseMs, noticesTaken: limit } = limits
        const taken = await store.takeNotices({ now: now(), leaseMs, limit })
        await Promise.all(taken.map(give))
        full = taken.length === limit
        if (taken.length === 0) break
        const settledBefore = now() - limits.noticeKeptMs
        await store.forgetNotices({ settledBefore, limit: limits.noticesForgotten })
      }
    } catch (cause) {
      if (!closed) onEvent({ kind: 'store-failed', cause })
    }
  }
  const tick = () => {
    clearTimeout(timer)
    if (closed || looking !== undefined) return
    looking = look().finally(() => {
      looking = undefined
      if (!closed) timer = setTimeout(tick, limits.noticeLookMs)
    })
  }
  return {
    start: tick,
    nudge: tick,
    counts: delivery.counts,
    close: async () => {
      closed = true
      clearTimeout(timer)
      const cut = setTimeout(() => stopping.abort(), limits.stopCutMs)
      await looking
      const left = await Promise.all([...lanes.values()].map((lane) => lane.close()))
      clearTimeout(cut)
      // Handed back, so that nobody has to wait for their leases to end.
      await Promise.allSettled(left.flat().map((notice) => delivery.again(notice, 0)))
    },
  }
}
