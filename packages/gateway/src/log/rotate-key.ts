import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Leaves, Ledger } from '../store/store.ts'
import { leafPages } from './leaf-pages.ts'
import type { LogKeys, Rotation } from './log-key.ts'

export type Rotations = {
  /** Records what a crash, or a log that could not be written, kept from being recorded. */
  readonly finish: () => Promise<void>
  /** Returns the new verifier key. Conflict while as many keys sign as may. */
  readonly rotate: (by: string) => Promise<{ readonly key: string }>
}

/** Changes of the log's key: one at a time, each recorded once, in the order in which they were made. */
export function openRotations(needs: {
  readonly ledger: Ledger
  readonly store: Pick<Leaves, 'leaves' | 'size'>
  readonly keys: Pick<LogKeys, 'recorded' | 'rotate' | 'unrecorded'>
  readonly now: () => number
}): Rotations {
  const { ledger, store, keys, now } = needs
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  const finish = async () => {
    for (const rotation of keys.unrecorded()) {
      const { key, previous, by } = rotation
      if (!(await isRecorded(store, rotation))) {
        const time = new Date(now()).toISOString()
        const record = { type: 'key.rotated', time, key, previous, by } as const
        await ledger.commit({ record, payloads: [] })
      }
      // A crash before this line leaves the record, which the next start finds.
      await keys.recorded(rotation)
    }
  }
  return {
    finish: () => inTurn(finish),
    rotate: (by) =>
      inTurn(async () => {
        await finish()
        const { key } = await keys.rotate({ by, now: now(), size: await store.size() })
        // A crash before this line leaves the rotation in the key file, which the next start records.
        await finish()
        return { key }
      }),
  }
}

/** Looks only where its record can be: nobody waits for a whole log to be read. */
async function isRecorded(
  store: Pick<Leaves, 'leaves' | 'size'>,
  { key, previous, since }: Rotation,
): Promise<boolean> {
  for await (const page of leafPages(store, since, await store.size())) {
    for (const leaf of page) {
      const record = parseLeaf(leaf)
      const says = record.type === 'key.rotated' && record.key === key
      if (says && record.previous === previous) return true
    }
  }
  return false
}
