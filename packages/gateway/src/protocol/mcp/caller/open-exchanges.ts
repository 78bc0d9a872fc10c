import { randomUUID } from 'node:crypto'
import { type AskedOfCaller, OpenExchange } from './open-exchange.ts'

/** Calls under way, by an id that cannot be guessed: a retry finds the one that it belongs to, at this instance only. */
export type OpenExchanges = {
  readonly open: (
    asking: (wanted: ReadonlyMap<string, AskedOfCaller>, id: string) => Uint8Array | undefined,
  ) => { readonly id: string; readonly exchange: OpenExchange }
  readonly find: (id: string) => OpenExchange | undefined
  readonly close: (id: string) => void
  /** The gateway stops: no retry will come. */
  readonly stop: () => void
}

export function openExchanges(): OpenExchanges {
  const known = new Map<string, OpenExchange>()
  let isStopping = false
  return {
    open: (asking) => {
      // 122 random bits. Node asks the system for those of many at once.
      const id = randomUUID()
      const exchange = new OpenExchange((wanted) => asking(wanted, id))
      known.set(id, exchange)
      if (isStopping) exchange.stop()
      return { id, exchange }
    },
    find: (id) => known.get(id),
    close: (id) => known.delete(id),
    stop: () => {
      isStopping = true
      for (const exchange of known.values()) exchange.stop()
    },
  }
}
