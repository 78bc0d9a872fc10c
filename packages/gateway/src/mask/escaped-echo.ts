import { earliestBeginning, finder, type Hit, openHold } from './echo-search.ts'
import { type Level, readLevels } from './escaped-levels.ts'

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
    const hits: Hit[] = []
    let settled = bytes.length
    for (const { from, to, isLast } of stretchesOf(bytes, { wanted, ways, last })) {
      const levels = readLevels(bytes.subarray(0, to), { from, last: isLast })
      const found = settle(levels, { wanted, last: isLast, end: to })
      for (const hit of found.hits) hits.push(hit)
      if (!isLast) settled = found.settled
    }
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
  const push = (chunk: Uint8Array): Uint8Array => {
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
  }
  return {
    push: (chunk) => (chunk.length > pieceBytes ? pushInPieces(push, chunk) : push(chunk)),
    end: () => (held.size() + waitingBytes === 0 ? nothing : scan(taken(), { last: true })),
    count: () => found,
  }
}

/** Reading takes up to a dozen bytes for each: of a long chunk they would not stay where a processor is quick. */
function pushInPieces(push: (chunk: Uint8Array) => Uint8Array, chunk: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let isSame = true
  for (let at = 0; at < chunk.length; at += pieceBytes) {
    const piece = chunk.subarray(at, at + pieceBytes)
    const part = push(piece)
    isSame &&= part === piece
    parts.push(part)
  }
  return isSame ? chunk : Buffer.concat(parts)
}

const pieceBytes = 65_536

/**
 * Without one of `begins` no escape stands for a byte of an echo; `reach`: how far before it, and behind, an echo may go
 * without another of them.
 */
export type EscapeWays = { readonly begins: readonly Buffer[]; readonly reach: number }

export function escapeWays(wanted: readonly Buffer[]): EscapeWays {
  const bytes = new Set(wanted.flatMap((echo) => [...echo]))
  const all = [...bytes]
  // The longest comes first.
  const reach = (wanted[0]?.length ?? 0) + escapeBytes
  if (all.some((byte) => byte < 0x20 || byte === quote || byte === backslash)) {
    return { begins: [Buffer.from('\\')], reach }
  }
  const isPlain = all.every((byte) => byte < 0x80)
  const begins = [Buffer.from(isPlain ? '\\u00' : '\\u')]
  return { begins: bytes.has(slash) ? [...begins, Buffer.from('\\/')] : begins, reach }
}

/** Bytes that have to be read for escapes. `isLast`: nothing that begins in them goes on behind them. */
type Stretch = { readonly from: number; readonly to: number; readonly isLast: boolean }

/** What stands around escapes, so that one of them does not cost the reading of all; none overlaps another. */
function stretchesOf(
  bytes: Buffer,
  given: { readonly wanted: readonly Buffer[]; readonly ways: EscapeWays; readonly last: boolean },
): readonly Stretch[] {
  const { ways, wanted, last } = given
  const stretches: { from: number; to: number }[] = []
  const add = (from: number, to: number) => {
    const before = stretches.at(-1)
    if (before && from <= before.to) before.to = Math.max(before.to, to)
    else stretches.push({ from, to })
  }
  // What a stretch covers already is not walked back through again.
  const covered = () => stretches.at(-1)?.to ?? 0
  const escapes = escapesIn(bytes, ways)
  for (let at = escapes.next(0); at < bytes.length; ) {
    const end = escapes.chainEnd(at)
    add(readFrom(bytes, at - ways.reach, covered()), Math.min(bytes.length, end + ways.reach))
    at = escapes.next(end + 1)
  }
  const isOpen = !last && (covered() === bytes.length || !isOver(bytes, wanted))
  if (isOpen) add(readFrom(bytes, bytes.length - ways.reach, covered()), bytes.length)
  return stretches.map(({ from, to }, at) => {
    return { from, to, isLast: !isOpen || at < stretches.length - 1 }
  })
}

/** Where escapes are that may stand for a byte of an echo. */
function escapesIn(bytes: Buffer, { begins, reach }: EscapeWays) {
  const places = begins.map((one) => bytes.indexOf(one))
  return {
    /** The first one from there on; the end: there is none. */
    next: (from: number): number => {
      let first = bytes.length
      for (const [which, one] of begins.entries()) {
        const known = places[which] ?? -1
        const at = known >= 0 && known < from ? bytes.indexOf(one, from) : known
        places[which] = at
        if (at >= 0 && at < first) first = at
      }
      return first
    },
    /** The last one of those that follow this one so closely that it costs less to read what is between. */
    chainEnd: (from: number): number => {
      let end = from
      for (;;) {
        const near = bytes.subarray(end + 1, end + 1 + 2 * reach + stretchBytes)
        const last = Math.max(...begins.map((one) => near.lastIndexOf(one)))
        if (last < 0) return end
        end += 1 + last
      }
    },
  }
}

/** Whether nothing begins here that may end in what follows, neither an escape nor an echo. */
function isOver(bytes: Buffer, wanted: readonly Buffer[]): boolean {
  const at = bytes.lastIndexOf(backslash)
  const isCut =
    at >= 0 && (at === bytes.length - 1 || (bytes[at + 1] === letterU && at > bytes.length - 6))
  return !isCut && earliestBeginning(bytes, wanted, 0) === bytes.length
}

/** A place from there back that is not in the middle of an escape; `floor`: what is before it is read anyway. */
function readFrom(bytes: Buffer, place: number, floor: number): number {
  let from = Math.max(0, place)
  let plain = 0
  while (from > floor && plain < escapeBytes && mayContinue(bytes[from - 1] ?? 0)) {
    from -= 1
    plain = bytes[from] === backslash ? 0 : plain + 1
  }
  return from
}

function mayContinue(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39
  const letter = byte | 0x20
  return isDigit || (letter >= 0x61 && letter <= 0x66) || byte === letterU || byte === backslash
}

/** What may be hidden or let out now. Places are those in the bytes received. */
function settle(
  levels: readonly Level[],
  given: { readonly wanted: readonly Buffer[]; readonly last: boolean; readonly end: number },
): { readonly hits: readonly Hit[]; readonly settled: number } {
  const { wanted, last, end } = given
  const next = levels.map((level) => hitsIn(level, wanted))
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
    const hit = firstOf(next, from)
    if (hit === undefined || hit.at >= settled) return { hits, settled: Math.max(from, settled) }
    hits.push(hit)
    from = hit.at + hit.length
    if (settled < from) settled = settledFrom(from)
  }
}

/** Of two that begin together the longer. */
function firstOf(
  next: readonly ((from: number) => Hit | undefined)[],
  from: number,
): Hit | undefined {
  let first: Hit | undefined
  for (const nextOf of next) {
    const hit = nextOf(from)
    if (!hit) continue
    const { at, length } = hit
    if (!first || at < first.at || (at === first.at && length > first.length)) first = hit
  }
  return first
}

/** Finds the next one of a level; each is searched for once. */
function hitsIn(
  { text, starts }: Level,
  wanted: readonly Buffer[],
): (from: number) => Hit | undefined {
  const next = finder(text, wanted)
  let hit = escapedHit(starts, next, 0)
  return (from) => {
    if (hit && hit.at < from) hit = escapedHit(starts, next, indexAt(starts, from))
    return hit
  }
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
/**
 * Of one escape, more than can follow its first backslash without another, in strings as deep as `echoDepth`:
 * `\\u005cu005cu0065`.
 */
const escapeBytes = 32
/** What could be read in the time that it takes to begin another stretch. */
const stretchBytes = 512
