import type { MessageId } from '../message/upstream-message.ts'

/** Requests that are being answered, by session and id: their caller can take them back. */
export type Cancellations = {
  /** Undefined session: nobody can be told apart, so nothing can be taken back and there is no signal. */
  readonly begin: (
    owner: string | undefined,
    id: MessageId,
  ) => { readonly cancelled: AbortSignal | undefined; readonly over: () => void }
  readonly cancel: (owner: string, id: MessageId) => void
}

export function openCancellations(): Cancellations {
  // Ids are not to be used twice; where one is, both requests are taken back.
  const known = new Map<string, Set<AbortController>>()
  // A number is no string: `1` and `"1"` are different ids.
  const keyOf = (owner: string, id: MessageId) => JSON.stringify([owner, id])
  return {
    begin: (owner, id) => {
      if (owner === undefined) return { cancelled: undefined, over: () => {} }
      const taking = new AbortController()
      const key = keyOf(owner, id)
      known.set(key, (known.get(key) ?? new Set()).add(taking))
      const over = () => {
        const same = known.get(key)
        same?.delete(taking)
        if (same?.size === 0) known.delete(key)
      }
      return { cancelled: taking.signal, over }
    },
    cancel: (owner, id) => {
      for (const one of known.get(keyOf(owner, id)) ?? []) one.abort()
    },
  }
}
