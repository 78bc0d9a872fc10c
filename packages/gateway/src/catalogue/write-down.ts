import type { InForce } from '../call/in-force.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import type { Notice, NoticeEvent } from '../model/notice.ts'
import { Conflict } from '../store/store.ts'
import { changesAfter, type HoldChange } from './judge.ts'
import type { KnownHolds } from './known-holds.ts'
import type { CatalogueNeeds } from './needs.ts'
import type { Source } from './source.ts'

/**
 * Writes down what follows from the last look at a connection, and remembers descriptions that are what is
 * registered. False when something could not be written: it is tried again, and refused here meanwhile.
 */
export async function writeDown(
  needs: Pick<CatalogueNeeds, 'store' | 'texts' | 'now' | 'limits' | 'onEvent'>,
  known: KnownHolds,
  at: {
    readonly rules: InForce
    readonly connection: string
    readonly source: Source | undefined
  },
): Promise<boolean> {
  const { rules, connection, source } = at
  const { functions } = rules.rulebook
  const described = source?.described
  const changes = changesAfter({
    connection,
    functions,
    described,
    holds: known.all(),
    textOf: needs.texts.textOf,
    now: needs.now(),
    newMax: needs.limits.newFunctionsKept,
  })
  let isWhole = true
  let tellsOfNew = false
  for (const change of changes) {
    const isNew = change.hold.why === 'new'
    // One message says that there are new ones; five hundred would say less.
    const channels = isNew && tellsOfNew ? [] : rules.reviews.notify
    if (isNew && !change.ended) tellsOfNew = true
    const written = await write(needs, known, { change, channels })
    isWhole &&= written
  }
  for (const { id, source: registered } of functions) {
    const operation = registered && described?.get(registered.operation)
    if (operation && operation.digest === registered.digest) await needs.texts.keep(id, operation)
  }
  return isWhole
}

async function write(
  { store, onEvent }: Pick<CatalogueNeeds, 'store' | 'onEvent'>,
  known: KnownHolds,
  { change, channels }: { readonly change: HoldChange; readonly channels: readonly string[] },
): Promise<boolean> {
  const { hold, expectedRevision, ended } = change
  const { function: fn, connection, why, registered, found } = hold
  const time = new Date(ended ? (hold.accepted?.at ?? hold.since) : hold.since).toISOString()
  try {
    await store.commit({
      record: ended
        ? { type: 'function.accepted', time, fn, connection, found, ...ended }
        : { type: 'function.quarantined', time, fn, connection, why, registered, found },
      payloads: [],
      change: { kind: 'function.hold', hold, expectedRevision },
      notices: ended ? [] : noticesOf(hold, 'function.quarantined', channels),
    })
  } catch (cause) {
    // Another gateway was first; what it wrote is judged at the next turn.
    if (cause instanceof Conflict) await known.readAll()
    else onEvent({ kind: 'failed', cause })
    return false
  }
  known.learn(hold)
  if (!ended) onEvent({ kind: 'held', function: fn, why })
  return true
}

/** Who is told of a change of this hold, in the same commit. */
export function noticesOf(
  hold: FunctionHold,
  event: Extract<NoticeEvent, 'function.quarantined' | 'function.accepted'>,
  channels: readonly string[],
): readonly Notice[] {
  const { function: about, revision, accepted, since } = hold
  const at = accepted?.at ?? since
  return channels.map((channel) => ({
    id: `${about}:${event}:${revision}:${channel}`,
    ...{ channel, event, about, at },
  }))
}
