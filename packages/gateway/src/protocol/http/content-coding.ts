import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type InflateRaw,
  type ZstdDecompress,
} from 'node:zlib'
import type { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'

/** A way of writing a body shorter that is opened here (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Why a body is not opened: it is not what its coding says, or it is more than may come of it. */
export type Unopened = 'broken' | 'long'

export type OpenOptions = {
  /** Bytes that may come of it. */
  readonly bytesMax: number
  readonly refuse: (why: Unopened, cause?: unknown) => Refusal
}

/**
 * What was done to a body, in the order in which it was done: empty where nothing was, undefined where
 * it is not opened here. Reads the value of `Content-Encoding` (RFC 9110 section 8.4).
 */
export function codingsOf(header: string | undefined): readonly Coding[] | undefined {
  const said = (header ?? '').toLowerCase().split(',')
  const names = said.map((one) => one.trim()).filter((one) => one !== '' && one !== 'identity')
  const codings = names.flatMap((one) => known.get(one) ?? [])
  const all = codings.length === names.length && codings.length <= limits.contentCodings
  return all ? codings : undefined
}

/** `x-gzip` is the same (RFC 9110 section 8.4.1.3). */
const known: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
])

/**
 * The same body as it was before these codings, in bounded memory: what comes is asked for piece by piece.
 * `return()` lets go of the source, whether or not anything was read. A body without a byte stays one. Refuses
 * what breaks off, has bytes behind its end, or would be more than `bytesMax` or than its size explains.
 */
export function openBody(
  body: AsyncIterator<Uint8Array>,
  codings: readonly Coding[],
  options: OpenOptions,
): AsyncIterator<Uint8Array> {
  if (codings.length === 0) return body
  const meter: Meter = { ...options, received: 0 }
  const stages: AsyncGenerator<Uint8Array, undefined>[] = []
  let opened = counted(body, meter)
  for (const coding of codings.toReversed()) {
    const stage = openedStage(opened, coding, meter)
    stages.push(stage)
    opened = stage
  }
  let over: Promise<unknown> | undefined
  const release = (): Promise<unknown> => {
    // The source first: a step that waits for it would otherwise be waited for.
    const released = async () => {
      await body.return?.()
      await Promise.allSettled(stages.map((stage) => stage.return(undefined)))
    }
    over ??= released()
    return over
  }
  return {
    next: async () => {
      if (over !== undefined) return ended
      try {
        return await opened.next()
      } catch (thrown) {
        await release()
        throw thrown
      }
    },
    return: async () => {
      await release()
      return ended
    },
  }
}

const ended: IteratorResult<Uint8Array> = { done: true, value: undefined }

type Meter = OpenOptions & { received: number }

function counted(body: AsyncIterator<Uint8Array>, meter: Meter): AsyncIterator<Uint8Array> {
  return {
    next: async () => {
      const step = await body.next()
      if (!step.done) meter.received += step.value.length
      return step
    },
  }
}

type Engine = Gunzip | Inflate | InflateRaw | BrotliDecompress | ZstdDecompress

async function* openedStage(
  source: AsyncIterator<Uint8Array>,
  coding: Coding,
  meter: Meter,
): AsyncGenerator<Uint8Array, undefined> {
  let rest = await begin(source, coding)
  let size = 0
  for (let frame = 1; rest.length > 0; frame += 1) {
    if (frame > limits.openedFrames) throw meter.refuse('long')
    const engine = engineFor(coding, rest)
    const step = new Stepper(engine)
    try {
      for await (const piece of through(source, rest, step)) {
        size += piece.length
        const explained = limits.openedFreeBytes + limits.openedRatio * meter.received
        if (size > Math.min(meter.bytesMax, explained)) throw meter.refuse('long')
        yield piece
      }
    } catch (thrown) {
      throw step.failed === undefined ? thrown : meter.refuse('broken', step.failed)
    } finally {
      engine.destroy()
    }
    rest = step.rest
    // Of all of them only zstd is a row of frames whose decoder stops behind each.
    if (rest.length > 0 && coding !== 'zstd') throw meter.refuse('broken')
  }
  return undefined
}

/** The first bytes: two, where it takes two to tell what they are. */
async function begin(source: AsyncIterator<Uint8Array>, coding: Coding): Promise<Uint8Array> {
  let begun: Uint8Array = new Uint8Array()
  while (begun.length < (coding === 'deflate' ? 2 : 1)) {
    const { done, value } = await source.next()
    if (done) return begun
    begun = begun.length === 0 ? value : Buffer.concat([begun, value])
  }
  return begun
}

function engineFor(coding: Coding, begun: Uint8Array): Engine {
  if (coding === 'gzip') return createGunzip(pieces)
  if (coding === 'br') return createBrotliDecompress(pieces)
  if (coding === 'zstd') {
    const params = { [constants.ZSTD_d_windowLogMax]: limits.openedWindowLog }
    return createZstdDecompress({ ...pieces, params })
  }
  return isZlib(begun) ? createInflate(pieces) : createInflateRaw(pieces)
}

const pieces = { chunkSize: 65_536 }

/** Whether a zlib header begins it (RFC 1950): many wrote `deflate` without one, and browsers read both. */
function isZlib([method = 0, flags = 0]: Uint8Array): boolean {
  return (method & 0x0f) === 8 && method >> 4 <= 7 && ((method << 8) | flags) % 31 === 0
}

/** What comes of the first bytes and of the source, until either the source or the engine is at its end. */
async function* through(
  source: AsyncIterator<Uint8Array>,
  begun: Uint8Array,
  step: Stepper,
): AsyncGenerator<Uint8Array, undefined> {
  for (let chunk = begun; ; ) {
    yield* step.push(chunk)
    if (step.rest.length > 0) return undefined
    const { done, value } = await source.next()
    if (done) break
    chunk = value
  }
  yield* step.end()
  return undefined
}

/** One engine, a chunk at a time: the next one is not taken before all that came of the last was. */
class Stepper {
  readonly #engine: Engine
  #written = 0
  #over = false
  #wake: () => void = () => {}
  /** What the engine says is wrong with the bytes. */
  failed: unknown
  /** What was pushed and lies behind the end of what the engine reads. */
  rest: Uint8Array = new Uint8Array()

  constructor(engine: Engine) {
    this.#engine = engine
    engine.on('readable', () => this.#wake())
    engine.on('end', () => this.#finish())
    engine.on('error', (error) => {
      this.failed = error
      this.#wake()
    })
  }

  async *push(chunk: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
    if (chunk.length === 0) return undefined
    this.#over = false
    this.#written += chunk.length
    this.#engine.write(chunk, (error) => {
      this.failed ??= error ?? undefined
      this.#finish()
    })
    yield* this.#taken()
    const unread = this.#written - this.#engine.bytesWritten
    this.rest = chunk.subarray(chunk.length - unread)
    return undefined
  }

  /** Fails where the engine expects more. */
  async *end(): AsyncGenerator<Uint8Array, undefined> {
    this.#over = this.#engine.readableEnded
    this.#engine.end()
    yield* this.#taken()
    return undefined
  }

  #finish(): void {
    this.#over = true
    this.#wake()
  }

  async *#taken(): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const piece: Uint8Array | null = this.#engine.read()
      if (this.failed !== undefined) throw this.failed
      if (piece !== null) yield piece
      else if (this.#over) return undefined
      else await this.#woken()
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
