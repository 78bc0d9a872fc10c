import type { InForce } from '../call/in-force.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold, Held } from '../model/function-hold.ts'
import type { JsonObject } from '../model/json.ts'
import { type Listed, listedKindOf, type McpKind, mcpKinds } from '../model/mcp-listing.ts'
import { type Acceptance, type Accepted, acceptHold } from './accept.ts'
import { departure } from './judge.ts'
import { openKnownHolds } from './known-holds.ts'
import { hearOfChange } from './list-news.ts'
import { listedOf } from './listed.ts'
import { type Looks, openLooks } from './looks.ts'
import type { CatalogueNeeds } from './needs.ts'
import { offeredBy } from './offered.ts'
import { type Source, sourcesOf } from './source.ts'
import { writeDown } from './write-down.ts'

/** Where one upstream describes itself, and how that goes. Times are Unix milliseconds. */
export type SourceState = Pick<Source, 'connection' | 'kind' | 'address' | 'everyMs' | 'readAt'> & {
  /** How many operations it describes; undefined: it was never read. */
  readonly operations: number | undefined
  /** Of it, or else of the first of `lists`. */
  readonly problem: string | undefined
  /** Since when it could not be read; undefined: it could the last time. */
  readonly problemAt: number | undefined
  /** It was not read for so long, or states a definition that cannot be read: all its functions are refused. */
  readonly isRefused: boolean
  /** Of an MCP server, the kinds of its lists that could not be read the last time that it was asked for them. */
  readonly lists: readonly ListState[]
}

export type ListState = {
  readonly list: McpKind
  readonly problem: string
  readonly problemAt: number
  /** They were not read for so long: the functions that are listed there are refused. */
  readonly isRefused: boolean
}

export type Catalogue = {
  readonly start: () => void
  /** As `Gate` says. */
  readonly isHeld: (functionId: string) => Held | undefined | Promise<Held | undefined>
  /** As `Gate` says. */
  readonly onWire: (connection: string, stated: string) => void
  /** What callers may be shown of one connection's functions of a kind, by a look that is as young as at a call. */
  readonly listed: (connection: string, kind: McpKind) => Promise<Listed>
  /** What an MCP server says it can do, as it was read last; see offered.ts. */
  readonly offered: (connection: string) => Promise<JsonObject>
  /** Grows whenever what callers may be shown of these lists was found to be something else. */
  readonly listRevision: (connection: string, kind: McpKind) => number
  /** Grows whenever one of these does. */
  readonly listRevisions: () => number
  /** An MCP server says that these lists are others now. Returns at once. */
  readonly onListChanged: (connection: string, kind: McpKind) => void
  /** Whether it is refused by what is known of it now; nothing is looked at. */
  readonly isQuarantined: (functionId: string) => boolean
  /** As it is known here, ended ones too. */
  readonly holdOf: (functionId: string) => FunctionHold | undefined
  readonly holds: () => readonly FunctionHold[]
  readonly sources: () => readonly SourceState[]
  /** One person accepts exactly what was found; who may is for the caller to say. */
  readonly accept: (acceptance: Acceptance) => Promise<Accepted>
  readonly close: () => Promise<void>
}

/**
 * Compares what upstreams say of themselves with what was registered, every interval and whenever one says on the
 * wire that it changed. What departs is refused from that moment on here, and, once that is written down, by the
 * store, so everywhere. A crash between the two is found again by the first look of the next start.
 */
export async function openCatalogue(needs: CatalogueNeeds): Promise<Catalogue> {
  const { limits, elapsed, onEvent } = needs
  const fail = (cause: unknown) => onEvent({ kind: 'failed', cause })
  const known = await openKnownHolds(needs.store, fail)
  const stop = new AbortController()
  const followed = followRules(needs)
  const settle = async (connection: string, source?: Source): Promise<void> => {
    const { rules, sources } = followed()
    // Another rulebook reads it elsewhere: what was found where it was says nothing.
    if (!rules || (source && sources.get(connection) !== source)) return
    const isWritten = await writeDown(needs, known, { rules, connection, source })
    if (source) source.isUnwritten = !isWritten
  }
  let revisions = 0
  const onOther = (source: Source, kind: McpKind) => {
    source.lists[kind].revision += 1
    revisions += 1
  }
  const looks = openLooks(needs, {
    ...{ signal: stop.signal, onOther },
    settle: (source) => settle(source.connection, source),
  })
  let settledFor: InForce | undefined
  let readAllAt = elapsed() + limits.holdsReadMs
  const tick = async (): Promise<void> => {
    const { rules, sources } = followed()
    if (elapsed() >= readAllAt) {
      await known.readAll()
      readAllAt = elapsed() + limits.holdsReadMs
    }
    if (rules && settledFor !== rules) {
      settledFor = rules
      for (const { id } of rules.rulebook.connections) await settle(id)
    }
    for (const source of sources.values()) {
      if (source.looking) continue
      const isDue = elapsed() >= Math.max(source.dueAt, source.notBefore)
      if (isDue) void looks.once(source)
      else if (source.isUnwritten) await settle(source.connection, source)
    }
  }
  const turns = everySoOften(tick, { everyMs: limits.catalogueTickMs, onFailure: fail })
  const judge = (functionId: string): Held | undefined => {
    const fn = followed().functions.get(functionId)
    const hold = known.all().get(functionId)
    if (hold?.state === 'quarantined') return { why: hold.why }
    const source = fn?.source && followed().sources.get(fn.connection)
    const why = fn && source && whyRefused(needs, { fn, source, hold })
    return why && { why }
  }

  return {
    start: turns.start,
    isHeld: (functionId) => heldNow({ looks, elapsed, judge, followed }, functionId),
    ...listsOf({ looks, elapsed, judge, followed, limits }),
    listRevisions: () => revisions,
    onWire: (connection, stated) => {
      const source = followed().sources.get(connection)
      if (!source || source.stated === stated) return
      const isAnother = source.stated !== undefined && !source.looked.has(stated)
      const isFirst = source.stated === undefined
      source.stated = stated
      if (isAnother) source.wanted += 1
      // The first one is not another one; what was read before it may be of one before, so it is read again.
      if (isAnother || isFirst) source.dueAt = elapsed()
      if (elapsed() >= source.dueAt && elapsed() >= source.notBefore) void looks.once(source)
    },
    isQuarantined: (functionId) => judge(functionId) !== undefined,
    holdOf: (functionId) => known.all().get(functionId),
    holds: () => [...known.all().values()],
    sources: () => [...followed().sources.values()].map((source) => stateOf(needs, source)),
    accept: async (acceptance) => {
      const accepted = await acceptHold(needs, known, acceptance)
      if ('hold' in accepted) shownAgain(followed(), acceptance.function, onOther)
      return accepted
    },
    close: async () => {
      stop.abort()
      known.close()
      await turns.stop()
      await Promise.all([...followed().sources.values()].map(({ looking }) => looking))
    },
  }
}

type Followed = {
  readonly rules: InForce | undefined
  readonly functions: ReadonlyMap<string, FunctionDefinition>
  readonly sources: ReadonlyMap<string, Source>
}

/** What the rulebook in force means here; asked at every call, so put together once a rulebook. */
function followRules({
  rules,
  elapsed,
}: Pick<CatalogueNeeds, 'rules' | 'elapsed'>): () => Followed {
  let followed: Followed = { rules: undefined, functions: new Map(), sources: new Map() }
  return () => {
    const current = rules()
    if (current === followed.rules) return followed
    const rulebook = current?.rulebook ?? { functions: [], connections: [] }
    followed = {
      rules: current,
      functions: new Map(rulebook.functions.map((fn) => [fn.id, fn])),
      sources: sourcesOf(rulebook, followed.sources, elapsed()),
    }
    return followed
  }
}

/** What is asked about lists of MCP servers. */
function listsOf(
  at: Fresh & Pick<CatalogueNeeds, 'limits'> & { readonly followed: () => Followed },
): Pick<Catalogue, 'listed' | 'offered' | 'listRevision' | 'onListChanged'> {
  const sourceOf = (connection: string) => at.followed().sources.get(connection)
  return {
    listed: (connection, kind) => listedWhenFresh(at, { connection, kind }),
    offered: (connection) => offeredBy(sourceOf(connection), at),
    listRevision: (connection, kind) => sourceOf(connection)?.lists[kind].revision ?? 0,
    onListChanged: (connection, kind) => {
      const source = sourceOf(connection)
      if (source) hearOfChange(source, kind, at)
    },
  }
}

function shownAgain(
  { functions, sources }: Followed,
  functionId: string,
  onOther: (source: Source, kind: McpKind) => void,
): void {
  const fn = functions.get(functionId)
  const kind = fn && listedKindOf(fn)
  const source = fn && sources.get(fn.connection)
  if (source && kind) onOther(source, kind)
}

type Fresh = Pick<CatalogueNeeds, 'elapsed'> & {
  readonly looks: Looks
  readonly judge: (functionId: string) => Held | undefined
}

function heldNow(
  at: Fresh & { readonly followed: () => Followed },
  functionId: string,
): Held | undefined | Promise<Held | undefined> {
  const { looks, judge } = at
  const { functions, sources } = at.followed()
  const fn = functions.get(functionId)
  const source = fn?.source && sources.get(fn.connection)
  const kind = fn && listedKindOf(fn)
  if (source?.kind === 'mcp' && kind) {
    return whenFresh(at, { source, kind }, (isFresh) => {
      return judge(functionId) ?? (isFresh ? undefined : { why: 'unread' })
    })
  }
  if (!source || source.confirmed >= source.wanted) return judge(functionId)
  return looks.confirm(source).then(() => judge(functionId))
}

async function listedWhenFresh(
  at: Fresh & { readonly followed: () => Followed },
  { connection, kind }: { readonly connection: string; readonly kind: McpKind },
): Promise<Listed> {
  const source = at.followed().sources.get(connection)
  if (source?.kind !== 'mcp') return { problem: 'It is no MCP server.' }
  return whenFresh(at, { source, kind }, (isFresh) => {
    const { problem = 'It was not read in time.' } =
      source.lists[kind].trouble ?? source.trouble ?? {}
    if (!isFresh) return { problem }
    const own = [...at.followed().functions.values()].filter(
      (fn) => fn.connection === connection && listedKindOf(fn) === kind && !at.judge(fn.id),
    )
    return listedOf(source, own)
  })
}

type KindOfSource = { readonly source: Source & { readonly kind: 'mcp' }; readonly kind: McpKind }

/** At once where what is known is young enough; else after a look that begins now, or has just begun. */
function whenFresh<Answer>(
  { looks, elapsed }: Pick<Fresh, 'looks' | 'elapsed'>,
  { source, kind }: KindOfSource,
  answer: (isFresh: boolean) => Answer,
): Answer | Promise<Answer> {
  const list = source.lists[kind]
  const moment = Math.max(elapsed() - source.maxAgeMs, list.changedAt)
  const isFresh = () => source.described !== undefined && list.freshAsOf >= moment
  if (isFresh()) return answer(true)
  return looks.since(source, kind, moment).then(() => answer(isFresh()))
}

type At = Pick<CatalogueNeeds, 'elapsed' | 'limits'>

/** Derived when it is asked: that nobody looks any more cannot keep a function callable. */
function whyRefused(
  at: At,
  on: {
    readonly fn: FunctionDefinition
    readonly source: Source
    readonly hold: FunctionHold | undefined
  },
): FunctionHold['why'] | undefined {
  const { source } = on
  if (source.confirmed < source.wanted) return 'drift'
  // What was read of an MCP server is as old as its connection allows, or is read again now.
  if (source.kind !== 'mcp' && isUnconfirmed(at, source)) return 'gone'
  return source.described && departure(on.fn, source.described, on.hold)
}

function isUnconfirmed({ elapsed, limits }: At, source: Source): boolean {
  return elapsed() - source.confirmedAt > source.everyMs * limits.descriptionLooksMissed
}

function stateOf(at: At, source: Source): SourceState {
  const { connection, kind, address, everyMs, readAt, described, trouble } = source
  const lists = mcpKinds.flatMap((list) => listState(at, source, list))
  const isOld = source.kind === 'mcp' ? isUnread(at, source) : isUnconfirmed(at, source)
  const isRefused = source.confirmed < source.wanted || isOld
  const operations = described?.size
  const known = { connection, kind, address, everyMs, readAt, operations }
  const { problem, problemAt } = trouble
    ? { problem: trouble.problem, problemAt: trouble.since }
    : { ...lists[0] }
  return { ...known, problem, problemAt, isRefused, lists }
}

function listState(at: At, source: Source, list: McpKind): readonly ListState[] {
  const { trouble } = source.lists[list]
  if (source.kind !== 'mcp' || !trouble) return []
  const { problem, since: problemAt } = trouble
  return [{ list, problem, problemAt, isRefused: isTooOld(at, source, list) }]
}

type McpSource = Source & { readonly kind: 'mcp' }

/** Whoever calls waits for a look, and what is known is older than its connection allows. */
function isTooOld({ elapsed }: At, { lists, maxAgeMs }: McpSource, list: McpKind): boolean {
  return lists[list].freshAsOf < elapsed() - maxAgeMs
}

/** The last look found nothing of any kind; of one that was never read one kind is enough for that. */
function isUnread(at: At, source: McpSource): boolean {
  const isTroubled = (list: McpKind) => source.lists[list].trouble !== undefined
  const isAll = source.described ? mcpKinds.every(isTroubled) : mcpKinds.some(isTroubled)
  if (!source.trouble && !isAll) return false
  return mcpKinds.every((list) => isTooOld(at, source, list))
}

/** Turns one after the other, never two at once. */
function everySoOften(
  turn: () => Promise<void>,
  {
    everyMs,
    onFailure,
  }: { readonly everyMs: number; readonly onFailure: (cause: unknown) => void },
): { readonly start: () => void; readonly stop: () => Promise<void> } {
  let timer: ReturnType<typeof setInterval> | undefined
  let running: Promise<void> | undefined
  const run = () => {
    running ??= turn()
      .catch(onFailure)
      .finally(() => {
        running = undefined
      })
  }
  return {
    start: () => {
      run()
      timer = setInterval(run, everyMs)
    },
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
