import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Catalogue, type CatalogueEvent, openCatalogue } from './catalogue/catalogue.ts'
import { type Coverage, coverageOf } from './catalogue/coverage.ts'
import { type HoldEvent, holdMessage } from './catalogue/hold-message.ts'
import { openKnownTexts } from './catalogue/known-texts.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import { faultOf } from './log/fault.ts'
import type { Message } from './model/message.ts'
import type { Notice } from './model/notice.ts'
import { readJsonBody } from './protocol/http/json-body.ts'
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
}): Promise<Functions> {
  const { config, store, rulebooks, log } = rooms
  const folder = config.home === 'memory' ? undefined : join(config.home, 'descriptions')
  const catalogue = await openCatalogue({
    parse: (bytes, depthMax) => readJsonBody(bytes, depthMax).value,
    describe: describeOpenApi,
    store,
    rules: rulebooks.current,
    texts: openKnownTexts(folder),
    now: Date.now,
    elapsed: () => performance.now(),
    limits,
    onEvent: (event) => tell(log, event),
  })
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
      const { connection, why } = event
      log.warn({ connection, why }, 'what an upstream says of itself cannot be read')
      break
    }
    case 'read-again':
      log.info({ connection: event.connection }, 'an upstream describes itself again')
      break
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
