import { type Committed, Conflict, type Entry, Unavailable } from '../store.ts'
import { entryBytes, type Failure, type FromWriter, textOf, type Written } from './message.ts'

/** More waiting than this is not a queue but an outage; the caller is told at once. */
const entriesMax = 8192
/** What waits is held in memory. */
const waitingBytesMax = 256 * 1024 * 1024
/** One flush: bounded so that its transaction, and everybody's wait for it, stays short. */
const flushEntriesMax = 1024
const flushBytesMax = 16 * 1024 * 1024

export type CommitQueue = {
  readonly commit: (entry: Entry) => Promise<Committed>
  /** The answers to flushes, and what the writer says about itself. */
  readonly answered: (
    message: Extract<FromWriter, { kind: 'flushed' | 'suspended' | 'resumed' | 'broken' }>,
  ) => void
  /** Why commits are refused now. */
  readonly refusing: () => string | undefined
  /** Rejects what waits, and everything after. */
  readonly stop: (why: string) => void
  /** Resolves when nothing waits. */
  readonly idle: () => Promise<void>
}

type Waiting = Written & {
  readonly bytes: number
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: Conflict | Unavailable) => void
}

/**
 * Group commit without a timer: everything that came while the writer was busy goes in its next
 * flush, so a lone call waits for no one and a crowd shares one sync of the disk.
 */
export function openQueue(given: {
  /** Begins a flush, which is answered by `answered`. */
  readonly flush: (written: readonly Written[]) => void
  /** After each entry that is durable. */
  readonly onCommitted: (entry: Entry) => void
}): CommitQueue {
  let waiting: Waiting[] = []
  let waitingBytes = 0
  let flying: readonly Waiting[] = []
  let scheduled = false
  let stopped: string | undefined
  let suspended: string | undefined
  const wakers: (() => void)[] = []

  const flush = () => {
    scheduled = false
    if (flying.length > 0 || stopped !== undefined) return
    if (waiting.length === 0) {
      for (const wake of wakers.splice(0)) wake()
      return
    }
    const count = countForFlush(waiting)
    flying = count === waiting.length ? waiting : waiting.slice(0, count)
    waiting = count === waiting.length ? [] : waiting.slice(count)
    waitingBytes -= flying.reduce((sum, { bytes }) => sum + bytes, 0)
    given.flush(flying)
  }
  const stop = (why: string) => {
    if (stopped !== undefined) return
    stopped = why
    rejectAll(why)
  }
  const rejectAll = (why: string) => {
    const lost = [...flying, ...waiting]
    flying = []
    waiting = []
    waitingBytes = 0
    for (const { reject } of lost) reject(new Unavailable(why))
    for (const wake of wakers.splice(0)) wake()
  }
  return {
    commit: (entry) => {
      const why = stopped ?? suspended
      if (why !== undefined) return Promise.reject(new Unavailable(why))
      const text = textOf(entry)
      const bytes = entryBytes(entry) + text.length
      if (waiting.length >= entriesMax || waitingBytes + bytes > waitingBytesMax) {
        return Promise.reject(new Unavailable('too many records are waiting to be written'))
      }
      const { promise, resolve, reject } = Promise.withResolvers<Committed>()
      waiting.push({ entry, text, bytes, resolve, reject })
      waitingBytes += bytes
      if (!scheduled && flying.length === 0) {
        scheduled = true
        // After this turn, so that calls that arrived together travel together.
        setImmediate(flush)
      }
      return promise
    },
    answered: (message) => {
      if (message.kind === 'broken') {
        return stop(`the log cannot be written until a restart: ${message.message}`)
      }
      if (message.kind === 'suspended') {
        suspended = `the log cannot be written now: ${message.message}`
        return rejectAll(suspended)
      }
      if (message.kind === 'resumed') {
        suspended = undefined
        return
      }
      const done = flying
      flying = []
      try {
        // First, so that the writer is at work while those who waited are told.
        flush()
      } finally {
        settle(done, message, given.onCommitted)
      }
    },
    refusing: () => stopped ?? suspended,
    stop,
    idle: () => {
      if (stopped !== undefined) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      wakers.push(resolve)
      if (!scheduled) flush()
      return promise
    },
  }
}

function settle(
  done: readonly Waiting[],
  { first, failures }: { readonly first: number; readonly failures: readonly Failure[] },
  onCommitted: (entry: Entry) => void,
): void {
  const failed = new Map(failures.map((failure) => [failure.position, failure]))
  let index = first
  for (const [position, { entry, resolve, reject }] of done.entries()) {
    const failure = failed.get(position)
    if (!failure) {
      resolve({ index: index++ })
      onCommitted(entry)
    } else if (failure.kind === 'conflict') reject(new Conflict(failure.message, failure))
    else reject(new Unavailable(`this record cannot be written: ${failure.message}`))
  }
}

function countForFlush(waiting: readonly Waiting[]): number {
  let bytes = 0
  const over = waiting.findIndex((one, position) => {
    bytes += one.bytes
    return position > 0 && (position >= flushEntriesMax || bytes > flushBytesMax)
  })
  return over < 0 ? waiting.length : over
}
