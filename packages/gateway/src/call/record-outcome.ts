import { essenceOf } from '../mask/media-type.ts'
import { appendOutcome, refusalOf } from './ending.ts'
import type { Gate, StreamHasher } from './gate.ts'
import { Refusal, type RefusalCode } from './refusal.ts'
import type { Masked, Recorded, Reply } from './stage.ts'

/**
 * The second half of "evidence before effect". A short result is held until its outcome is durable,
 * then released whole. A long or live one is released stretch by stretch, each covered by a durable
 * commitment first, and its end is released only after the outcome.
 *
 * If we crash while a result is held, the caller got nothing and the restart writes `indeterminate`;
 * while one is streamed, the log shows how much of it may have been seen.
 */
export async function recordOutcome(gate: Gate, at: Recorded, masked: Masked): Promise<Reply> {
  const source = masked.body[Symbol.asyncIterator]()
  const held = isLive(masked.head.mediaType)
    ? { chunks: [], over: false }
    : await hold(gate, source)
  if (!held.over) return streamed(gate, at, masked, { source, held: held.chunks })
  const received = masked.received()
  const findings = masked.findings()
  const returned = findings.length === 0 ? received : join(held.chunks)
  const record = await durable(() =>
    appendOutcome(gate, at, {
      ending: 'done',
      head: masked.head,
      findings,
      looked: masked.looked(),
      received,
      returned,
      streamed: undefined,
    }),
  )
  return {
    state: 'witnessed',
    callId: at.id,
    record,
    length: held.chunks.reduce((size, chunk) => size + chunk.length, 0),
    ...reviewDue(at),
    head: masked.head,
    body: { [Symbol.asyncIterator]: () => values(held.chunks) },
  }
}

/** Said while there is time to do something about it. */
function reviewDue({ used }: Recorded): Pick<Reply, 'review'> {
  return used.some(({ freshness }) => freshness === 'DUE_SOON') ? { review: 'due-soon' } : {}
}

type Source = AsyncIterator<Uint8Array>

const live = new Set(['text/event-stream', 'application/x-ndjson', 'application/jsonl'])

/** Events and lines are for reading now: a stream of them is never held. */
function isLive(mediaType: string): boolean {
  return live.has(essenceOf(mediaType))
}

/** Reads until the end or until the limit of what is held is passed. */
async function hold(gate: Gate, source: Source): Promise<{ chunks: Uint8Array[]; over: boolean }> {
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= gate.limits.heldResultBytes; ) {
    const { done, value } = await source.next()
    if (done) return { chunks, over: true }
    if (value.length === 0) continue
    chunks.push(value)
    size += value.length
  }
  return { chunks, over: false }
}

/** A result that is released while it comes. */
function streamed(
  gate: Gate,
  at: Recorded,
  masked: Masked,
  { source, held }: { readonly source: Source; readonly held: Uint8Array[] },
): Reply {
  const stream = new WitnessedStream(gate, at, masked, { source, held })
  return {
    state: 'witnessed',
    callId: at.id,
    record: at.intent,
    length: undefined,
    ...reviewDue(at),
    head: masked.head,
    body: { [Symbol.asyncIterator]: () => stream },
  }
}

/**
 * Written by hand: an async generator that was never started never runs its `finally`, and a caller
 * that leaves before the first chunk would leave no ending. Here `return()` works unstarted.
 */
class WitnessedStream implements AsyncIterator<Uint8Array> {
  readonly #gate: Gate
  readonly #at: Recorded
  readonly #masked: Masked
  readonly #source: Source
  readonly #held: Uint8Array[]
  readonly #hasher: StreamHasher
  #ended = false
  #uncommittedBytes = Number.POSITIVE_INFINITY

  constructor(
    gate: Gate,
    at: Recorded,
    masked: Masked,
    { source, held }: { readonly source: Source; readonly held: Uint8Array[] },
  ) {
    this.#gate = gate
    this.#at = at
    this.#masked = masked
    this.#source = source
    this.#held = held
    this.#hasher = gate.commitStream()
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#ended) return { done: true, value: undefined }
    try {
      const { done, value } = await this.#nextChunk()
      if (done) {
        await durable(() => this.#end('done'))
        return { done: true, value: undefined }
      }
      await this.#commit(value)
      return { value }
    } catch (thrown) {
      const refusal = refusalOf(this.#at, thrown)
      await this.#source.return?.()
      const hasLeft = refusal.code === 'caller-left'
      // The pipeline has let go of this call: nobody else tells the operator.
      if (!hasLeft) this.#gate.logFault(this.#at, withCause(refusal))
      // Recorded if it can be; the caller sees a broken stream either way.
      await this.#end(hasLeft ? 'aborted' : refusal.code).catch((cause) => {
        this.#gate.logFault(this.#at, new Refusal('evidence-unavailable', { cause }))
      })
      throw refusal
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#source.return?.()
    await this.#end('aborted')
    return { done: true, value: undefined }
  }

  async #nextChunk(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#held.shift()
    return value ? { value } : this.#source.next()
  }

  /** The first chunk, and each that would pass the limit of what is out uncommitted, waits for a commitment. */
  async #commit(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return
    this.#hasher.update(chunk)
    this.#uncommittedBytes += chunk.length
    if (this.#uncommittedBytes <= this.#gate.limits.chunkCommitBytes) return
    await durable(() => this.#gate.appendChunk(this.#at, this.#hasher.soFar()))
    this.#uncommittedBytes = 0
  }

  async #end(ending: 'done' | 'aborted' | RefusalCode): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await appendOutcome(this.#gate, this.#at, {
      ending,
      head: this.#masked.head,
      findings: this.#masked.findings(),
      looked: this.#masked.looked(),
      received: undefined,
      returned: undefined,
      streamed: this.#hasher.soFar(),
    })
  }
}

/** What has no cause is its own: a result that breaks off is said in the log whatever broke it. */
function withCause(refusal: Refusal): Refusal {
  return refusal.cause === undefined ? new Refusal(refusal.code, { cause: refusal }) : refusal
}

async function durable<T>(append: () => Promise<T>): Promise<T> {
  try {
    return await append()
  } catch (cause) {
    throw new Refusal('evidence-unavailable', { cause })
  }
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  return chunks.length === 1 && only ? only : Buffer.concat(chunks)
}

function values(chunks: readonly Uint8Array[]): AsyncIterator<Uint8Array> {
  let next = 0
  return {
    async next() {
      const value = chunks[next++]
      return value ? { value } : { done: true, value: undefined }
    },
    async return() {
      next = chunks.length
      return { done: true, value: undefined }
    },
  }
}
