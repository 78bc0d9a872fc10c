import type { Leaves } from '../store/store.ts'

/** Those of one tile: about a millisecond of reading, and one of hashing; calls are answered in between. */
const leavesAtOnce = 256

/** The exact bytes of the leaves from `from` up to `to` (exclusive), in pages. Throws when one is missing. */
export async function* leafPages(
  store: Pick<Leaves, 'leaves'>,
  from: number,
  to: number,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  for (let next = from; next < to; ) {
    const page = await store.leaves(next, Math.min(leavesAtOnce - (next % leavesAtOnce), to - next))
    if (page.length === 0 || page[0]?.index !== next)
      throw new Error(`leaf ${next} is not in the store`)
    yield page.map(({ bytes }) => bytes)
    next += page.length
    await new Promise((resolve) => setImmediate(resolve))
  }
}
