import { Bytes } from './bytes.ts'
import { limits } from './limits.ts'
import { MaskError } from './plan.ts'

export type EchoScrubber = {
  readonly push: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
  /** How many were replaced so far. */
  readonly count: () => number
}

/**
 * Replaces every occurrence of the echoes in a byte stream. For every way the stream is cut, what
 * comes out is the same and holds no echo: bytes that may be the beginning of one are held back, at
 * most the length of the longest. Linear unless an echo repeats itself, which is the operator's choice
 * and not the upstream's. An echo shorter than `limits.echoBytesMin` is ignored.
 */
export function scrubEchoes(echoes: readonly Uint8Array[]): EchoScrubber {
  const { wanted, mark } = prepare(echoes)
  const held = new Bytes(wanted[0]?.length ?? 0)
  /** Those that begin with all of what is held. */
  let begun: readonly Buffer[] = []
  let found = 0

  const hold = (bytes: Uint8Array) => {
    held.add(bytes, 0, bytes.length)
    begun = wanted.filter((echo) => begins(echo, 0, bytes))
  }
  /** Whether the chunk only continues what is held, so that nothing is settled by it. */
  const continues = (chunk: Uint8Array): boolean => {
    const still = begun.filter((echo) => begins(echo, held.length, chunk))
    if (still.length === 0) return false
    held.add(chunk, 0, chunk.length)
    begun = still
    return true
  }

  const scan = (bytes: Uint8Array, { last }: { readonly last: boolean }): Uint8Array => {
    const text = asBuffer(bytes)
    const next = finder(text, wanted)
    const parts: Uint8Array[] = []
    let from = 0
    // An echo may begin here that the next chunk completes; what comes before it is settled.
    let settled = last ? text.length : earliestBeginning(text, wanted, 0)
    for (let hit = next(from); hit !== undefined && hit.at < settled; hit = next(from)) {
      parts.push(text.subarray(from, hit.at), mark)
      from = hit.at + hit.length
      found += 1
      if (settled < from) settled = earliestBeginning(text, wanted, from)
    }
    if (settled < text.length) hold(text.subarray(settled))
    if (parts.length === 0) return settled === bytes.length ? bytes : bytes.subarray(0, settled)
    return Buffer.concat([...parts, text.subarray(from, settled)])
  }

  if (wanted.length === 0) return { push: same, end: () => nothing, count: () => 0 }
  return {
    push: (chunk) => {
      if (held.length === 0) return scan(chunk, { last: false })
      // Single bytes of a long echo are each compared once, not all that is held with each of them.
      if (continues(chunk)) return nothing
      return scan(Buffer.concat([held.take(), chunk]), { last: false })
    },
    end: () => (held.length === 0 ? nothing : scan(held.take(), { last: true })),
    count: () => found,
  }
}

/** The same for a header's value, in whichever way its bytes were read as text. */
export function scrubText(text: string, echoes: readonly Uint8Array[]): string {
  const { texts, mark: bytes } = prepare(echoes)
  const mark = bytes.toString()
  let scrubbed = text
  for (const form of texts) {
    if (scrubbed.includes(form)) scrubbed = scrubbed.replaceAll(form, () => mark)
  }
  return scrubbed
}

const nothing: Uint8Array = new Uint8Array(0)

function same(chunk: Uint8Array): Uint8Array {
  return chunk
}

type Prepared = {
  readonly wanted: readonly Buffer[]
  /** The same as text, in every way their bytes could have been read. */
  readonly texts: readonly string[]
  readonly mark: Buffer
}

/** A credential is used for many calls; what is worked out for it is kept while it is. */
const preparedBefore = new WeakMap<readonly Uint8Array[], Prepared>()

function prepare(echoes: readonly Uint8Array[]): Prepared {
  // Where there is no credential the list is a new one for each call, and would be kept for nothing.
  if (echoes.length === 0) return { wanted: [], texts: [], mark: usualMark }
  const before = preparedBefore.get(echoes)
  if (before !== undefined) return before
  const wanted = usable(echoes)
  const texts = wanted.flatMap((echo) => [echo.toString('utf8'), echo.toString('latin1')])
  const prepared = { wanted, texts: [...new Set(texts)], mark: markFor(wanted) }
  preparedBefore.set(echoes, prepared)
  return prepared
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Longest first, so that of two that begin together the longer is replaced. */
function usable(echoes: readonly Uint8Array[]): Buffer[] {
  return echoes
    .filter((echo) => echo.length >= limits.echoBytesMin)
    .map((echo) => Buffer.from(echo))
    .sort((a, b) => b.length - a.length)
}

/**
 * `[REDACTED:CREDENTIAL]`, unless a credential could arise from these very characters and their
 * neighbours; then characters that no echo has.
 */
function markFor(wanted: readonly Buffer[]): Buffer {
  if (!wanted.some((echo) => touches(echo, usualMark))) return usualMark
  for (const char of '*#-_.~x0') {
    if (!wanted.some((echo) => echo.includes(char))) return Buffer.from(char.repeat(3))
  }
  throw new MaskError('No mark can stand in for the credential.')
}

const usualMark = Buffer.from('[REDACTED:CREDENTIAL]')

/** Whether the echo can occur in a text that shares a character with `mark` in it. */
function touches(echo: Buffer, mark: Buffer): boolean {
  if (echo.includes(mark)) return true
  const begins = mark.includes(echo[0] ?? 0)
  const ends = mark.includes(echo[echo.length - 1] ?? 0)
  if (!begins && !ends) return false
  if (mark.includes(echo)) return true
  for (let length = 1; length < Math.min(echo.length, mark.length); length += 1) {
    if (begins && echo.compare(mark, mark.length - length, mark.length, 0, length) === 0)
      return true
    if (ends && echo.compare(mark, 0, length, echo.length - length) === 0) return true
  }
  return false
}

/** Whether the echo goes on with these bytes from there, and then on. */
function begins(echo: Buffer, from: number, bytes: Uint8Array): boolean {
  const to = from + bytes.length
  return to < echo.length && echo.compare(bytes, 0, bytes.length, from, to) === 0
}

type Hit = { readonly at: number; readonly length: number }

/** Finds the next echo from a place on. Each is searched for once per stretch, however many are found. */
function finder(text: Buffer, wanted: readonly Buffer[]): (from: number) => Hit | undefined {
  const places = wanted.map((echo) => text.indexOf(echo))
  return (from) => {
    let first: Hit | undefined
    for (const [which, echo] of wanted.entries()) {
      let at = places[which] ?? -1
      if (at >= 0 && at < from) {
        at = text.indexOf(echo, from)
        places[which] = at
      }
      if (at >= 0 && (first === undefined || at < first.at)) first = { at, length: echo.length }
    }
    return first
  }
}

/** Where the first echo begins that the end of the text cuts off; the text's length when none does. */
function earliestBeginning(text: Buffer, wanted: readonly Buffer[], from: number): number {
  let earliest = text.length
  for (const echo of wanted) {
    for (let at = Math.max(from, text.length - echo.length + 1); at < earliest; at += 1) {
      if (text[at] !== echo[0]) continue
      if (text.compare(echo, 0, text.length - at, at) === 0) earliest = at
    }
  }
  return earliest
}
