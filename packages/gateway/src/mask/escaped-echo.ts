import { earliestBeginning, finder, type Hit, openHold } from './echo-search.ts'
import { escapeMeanings, hexDigits } from './json-word.ts'
import { limits } from './limits.ts'

type EscapedScrubber = {
  readonly push: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
  readonly count: () => number
}

/**
 * Replaces what JSON strings would be read as one of these echoes, whichever of its characters are written as escapes
 * (RFC 8259 section 7), also in JSON that stands in a string of JSON. What has no escape in it is left as it is. Whether
 * the bytes are JSON is not asked: an escape that stands for nothing there hides too much, never too little.
 */
export function scrubEscaped(
  wanted: readonly Buffer[],
  { mark, ways }: { readonly mark: Buffer; readonly ways: EscapeWays },
): EscapedScrubber {
  const held = openHold(wanted)
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let found = 0

  const scan = (bytes: Buffer, { last }: { readonly last: boolean }): Uint8Array => {
    const first = firstEscape(bytes, ways)
    if (first === bytes.length && (last || isOver(bytes, wanted))) return bytes
    const levels = read(bytes, { from: readFrom(bytes, first - ways.reach), last })
    const { hits, settled } = settle(levels, { wanted, last, end: bytes.length })
    if (settled < bytes.length) held.hold(bytes.subarray(settled))
    if (hits.length === 0) return bytes.subarray(0, settled)
    found += hits.length
    const parts: Uint8Array[] = []
    let at = 0
    for (const hit of hits) {
      parts.push(bytes.subarray(at, hit.at), mark)
      at = hit.at + hit.length
    }
    return Buffer.concat([...parts, bytes.subarray(at, Math.max(at, settled))])
  }
  const taken = (): Buffer => {
    const bytes = Buffer.concat([held.take(), ...waiting])
    waiting = []
    waitingBytes = 0
    return bytes
  }
  return {
    push: (chunk) => {
      if (held.size() === 0) {
        const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        const out = scan(view, { last: false })
        return out.length === chunk.length && out.byteOffset === chunk.byteOffset ? chunk : out
      }
      if (waitingBytes === 0 && held.continues(chunk)) return nothing
      waiting.push(Buffer.from(chunk))
      waitingBytes += chunk.length
      // What is held is read again with what comes: with as much, or single bytes would cost its square.
      return waitingBytes < held.size() ? nothing : scan(taken(), { last: false })
    },
    end: () => (held.size() + waitingBytes === 0 ? nothing : scan(taken(), { last: true })),
    count: () => found,
  }
}

/** Without one of `begins` no escape stands for a byte of an echo; `reach`: how far before it one may begin. */
export type EscapeWays = { readonly begins: readonly Buffer[]; readonly reach: number }

export function escapeWays(wanted: readonly Buffer[]): EscapeWays {
  const bytes = new Set(wanted.flatMap((echo) => [...echo]))
  const all = [...bytes]
  // The longest comes first; one byte more, so that what is before its beginning is seen.
  const reach = (wanted[0]?.length ?? 0) + escapeBytes
  if (all.some((byte) => byte < 0x20 || byte === quote || byte === backslash)) {
    return { begins: [Buffer.from('\\')], reach }
  }
  const isPlain = all.every((byte) => byte < 0x80)
  const begins = [Buffer.from(isPlain ? '\\u00' : '\\u')]
  return { begins: bytes.has(slash) ? [...begins, Buffer.from('\\/')] : begins, reach }
}

/** Where the first escape is that may stand for a byte of an echo; the end: there is none. */
function firstEscape(bytes: Buffer, { begins }: EscapeWays): number {
  const places = begins.map((one) => bytes.indexOf(one)).filter((at) => at >= 0)
  return Math.min(bytes.length, ...places)
}

/** Whether nothing begins here that may end in what follows, neither an escape nor an echo. */
function isOver(bytes: Buffer, wanted: readonly Buffer[]): boolean {
  const at = bytes.lastIndexOf(backslash)
  const isCut =
    at >= 0 && (at === bytes.length - 1 || (bytes[at + 1] === letterU && at > bytes.length - 6))
  return !isCut && earliestBeginning(bytes, wanted, 0) === bytes.length
}

/** The first place from there back that is not in the middle of an escape. */
function readFrom(bytes: Buffer, place: number): number {
  let from = Math.max(0, place)
  while (from > 0 && mayContinue(bytes[from - 1] ?? 0)) from -= 1
  return from
}

function mayContinue(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39
  const letter = byte | 0x20
  return isDigit || (letter >= 0x61 && letter <= 0x66) || byte === letterU || byte === backslash
}

/** Bytes as they are read, and where each of them begins in those received; one more place: where they end. */
type Level = { readonly text: Buffer; readonly starts: Uint32Array }

/** What the escapes stand for, in JSON, in JSON in its strings, and so on. The last is settled where all are. */
function read(
  bytes: Buffer,
  { from, last }: { readonly from: number; readonly last: boolean },
): readonly Level[] {
  const text = bytes.subarray(from)
  const starts = new Uint32Array(text.length + 1)
  for (let at = 0; at < starts.length; at += 1) starts[at] = from + at
  let level: Level = { text, starts }
  const levels: Level[] = []
  for (let depth = 0; depth < limits.echoDepth; depth += 1) {
    level = unescaped(level, last)
    levels.push(level)
    if (!level.text.includes(backslash)) break
  }
  return levels
}

function unescaped({ text, starts }: Level, last: boolean): Level {
  const out = Buffer.allocUnsafe(text.length)
  const from = new Uint32Array(text.length + 1)
  let size = 0
  let at = 0
  while (at < text.length) {
    const byte = text[at] ?? 0
    const place = starts[at] ?? 0
    if (byte !== backslash) {
      from[size] = place
      out[size++] = byte
      at += 1
      continue
    }
    const length = escapeLength(text, at, last)
    if (length === undefined) break
    const end = put(out, size, length === 1 ? backslash : meantBy(text, at, length))
    from.fill(place, size, end)
    size = end
    at += length
  }
  from[size] = starts[at] ?? 0
  return { text: out.subarray(0, size), starts: from.subarray(0, size + 1) }
}

/** Bytes of the escape that begins here; 1: it is none, but a backslash. Undefined: it may go on in what is not there yet. */
function escapeLength(text: Buffer, at: number, last: boolean): number | undefined {
  const name = text[at + 1]
  if (name === undefined) return last ? 1 : undefined
  if (name !== letterU) return escapeMeanings[name] === 0 ? 1 : 2
  const unit = unitAt(text, at)
  if (unit < 0) return text.length < at + 6 && !last ? undefined : 1
  if (unit < 0xd800 || unit > 0xdbff) return 6
  if (text.length < at + 12 && !last) return undefined
  const isPair = text[at + 6] === backslash && text[at + 7] === letterU
  const second = isPair ? unitAt(text, at + 6) : -1
  return second >= 0xdc00 && second <= 0xdfff ? 12 : 6
}

/** The character that an escape of this length stands for. */
function meantBy(text: Buffer, at: number, length: number): number {
  if (length === 2) return escapeMeanings[text[at + 1] ?? 0] ?? 0
  const unit = unitAt(text, at)
  return length === 6 ? unit : 0x10000 + (unit - 0xd800) * 0x400 + (unitAt(text, at + 6) - 0xdc00)
}

/** Of `\uXXXX`; negative: it is none. */
function unitAt(text: Buffer, at: number): number {
  let unit = 0
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const value = (hexDigits[text[digit] ?? 0] ?? 0) - 1
    if (value < 0) return -1
    unit = unit * 16 + value
  }
  return unit
}

/** Writes UTF-8 and says where it ends; half of a pair as three bytes, which no text has. */
function put(out: Buffer, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code
    return at + 1
  }
  const length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  let rest = code
  for (let last = length - 1; last > 0; last -= 1) {
    out[at + last] = 0x80 | (rest & 0x3f)
    rest >>= 6
  }
  out[at] = (leads[length] ?? 0) | rest
  return at + length
}

/** What may be hidden or let out now. Places are those in the bytes received. */
function settle(
  levels: readonly Level[],
  given: { readonly wanted: readonly Buffer[]; readonly last: boolean; readonly end: number },
): { readonly hits: readonly Hit[]; readonly settled: number } {
  const { wanted, last, end } = given
  const next = levels.map(({ text }) => finder(text, wanted))
  /** The first place at or after this one that is not settled. */
  const settledFrom = (from: number): number => {
    if (last) return end
    const places = levels.map(({ text, starts }) => {
      const first = indexAt(starts, from)
      return starts[earliestBeginning(text, wanted, first)] ?? end
    })
    const top = levels.at(-1)?.starts ?? new Uint32Array()
    // Only where an escape of every depth begins is what follows read alike with what comes.
    return Math.max(from, startBelow(top, Math.min(...places)))
  }
  const hits: Hit[] = []
  let from = 0
  let settled = settledFrom(0)
  for (;;) {
    const hit = firstOf(levels, next, from)
    if (hit === undefined || hit.at >= settled) return { hits, settled: Math.max(from, settled) }
    hits.push(hit)
    from = hit.at + hit.length
    if (settled < from) settled = settledFrom(from)
  }
}

/** Of two that begin together the longer. */
function firstOf(
  levels: readonly Level[],
  next: readonly ((from: number) => Hit | undefined)[],
  from: number,
): Hit | undefined {
  let first: Hit | undefined
  for (const [depth, { starts }] of levels.entries()) {
    const hit = next[depth] && escapedHit(starts, next[depth], indexAt(starts, from))
    if (!hit) continue
    const { at, length } = hit
    if (!first || at < first.at || (at === first.at && length > first.length)) first = hit
  }
  return first
}

/** In the bytes received. One without any escape is somebody else's to find. */
function escapedHit(
  starts: Uint32Array,
  next: (from: number) => Hit | undefined,
  from: number,
): Hit | undefined {
  for (let hit = next(from); hit !== undefined; hit = next(hit.at + 1)) {
    const at = starts[hit.at] ?? 0
    const length = (starts[hit.at + hit.length] ?? 0) - at
    if (length > hit.length) return { at, length }
  }
  return undefined
}

/** The first index whose place is not before this one. */
function indexAt(starts: Uint32Array, place: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) < place) low = middle + 1
    else high = middle
  }
  return low
}

/** The last place of these that is not behind this one. */
function startBelow(starts: Uint32Array, place: number): number {
  const index = indexAt(starts, place)
  const found = starts[index] ?? place
  return found <= place ? found : (starts[index - 1] ?? 0)
}

const nothing: Uint8Array = new Uint8Array(0)
const backslash = 0x5c
const quote = 0x22
const slash = 0x2f
const letterU = 0x75
const escapeBytes = 12
/** First bits of a character of so many bytes (RFC 3629 section 3). */
const leads: readonly number[] = [0, 0, 0xc0, 0xe0, 0xf0]
