import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import type { Leaves } from '../store/store.ts'

/**
 * Leaves from `start` on, as they become durable, whichever process wrote them. Ends when `signal`
 * aborts. Yields undefined when there was nothing new for a while, so that the reader can do other things.
 */
export async function* tail(
  store: Leaves,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly index: number; readonly leaf: LeafRecord } | undefined> {
  let next = start
  while (!signal.aborted) {
    const leaves = await store.leaves(next, batch)
    for (const { index, bytes } of leaves) {
      yield { index, leaf: parseLeaf(bytes) }
      next = index + 1
    }
    if (leaves.length > 0) continue
    yield undefined
    await pause(signal)
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, pollMs)
    signal.addEventListener('abort', done)
  })
}

/** One read of the store's last page; soon enough for a person who watches. */
const pollMs = 250
const batch = 200
