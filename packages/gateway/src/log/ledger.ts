import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { RecordDraft } from '@sallyport/evidence/record'
import { type Entry, type Leaves, type Ledger, Unavailable } from '../store/store.ts'

type Outcome = Extract<RecordDraft, { readonly type: 'call.outcome' }>

/** What goes on when nothing new may begin: how something ended, and that the log is alive. */
const alwaysRecorded: ReadonlySet<RecordDraft['type']> = new Set([
  'call.outcome',
  'call.chunk',
  'reconcile.indeterminate',
  'heartbeat',
])

/**
 * The one ledger of a gateway whose log is published. Tells the publisher of every new leaf; refuses
 * what begins something while publishing has failed for too long, and everything that is dated by a clock that
 * jumped: a date in the future would stay the log's newest; and remembers the calls whose outcome could not be written, so that the log says so as soon as it can (`reconcile.indeterminate`).
 */
export function openLedger(needs: {
  readonly store: Ledger &
    Pick<Leaves, 'leavesOfCall'> & { readonly refusing: () => string | undefined }
  /** Why nothing new may begin now. */
  readonly refusing: () => string | undefined
  /** Why a record of this date (Unix milliseconds) may not be written now. */
  readonly objection: (date: number) => string | undefined
  readonly nudge: () => void
  readonly now: () => number
  /** How long after an outcome was lost the log may say so; whoever writes it may still try again. */
  readonly lostAfterMs: number
}): Ledger & {
  /** Refuses everything from now on, and waits for what is being written. */
  readonly close: () => Promise<void>
} {
  const { store, now, lostAfterMs } = needs
  const lost = new Map<number, { readonly outcome: Outcome; readonly at: number }>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const underWay = new Set<Promise<unknown>>()

  const commit = async (entry: Entry) => {
    if (closed) throw new Unavailable('the log is closed')
    const committing = store.commit(entry)
    underWay.add(committing)
    try {
      const committed = await committing
      needs.nudge()
      return committed
    } finally {
      underWay.delete(committing)
    }
  }
  const arm = () => {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      // It was refused once; being refused again is no news, and it is tried again.
      void reconcile().then(arm, arm)
    }, lostAfterMs)
    if (lost.size === 0) {
      clearTimeout(timer)
      timer = undefined
    }
  }
  const reconcile = async () => {
    if (store.refusing() !== undefined) return
    for (const [intent, { outcome, at }] of lost) {
      if (now() - at < lostAfterMs) continue
      if (!(await hasEnding(store, outcome))) {
        const { call, session } = outcome
        const time = new Date(now()).toISOString()
        const after = { call, session, intent, reason: 'outcome-lost' } as const
        const record = { type: 'reconcile.indeterminate', time, ...after } as const
        await commit({ record, payloads: [] })
      }
      lost.delete(intent)
    }
  }
  return {
    commit: async (entry) => {
      const { record } = entry
      const why = alwaysRecorded.has(record.type) ? undefined : needs.refusing()
      if (why !== undefined) throw new Unavailable(why)
      try {
        const objection = needs.objection(Date.parse(record.time))
        if (objection !== undefined) throw new Unavailable(objection)
        return await commit(entry)
      } catch (thrown) {
        if (record.type === 'call.outcome') {
          lost.set(record.intent, { outcome: record, at: now() })
          arm()
        }
        throw thrown
      }
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      await Promise.allSettled(underWay)
    },
  }
}

async function hasEnding(
  store: Pick<Leaves, 'leavesOfCall'>,
  { call, intent }: Outcome,
): Promise<boolean> {
  const leaves = await store.leavesOfCall(call)
  return leaves.some(({ bytes }) => {
    const record = parseLeaf(bytes)
    const ends = record.type === 'call.outcome' || record.type === 'reconcile.indeterminate'
    return ends && record.intent === intent
  })
}
