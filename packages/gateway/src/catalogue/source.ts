import type { Rulebook } from '../model/rulebook.ts'
import type { Described } from './judge.ts'

/** What is known of one upstream that describes itself. Held by catalogue.ts; times are of its own clock. */
export type Source = {
  readonly connection: string
  readonly openapi: string
  readonly everyMs: number
  /** What is registered of it, as one text. */
  registered: string
  /** As it was read last; undefined: not yet. */
  described: Described | undefined
  /** When that was; before the first time: since when it is wanted. */
  confirmedAt: number
  /** The same as Unix milliseconds; undefined: never. */
  readAt: number | undefined
  /** Why it could not be read the last time; undefined: it could. */
  problem: string | undefined
  dueAt: number
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
  for (const { id, describedBy } of connections) {
    if (!describedBy) continue
    const { openapi, everyMs } = describedBy
    const before = known.get(id)
    const own = (registered.get(id) ?? []).flatMap((fn) => (fn.source ? [fn.source] : []))
    const text = own.map(({ operation, digest }) => `${operation} ${digest}`).join('\n')
    const stays = before?.openapi === openapi && before.everyMs === everyMs
    // The same object: a look that is under way writes into it.
    const source = stays ? before : newSource({ connection: id, openapi, everyMs }, elapsed)
    if (source.registered !== text) source.described = undefined
    source.registered = text
    source.dueAt = elapsed
    sources.set(id, source)
  }
  return sources
}

function newSource(
  given: Pick<Source, 'connection' | 'openapi' | 'everyMs'>,
  elapsed: number,
): Source {
  return {
    ...given,
    registered: '',
    described: undefined,
    confirmedAt: elapsed,
    readAt: undefined,
    problem: undefined,
    dueAt: elapsed,
    notBefore: elapsed,
    looked: new Set(),
    stated: undefined,
    wanted: 0,
    confirmed: 0,
    looking: undefined,
    isUnwritten: false,
  }
}
