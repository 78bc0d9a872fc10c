import { setTimeout as timer } from 'node:timers/promises'
import type { CatalogueNeeds } from './catalogue.ts'
import type { Source } from './source.ts'

export type Looks = {
  /** Looks now, or waits for the look that is under way. */
  readonly once: (source: Source) => Promise<void>
  /** Until it is read as it was when this was asked, or cannot be. */
  readonly confirm: (source: Source) => Promise<void>
  /**
   * Until a look is over that began at this moment or later, whatever it found, or none will begin in time; all who
   * wait share it.
   */
  readonly since: (source: Source, moment: number) => Promise<void>
}

/** How sources are looked at: one look at each at a time, what it finds written down before it is over. */
export function openLooks(
  needs: CatalogueNeeds,
  {
    signal,
    settle,
  }: { readonly signal: AbortSignal; readonly settle: (source: Source) => Promise<void> },
): Looks {
  const { limits, elapsed, onEvent } = needs
  const look = async (source: Source): Promise<void> => {
    const { wanted, stated, connection } = source
    const begunAt = elapsed()
    const read = await needs.read(source, signal)
    if (signal.aborted) return
    source.begunAt = begunAt
    const idleMs = limits.descriptionIdleTimes * read.busyMs
    // What callers wait for comes as soon as it may; what it costs to read something new is shared all the same.
    const gapMs = source.kind === 'mcp' ? 0 : limits.descriptionGapMs
    source.notBefore = elapsed() + Math.max(gapMs, idleMs)
    if ('problem' in read) {
      const { problem } = read
      if (source.problem !== problem) onEvent({ kind: 'unread', connection, why: problem })
      source.problem = problem
      const isStale = source.confirmed < source.wanted
      source.dueAt = elapsed() + (isStale ? limits.descriptionRetryMs : source.everyMs)
      return
    }
    if (source.problem !== undefined) onEvent({ kind: 'read-again', connection })
    source.problem = undefined
    const isAsBefore = source.described !== undefined && source.seen?.operations === read.operations
    source.described = isAsBefore
      ? source.described
      : new Map(read.operations.map((one) => [one.operation, one]))
    source.seen = read
    source.freshAsOf = begunAt
    source.confirmedAt = elapsed()
    source.readAt = needs.now()
    source.confirmed = Math.max(source.confirmed, wanted)
    remember(source, stated)
    const isStale = source.confirmed < source.wanted
    source.dueAt = elapsed() + (isStale ? 0 : source.everyMs)
    // What follows from the same was written down the first time.
    if (!isAsBefore || source.isUnwritten) await settle(source)
  }
  const once = (source: Source): Promise<void> => {
    source.looking ??= look(source)
      .catch((cause) => onEvent({ kind: 'failed', cause }))
      .finally(() => {
        source.looking = undefined
      })
    return source.looking
  }
  return {
    once,
    confirm: async (source) => {
      const asked = source.wanted
      // One that is under way may have begun before the upstream said that it is another.
      for (let looks = 0; looks < 2 && source.confirmed < asked; looks++) {
        const isTooSoon = source.problem !== undefined && elapsed() < source.dueAt
        const waitMs = source.notBefore - elapsed()
        if (!source.looking && (isTooSoon || waitMs > limits.descriptionWaitMs)) return
        if (!source.looking && waitMs > 0) await sleep(waitMs, signal)
        await once(source)
      }
    },
    since: async (source, moment) => {
      // One that is under way began before, so at most two are waited for.
      for (let looks = 0; looks < 2 && source.begunAt < moment && !signal.aborted; looks++) {
        const waitMs = source.notBefore - elapsed()
        if (!source.looking && waitMs > limits.descriptionWaitMs) return
        if (!source.looking && waitMs > 0) await sleep(waitMs, signal)
        await once(source)
      }
    },
  }
}

/** Shorter when everything is about to close. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await timer(ms, undefined, { signal }).catch(() => undefined)
}

/** Gateways behind one address may take turns with two definitions: each is looked at once. */
function remember(source: Source, stated: string | undefined): void {
  if (stated === undefined || source.looked.has(stated)) return
  if (source.looked.size >= lookedMax) source.looked.clear()
  source.looked.add(stated)
}

const lookedMax = 16
