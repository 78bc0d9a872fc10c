import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Catalogue, openCatalogue } from './catalogue/catalogue.ts'
import { type Coverage, coverageOf } from './catalogue/coverage.ts'
import { type HoldEvent, holdMessage } from './catalogue/hold-message.ts'
import { openKnownTexts } from './catalogue/known-texts.ts'
import type { CatalogueEvent, CatalogueNeeds } from './catalogue/needs.ts'
import { type ReadDescriptionNeeds, readDescription } from './catalogue/read-description.ts'
import type { Seen } from './catalogue/source.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import { faultOf } from './log/fault.ts'
import type { McpConnection } from './model/connection.ts'
import type { ListMcp, McpListing } from './model/mcp-listing.ts'
import type { Message } from './model/message.ts'
import type { Notice } from './model/notice.ts'
import { readJsonBody } from './protocol/door/json-body.ts'
import { describeMcp } from './rulebook/mcp-description.ts'
import type { Rulebooks } from './rulebook/open.ts'
import { describeOpenApi } from './rulebook/openapi-description.ts'
import type { Store } from './store/store.ts'

export type Functions = Catalogue & {
  /** Undefined: no rulebook is in force. */
  readonly coverage: () => Promise<Coverage | undefined>
  /** What people are told of a function; undefined: the notice is of something else. */
  readonly tellingOf: (notice: Notice) => { readonly message: Message | undefined } | undefined
}

/** Part of serve.ts: what upstreams say of themselves, compared with what is registered. */
export async function openFunctions(rooms: {
  readonly config: Pick<Config, 'home'>
  readonly store: Store
  readonly rulebooks: Pick<Rulebooks, 'current'>
  readonly log: Logger
  /** How MCP servers are asked. */
  readonly list: ListMcp
  /** Told once who wants to hear that MCP servers have other lists. */
  readonly hear: (listener: Catalogue['onListChanged']) => void
}): Promise<Functions> {
  const { config, store, rulebooks, log, list, hear } = rooms
  const folder = config.home === 'memory' ? undefined : join(config.home, 'descriptions')
  const catalogue = await openCatalogue({
    read: readerOf(list),
    store,
    rules: rulebooks.current,
    texts: openKnownTexts(folder),
    now: Date.now,
    elapsed: () => performance.now(),
    limits,
    onEvent: (event) => tell(log, event),
  })
  hear(catalogue.onListChanged)
  catalogue.start()
  return {
    ...catalogue,
    coverage: async () => {
      const rules = rulebooks.current()
      return rules && coverageOf(rules, { store, catalogue, limits })
    },
    tellingOf: (notice) => tellingOf(notice, { catalogue, rulebooks }),
  }
}

/** Looks at descriptions of both kinds. What a server lists in the same bytes again is not read again. */
function readerOf(list: ListMcp): CatalogueNeeds['read'] {
  const read = new WeakMap<McpConnection, { readonly listing: McpListing; readonly seen: Seen }>()
  const parse: ReadDescriptionNeeds['parse'] = (bytes, depthMax) =>
    readJsonBody(bytes, depthMax).value
  return async (place, signal, kinds) => {
    if (place.kind === 'openapi') {
      return readDescription({ parse, describe: describeOpenApi, limits }, place.address, signal)
    }
    // It may have to be started first.
    const timeout = AbortSignal.timeout(limits.mcpStartMs + limits.descriptionFetchMs)
    const before = read.get(place.server)
    const again = before && kinds && { kinds, before: before.listing }
    const listing = await list(place.server, AbortSignal.any([signal, timeout]), again)
    if ('problem' in listing) return { ...listing, busyMs: 0 }
    const { fingerprint, capabilities } = listing
    if (before?.listing.fingerprint === fingerprint) return { ...before.seen, busyMs: 0 }
    const started = performance.now()
    const described = describeMcp(listing)
    const busyMs = performance.now() - started
    if ('problem' in described) return { ...described, busyMs }
    const seen = { operations: described.operations, capabilities }
    read.set(place.server, { listing, seen })
    return { ...seen, busyMs }
  }
}

function tellingOf(
  { event, about }: Notice,
  given: { readonly catalogue: Catalogue; readonly rulebooks: Pick<Rulebooks, 'current'> },
): { readonly message: Message | undefined } | undefined {
  const { catalogue, rulebooks } = given
  if (!isOfFunction(event)) return undefined
  const hold = catalogue.holdOf(about)
  const fn = rulebooks.current()?.rulebook.functions.find(({ id }) => id === about)
  const newOnes = catalogue.holds().filter(({ state, why, connection }) => {
    return state === 'quarantined' && why === 'new' && connection === hold?.connection
  }).length
  return { message: holdMessage({ event, about }, { hold, fn, newOnes }) }
}

function isOfFunction(event: Notice['event']): event is HoldEvent {
  return event === 'function.quarantined' || event === 'function.accepted'
}

function tell(log: Logger, event: CatalogueEvent): void {
  switch (event.kind) {
    case 'unread': {
      const { connection, why, lists } = event
      const facts = { connection, why, ...(lists && { lists }) }
      log.warn(facts, 'what an upstream says of itself cannot be read')
      break
    }
    case 'read-again': {
      const { connection, lists } = event
      log.info({ connection, ...(lists && { lists }) }, 'an upstream describes itself again')
      break
    }
    case 'held': {
      const { function: fn, why } = event
      const said = why === 'new' ? 'an operation is not registered' : 'A FUNCTION IS QUARANTINED'
      log.warn({ function: fn, why }, said)
      break
    }
    case 'failed':
      log.error({ cause: faultOf(event.cause) }, 'the catalogue failed; it tries again')
  }
}
