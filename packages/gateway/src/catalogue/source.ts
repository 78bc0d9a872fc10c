import type { Connection, McpConnection } from '../model/connection.ts'
import type { DescribedOperation } from '../model/described-operation.ts'
import type { JsonObject } from '../model/json.ts'
import { type McpKind, mcpKinds } from '../model/mcp-listing.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { Described } from './judge.ts'

/** What is known of one upstream that describes itself. Held by catalogue.ts; times are of its own clock. */
export type Source = Place & {
  readonly connection: string
  /** What is registered of it, as one text. */
  registered: string
  /** As it was read last; undefined: not yet. */
  described: Described | undefined
  /** The same as it was found. */
  seen: Seen | undefined
  /** When that was; before the first time: since when it is wanted. */
  confirmedAt: number
  /** The same as Unix milliseconds; undefined: never. */
  readAt: number | undefined
  /** How young what is known of each kind is, of an MCP server. */
  readonly lists: Readonly<Record<McpKind, ListAge>>
  /** The kinds that whoever waits wants to be read next, by a look that begins then or later. */
  readonly asked: Map<McpKind, number>
  /** Why it could not be asked the last time. */
  trouble: Trouble | undefined
  dueAt: number
  /** For when it was made due last because its server said that it changed. */
  noticedAt: number
  /** Until then it is not read, whoever asks. */
  notBefore: number
  /** Definitions it stated before a look that found it readable; see looks.ts. */
  readonly looked: Set<string>
  /** The definition it stated last on the wire. */
  stated: string | undefined
  /** Counts what it stated anew; described as of `confirmed`. */
  wanted: number
  confirmed: number
  /** Under way. */
  looking: Promise<void> | undefined
  /** What was found could not be written down yet. */
  isUnwritten: boolean
}

/** What kept a look from reading; since when looks in a row were, Unix milliseconds. */
export type Trouble = { readonly problem: string; readonly since: number }

/** Of the lists of one kind. */
export type ListAge = {
  /** Why these could not be read the last time that their server was asked for them. */
  trouble: Trouble | undefined
  /** When the last look at them began that is over. */
  begunAt: number
  /** The same of the last one that succeeded. */
  freshAsOf: number
  /** When their server said last that they are others; nothing that was read before counts. */
  changedAt: number
  /** Grows with each look that found them to be others, as far as callers may be shown them. */
  revision: number
}

/** Where it describes itself, and how often it is looked at without any need. */
export type Place = {
  /** What it is shown and known by. */
  readonly address: string
  readonly everyMs: number
} & (
  | { readonly kind: 'openapi' }
  | {
      readonly kind: 'mcp'
      readonly server: McpConnection
      /** How old what is known of it may be where somebody asks. */
      readonly maxAgeMs: number
    }
)

/** What one look found. The same `operations` again: nothing has changed since they were given first. */
export type Seen = {
  readonly operations: readonly (DescribedOperation & { readonly described?: JsonObject })[]
  /** Of an MCP server. */
  readonly capabilities?: JsonObject
}

/**
 * The connections of a rulebook whose upstreams describe themselves. What is known of those that stay is kept; where
 * something else is registered now, what was read before says nothing of it.
 */
export function sourcesOf(
  { connections, functions }: Pick<Rulebook, 'connections' | 'functions'>,
  known: ReadonlyMap<string, Source>,
  elapsed: number,
): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>()
  const registered = Map.groupBy(functions, ({ connection }) => connection)
  for (const connection of connections) {
    const place = placeOf(connection)
    if (!place) continue
    const { id } = connection
    const before = known.get(id)
    const own = (registered.get(id) ?? []).flatMap((fn) => (fn.source ? [fn.source] : []))
    const text = own.map(({ operation, digest }) => `${operation} ${digest}`).join('\n')
    // The same object: a look that is under way writes into it.
    const source =
      before && isSame(before, place) ? before : newSource({ connection: id, ...place }, elapsed)
    if (source.registered !== text) {
      source.described = undefined
      for (const list of Object.values(source.lists)) list.begunAt = Number.NEGATIVE_INFINITY
    }
    source.registered = text
    source.dueAt = elapsed
    sources.set(id, source)
  }
  return sources
}

function placeOf(connection: Connection): Place | undefined {
  if (connection.protocol === 'mcp') {
    const { upstream, describedEveryMs, definitionMaxAgeMs } = connection
    return {
      ...({ kind: 'mcp', server: connection } as const),
      ...{ address: upstream, everyMs: describedEveryMs, maxAgeMs: definitionMaxAgeMs },
    }
  }
  const { describedBy } = connection
  if (!describedBy) return undefined
  return { kind: 'openapi', address: describedBy.openapi, everyMs: describedBy.everyMs }
}

/** A server that is started otherwise, or asked with another credential, is another one. */
function isSame(before: Source, place: Place): boolean {
  if (before.kind !== place.kind || before.everyMs !== place.everyMs) return false
  if (before.kind === 'openapi' || place.kind === 'openapi') return before.address === place.address
  return JSON.stringify(before.server) === JSON.stringify(place.server)
}

function newSource(given: Place & Pick<Source, 'connection'>, elapsed: number): Source {
  return {
    ...given,
    registered: '',
    described: undefined,
    seen: undefined,
    confirmedAt: elapsed,
    readAt: undefined,
    lists: { tools: neverRead(), prompts: neverRead(), resources: neverRead() },
    asked: new Map(),
    trouble: undefined,
    dueAt: elapsed,
    noticedAt: Number.NEGATIVE_INFINITY,
    notBefore: elapsed,
    looked: new Set(),
    stated: undefined,
    wanted: 0,
    confirmed: 0,
    looking: undefined,
    isUnwritten: false,
  }
}

function neverRead(): ListAge {
  const never = Number.NEGATIVE_INFINITY
  return {
    ...{ trouble: undefined, begunAt: never, freshAsOf: never },
    ...{ changedAt: never, revision: 0 },
  }
}

export const everyKind: ReadonlySet<McpKind> = new Set(mcpKinds)
