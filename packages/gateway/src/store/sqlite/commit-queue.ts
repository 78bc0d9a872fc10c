import { type Committed, Conflict, type Entry, type PayloadDraft, Unavailable } from '../store.ts'
import type { Failure, FromWriter, PackedEntry, PackedPayload, ToWriter } from './message.ts'

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

type Waiting = {
  readonly entry: Entry
  readonly bytes: number
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: Conflict | Unavailable) => void
}

/**
 * Group commit without a timer: everything that came while the writer was busy goes in its next
 * flush, so a lone call waits for no one and a crowd shares one sync of the disk.
 */
export function openQueue(post: (message: ToWriter, transfer: ArrayBuffer[]) => void): CommitQueue {
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
    const packed = pack(flying)
    waitingBytes -= packed.bytes.byteLength
    post({ kind: 'flush', ...packed }, [packed.bytes])
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
      const bytes = entry.payloads.reduce((sum, payload) => sum + packedBytes(payload), 0)
      if (waiting.length >= entriesMax || waitingBytes + bytes > waitingBytesMax) {
        return Promise.reject(new Unavailable('too many records are waiting to be written'))
      }
      const { promise, resolve, reject } = Promise.withResolvers<Committed>()
      waiting.push({ entry, bytes, resolve, reject })
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
      settle(done, message.first, message.failures)
      flush()
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

function settle(done: readonly Waiting[], first: number, failures: readonly Failure[]): void {
  const failed = new Map(failures.map((failure) => [failure.position, failure]))
  let index = first
  for (const [position, { resolve, reject }] of done.entries()) {
    const failure = failed.get(position)
    if (!failure) resolve({ index: index++ })
    else if (failure.kind === 'conflict') reject(new Conflict(failure.message))
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

/** A buffer of its own, never a view of a pooled one: it is given away. */
function pack(flight: readonly Waiting[]): { entries: string; bytes: ArrayBuffer } {
  const all = new Uint8Array(flight.reduce((sum, { bytes }) => sum + bytes, 0))
  let offset = 0
  const packPayload = (payload: PayloadDraft): PackedPayload => {
    const { role, mediaType } = payload
    const at = offset
    offset += packedBytes(payload)
    if ('bytes' in payload) {
      all.set(payload.bytes, at)
      const held = payload.keep ? 'kept' : 'committed'
      return { role, mediaType, offset: at, length: payload.bytes.length, held }
    }
    all.set(payload.salt, at)
    all.set(payload.hmac, at + payload.salt.length)
    return { role, mediaType, offset: at, length: payload.length, held: 'streamed' }
  }
  const entries = flight.map(
    ({ entry }): PackedEntry => ({ ...entry, payloads: entry.payloads.map(packPayload) }),
  )
  return { entries: JSON.stringify(entries), bytes: all.buffer }
}

function packedBytes(payload: PayloadDraft): number {
  return 'bytes' in payload ? payload.bytes.length : payload.salt.length + payload.hmac.length
}
