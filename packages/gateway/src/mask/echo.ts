import { earliestBeginning, finder, openHold } from './echo-search.ts'
import { type EscapeWays, escapeWays, scrubEscaped } from './escaped-echo.ts'
import { limits } from './limits.ts'
import { MaskError } from './plan.ts'

export type EchoScrubber = {
  readonly push: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
  /** How many were replaced so far. */
  readonly count: () => number
}

/**
 * Replaces every occurrence of the echoes in a byte stream, as they are and as JSON may spell them. For every way the
 * stream is cut, what comes out is the same and holds no echo: bytes that may be the beginning of one are held back, at
 * most the length of the longest as it may be spelled. Linear unless an echo repeats itself, which is the operator's
 * choice and not the upstream's. An echo shorter than `limits.echoBytesMin` is ignored. Of an echo that holds a backslash
 * itself, one that is spelled in deeper escapes right behind a broken one may be missed.
 */
export function scrubEchoes(echoes: readonly Uint8Array[]): EchoScrubber {
  const { wanted, mark, ways } = prepare(echoes)
  if (wanted.length === 0) return { push: same, end: () => nothing, count: () => 0 }
  const escaped = scrubEscaped(wanted, { mark, ways })
  const plain = scrubPlain(wanted, mark)
  return {
    push: (chunk) => {
      const read = escaped.push(chunk)
      return read.length === 0 ? nothing : plain.push(read)
    },
    end: () => {
      const rest = escaped.end()
      const out = rest.length === 0 ? nothing : plain.push(rest)
      const last = plain.end()
      if (out.length === 0) return last
      return last.length === 0 ? out : Buffer.concat([out, last])
    },
    count: () => escaped.count() + plain.count(),
  }
}

function scrubPlain(wanted: readonly Buffer[], mark: Buffer): EchoScrubber {
  const held = openHold(wanted)
  let found = 0

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
    if (settled < text.length) held.hold(text.subarray(settled))
    if (parts.length === 0) return settled === bytes.length ? bytes : bytes.subarray(0, settled)
    return Buffer.concat([...parts, text.subarray(from, settled)])
  }

  return {
    push: (chunk) => {
      if (held.size() === 0) return scan(chunk, { last: false })
      // Single bytes of a long echo are each compared once, not all that is held with each of them.
      if (held.continues(chunk)) return nothing
      return scan(Buffer.concat([held.take(), chunk]), { last: false })
    },
    end: () => (held.size() === 0 ? nothing : scan(held.take(), { last: true })),
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
  readonly ways: EscapeWays
}

/** A credential is used for many calls; what is worked out for it is kept while it is. */
const preparedBefore = new WeakMap<readonly Uint8Array[], Prepared>()

function prepare(echoes: readonly Uint8Array[]): Prepared {
  // Where there is no credential the list is a new one for each call, and would be kept for nothing.
  if (echoes.length === 0) return { wanted: [], texts: [], mark: usualMark, ways: noWays }
  const before = preparedBefore.get(echoes)
  if (before !== undefined) return before
  const wanted = usable(echoes)
  const texts = wanted.flatMap((echo) => [echo.toString('utf8'), echo.toString('latin1')])
  const ways = escapeWays(wanted)
  const prepared = { wanted, texts: [...new Set(texts)], mark: markFor(wanted), ways }
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

const noWays: EscapeWays = { begins: [], reach: 0 }
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
