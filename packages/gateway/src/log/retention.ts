import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Ledger, Payloads } from '../store/store.ts'

export type RetentionNeeds = {
  readonly store: Ledger & Pick<Payloads, 'payloadsDue'>
  /** How long payloads are kept, milliseconds by class. */
  readonly classes: Readonly<Record<string, number>>
  readonly now: () => number
  readonly limits: {
    readonly retentionPassMs: number
    readonly retentionScanRecords: number
    readonly expiredPerRecord: number
  }
  readonly onFailure: (thrown: unknown) => void
}

export type Retention = {
  /** Destroys what is due now. Resolves with the number of records whose payloads are gone. */
  readonly pass: () => Promise<number>
  /** Makes a pass now and then one every so often, until closed. */
  readonly start: () => void
  /** Waits for what is under way. */
  readonly close: () => Promise<void>
}

/**
 * Destroys payloads whose time is over, class by class, and says so in the log (`payload.expired`) in the
 * same transaction. Only what a class of today covers: payloads recorded under a class that is no longer
 * configured stay until it is again, because what was destroyed too early cannot be brought back. A crash
 * in between leaves the rest to the next pass.
 */
export function openRetention(needs: RetentionNeeds): Retention {
  const { classes, limits, onFailure } = needs
  /** Where each class's search goes on; what was destroyed is also remembered by the store. */
  const seen = new Map<string, number>()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  const pass = async () => {
    let count = 0
    for (const name of Object.keys(classes)) count += await expire(needs, name, seen, () => closed)
    return count
  }
  const turn = () => {
    running = running.then(pass).catch(onFailure)
  }
  return {
    pass,
    start: () => {
      turn()
      timer = setInterval(turn, limits.retentionPassMs)
      timer.unref()
    },
    close: async () => {
      closed = true
      clearInterval(timer)
      await running
    },
  }
}

async function expire(
  { store, classes, now, limits }: RetentionNeeds,
  name: string,
  seen: Map<string, number>,
  stopped: () => boolean,
): Promise<number> {
  const period = classes[name]
  if (period === undefined) return 0
  const before = now() - period
  let count = 0
  for (let more = true; more && !stopped(); ) {
    const from = seen.get(name)
    const due = await store.payloadsDue({
      class: name,
      standard: name === 'standard',
      before,
      limit: limits.retentionScanRecords,
      ...(from !== undefined && { from }),
    })
    for (let at = 0; at < due.records.length; at += limits.expiredPerRecord) {
      const records = due.records.slice(at, at + limits.expiredPerRecord)
      const last = at + limits.expiredPerRecord >= due.records.length
      const next = last ? due.next : (records.at(-1) ?? due.next) + 1
      const time = new Date(now()).toISOString()
      await store.commit({
        record: { type: 'payload.expired', time, class: name, period, records },
        payloads: [],
        change: { kind: 'payload.expire', class: name, records, next },
      })
      count += records.length
    }
    seen.set(name, due.next)
    more = due.more
    // Reads answer at once, so without this a long search would be one turn.
    await nextTurn()
  }
  return count
}
