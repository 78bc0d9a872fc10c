import { setTimeout as timer } from 'node:timers/promises'
import type { McpKind } from '../model/mcp-listing.ts'
import { changedLists } from './list-news.ts'
import type { CatalogueNeeds, Unread } from './needs.ts'
import { everyKind, type Source, type Trouble } from './source.ts'

export type Looks = {
  /** Looks at everything now, or waits for the look that is under way. */
  readonly once: (source: Source) => Promise<void>
  /** Until it is read as it was when this was asked, or cannot be. */
  readonly confirm: (source: Source) => Promise<void>
  /**
   * Until a look at this kind is over that began at this moment or later, whatever it found, or none will begin in
   * time; all who wait share it, and nothing is read that none of them asks for.
   */
  readonly since: (source: Source, kind: McpKind, moment: number) => Promise<void>
}

/** How sources are looked at: one look at each at a time, what it finds written down before it is over. */
export function openLooks(needs: CatalogueNeeds, given: Omit<Looking, 'kinds'>): Looks {
  const { limits, elapsed, onEvent } = needs
  const { signal } = given
  const begin = (source: Source, kinds: ReadonlySet<McpKind>): Promise<void> => {
    source.looking ??= look(needs, { ...given, kinds }, source)
      .catch((cause) => onEvent({ kind: 'failed', cause }))
      .finally(() => {
        source.looking = undefined
      })
    return source.looking
  }
  const once = (source: Source) => begin(source, everyKind)
  /** For all who wait; of one that was never read, everything. */
  const asked = (source: Source): Promise<void> => {
    if (source.looking !== undefined) return source.looking
    const wanted = [...source.asked].filter(([kind, from]) => source.lists[kind].begunAt < from)
    source.asked.clear()
    const kinds = source.described ? new Set(wanted.map(([kind]) => kind)) : everyKind
    return begin(source, kinds)
  }
  return {
    once,
    confirm: async (source) => {
      const asked = source.wanted
      // One that is under way may have begun before the upstream said that it is another.
      for (let looks = 0; looks < 2 && source.confirmed < asked; looks++) {
        const isTooSoon = isInTrouble(source) && elapsed() < source.dueAt
        const waitMs = source.notBefore - elapsed()
        if (!source.looking && (isTooSoon || waitMs > limits.descriptionWaitMs)) return
        if (!source.looking && waitMs > 0) await sleep(waitMs, signal)
        await once(source)
      }
    },
    since: async (source, kind, moment) => {
      const list = source.lists[kind]
      // One that is under way began before, or is of something else, so at most two are waited for.
      for (let looks = 0; looks < 2 && list.begunAt < moment && !signal.aborted; looks++) {
        const waitMs = source.notBefore - elapsed()
        if (!source.looking && waitMs > limits.descriptionWaitMs) return
        source.asked.set(kind, Math.max(moment, source.asked.get(kind) ?? moment))
        if (!source.looking && waitMs > 0) await sleep(waitMs, signal)
        await asked(source)
      }
    },
  }
}

type Looking = {
  readonly signal: AbortSignal
  readonly settle: (source: Source) => Promise<void>
  /** What callers may be shown of a list is something else. */
  readonly onOther: (source: Source, kind: McpKind) => void
  readonly kinds: ReadonlySet<McpKind>
}

async function look(
  needs: CatalogueNeeds,
  { signal, settle, onOther, kinds }: Looking,
  source: Source,
): Promise<void> {
  const { limits, elapsed } = needs
  const { wanted, stated } = source
  const isWhole = kinds.size === everyKind.size
  const begunAt = elapsed()
  const read = await needs.read(source, signal, isWhole ? undefined : kinds)
  if (signal.aborted) return
  const idleMs = limits.descriptionIdleTimes * read.busyMs
  // What callers wait for comes as soon as it may; what it costs to read something new is shared all the same.
  const gapMs = source.kind === 'mcp' ? 0 : limits.descriptionGapMs
  source.notBefore = elapsed() + Math.max(gapMs, idleMs)
  if ('problem' in read) {
    // The others are looked at by themselves; of one that was never read, everything or nothing is.
    const settled = source.described ? read.lists : undefined
    for (const kind of settled ?? kinds) source.lists[kind].begunAt = begunAt
    fail(needs, source, read)
    const isStale = source.confirmed < source.wanted
    if (isWhole) source.dueAt = elapsed() + (isStale ? limits.descriptionRetryMs : source.everyMs)
    return
  }
  for (const kind of kinds) source.lists[kind].begunAt = begunAt
  recover(needs, source, kinds)
  const isAsBefore = source.described !== undefined && source.seen?.operations === read.operations
  source.described = isAsBefore
    ? source.described
    : new Map(read.operations.map((one) => [one.operation, one]))
  const others = isAsBefore ? [] : changedLists(source, source.seen, read)
  source.seen = read
  for (const kind of others) onOther(source, kind)
  for (const kind of kinds) source.lists[kind].freshAsOf = begunAt
  source.readAt = needs.now()
  if (isWhole) {
    source.confirmedAt = elapsed()
    source.confirmed = Math.max(source.confirmed, wanted)
    remember(source, stated)
    const isStale = source.confirmed < source.wanted
    source.dueAt = elapsed() + (isStale ? 0 : source.everyMs)
  } else if (isInTrouble(source)) {
    // It can be reached: whether the rest can be read again is found without anybody's call.
    source.dueAt = Math.min(source.dueAt, elapsed() + limits.descriptionRetryMs)
  }
  // What follows from the same was written down the first time.
  if (!isAsBefore || source.isUnwritten) await settle(source)
}

type Telling = Pick<CatalogueNeeds, 'now' | 'onEvent'>

/** Whatever of it could not be read the last time that it was asked for. */
function isInTrouble({ trouble, lists }: Source): boolean {
  return trouble !== undefined || Object.values(lists).some((list) => list.trouble !== undefined)
}

function fail({ now, onEvent }: Telling, source: Source, { problem, lists }: Unread): void {
  const { connection } = source
  const troubled = (before: Trouble | undefined) => ({ problem, since: before?.since ?? now() })
  if (!lists) {
    if (source.trouble?.problem !== problem) onEvent({ kind: 'unread', connection, why: problem })
    source.trouble = troubled(source.trouble)
    return
  }
  // It was reached.
  source.trouble = undefined
  const news = lists.filter((kind) => source.lists[kind].trouble?.problem !== problem)
  for (const kind of lists) source.lists[kind].trouble = troubled(source.lists[kind].trouble)
  if (news.length > 0) onEvent({ kind: 'unread', connection, why: problem, lists: news })
}

function recover({ onEvent }: Telling, source: Source, kinds: ReadonlySet<McpKind>): void {
  const { connection } = source
  const mended = [...kinds].filter((kind) => source.lists[kind].trouble !== undefined)
  if (mended.length > 0) onEvent({ kind: 'read-again', connection, lists: mended })
  else if (source.trouble) onEvent({ kind: 'read-again', connection })
  source.trouble = undefined
  for (const kind of kinds) source.lists[kind].trouble = undefined
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
