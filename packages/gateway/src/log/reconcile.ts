import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Leaves, Ledger } from '../store/store.ts'

/**
 * Says of every call that an earlier boot began and did not end: nobody knows. Run once on start,
 * before the first call. Whether the upstream acted cannot be seen from here, so no ending is guessed.
 * Returns how many there were. A crash in the middle leaves the rest to the next start.
 */
export async function reconcile(
  store: Ledger & Pick<Leaves, 'callsWithoutEnding'>,
  options: { readonly boot: string; readonly now: () => number },
): Promise<number> {
  for (let count = 0; ; ) {
    const time = options.now()
    const intents = await store.callsWithoutEnding(Number.MAX_SAFE_INTEGER)
    const left = intents
      .map(({ index, bytes }) => ({ index, record: parseLeaf(bytes) }))
      .filter(({ record }) => record.emitter.boot !== options.boot)
    if (left.length === 0) return count
    await Promise.all(
      left.map(({ index, record }) => {
        if (record.type !== 'call.authorized') throw new Error(`leaf ${index} is no intent`)
        return store.commit({
          record: {
            type: 'reconcile.indeterminate',
            time: new Date(time).toISOString(),
            call: record.call,
            session: record.session ?? '',
            intent: index,
            reason: 'restart',
          },
          payloads: [],
        })
      }),
    )
    count += left.length
  }
}
