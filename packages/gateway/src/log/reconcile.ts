import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { Conflict, type Leaves, type Ledger } from '../store/store.ts'

/**
 * Says of every call that was begun and did not end: nobody knows. `restart`: calls of earlier boots, and of
 * gateways that are gone, once on start, before the first call, and now and then where gateways share the log. `stop`: calls of this boot, when nothing else is written any more. Whether the
 * upstream acted cannot be seen from here, so no ending is guessed. Returns how many there were. A crash in
 * the middle leaves the rest to the next start.
 */
export async function reconcile(
  store: Ledger & Pick<Leaves, 'callsWithoutEnding'>,
  options: {
    readonly boot: string
    readonly now: () => number
    readonly reason: 'restart' | 'stop'
  },
): Promise<number> {
  const { boot, reason } = options
  const refused = new Map<number, Conflict>()
  for (let count = 0; ; ) {
    const time = options.now()
    const intents = await store.callsWithoutEnding(Number.MAX_SAFE_INTEGER)
    const left = intents
      .map(({ index, bytes }) => ({ index, record: parseLeaf(bytes) }))
      .filter(({ record }) => (record.emitter.boot === boot) === (reason === 'stop'))
    if (left.length === 0) return count
    for (const { index } of left) {
      const conflict = refused.get(index)
      if (conflict) throw conflict
    }
    await Promise.all(
      left.map(({ index, record }) => {
        if (record.type !== 'call.authorized') throw new Error(`leaf ${index} is no intent`)
        const { call, session = '' } = record
        const ended = { time: new Date(time).toISOString(), call, session, intent: index, reason }
        return (
          store
            .commit({ record: { type: 'reconcile.indeterminate', ...ended }, payloads: [] })
            // Another gateway may have said it first; then it is not open the next time.
            .catch((thrown) => {
              if (!(thrown instanceof Conflict)) throw thrown
              refused.set(index, thrown)
            })
        )
      }),
    )
    count += left.length
  }
}
