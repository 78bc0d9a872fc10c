import { hash } from 'node:crypto'
import type { FunctionHold } from '../model/function-hold.ts'
import { Conflict } from '../store/store.ts'
import type { KnownHolds } from './known-holds.ts'
import type { CatalogueNeeds } from './needs.ts'
import { noticesOf } from './write-down.ts'

/** What one person accepts of a function that is held. */
export type Acceptance = {
  readonly function: string
  /** Digest of the description they have looked at; empty: that there is none any more. */
  readonly found: string
  /** Party id. */
  readonly by: string
  readonly note: string
}

export type AcceptRefused =
  /** Nothing waits for anybody. */
  | 'not-held'
  /** The upstream describes it otherwise by now. */
  | 'another'
  /** Nobody can have looked at it: its words are not here, as after a restart from the log alone. */
  | 'not-shown'
  /** It is not in the rulebook: there is nothing to be accepted yet. */
  | 'not-registered'

export type Accepted = { readonly hold: FunctionHold } | { readonly refused: AcceptRefused }

/**
 * The function is what it is described as now, as far as this person is concerned: it is callable again, and held
 * again by the next other description. Recorded before it takes effect.
 */
export async function acceptHold(
  { store, now, rules }: Pick<CatalogueNeeds, 'store' | 'now' | 'rules'>,
  known: KnownHolds,
  { function: id, found, by, note }: Acceptance,
): Promise<Accepted> {
  const hold = await store.functionHold(id)
  if (hold?.state !== 'quarantined') return { refused: 'not-held' }
  const current = rules()
  if (!current?.rulebook.functions.some((fn) => fn.id === id)) return { refused: 'not-registered' }
  if (hold.found !== found) return { refused: 'another' }
  const shown = hold.foundText === '' ? '' : `sha256:${hash('sha256', hold.foundText, 'hex')}`
  if (shown !== found) return { refused: 'not-shown' }
  const at = now()
  const accepted: FunctionHold = {
    ...hold,
    state: 'accepted',
    accepted: { by, at, note },
    revision: hold.revision + 1,
  }
  const time = new Date(at).toISOString()
  try {
    await store.commit({
      record: {
        type: 'function.accepted',
        time,
        fn: id,
        connection: hold.connection,
        found,
        by,
        note,
      },
      payloads: [],
      change: { kind: 'function.hold', hold: accepted, expectedRevision: hold.revision },
      notices: noticesOf(accepted, 'function.accepted', current.reviews.notify),
    })
  } catch (cause) {
    if (cause instanceof Conflict) return { refused: 'another' }
    throw cause
  }
  known.learn(accepted)
  return { hold: accepted }
}
