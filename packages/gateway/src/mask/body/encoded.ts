import { isUtf8 } from 'node:buffer'

/** A stretch of base64 and what it says. */
export type Encoded = { readonly start: number; readonly end: number; readonly text: Buffer }

/**
 * Calls `each` for every stretch of base64 (RFC 4648 sections 4 and 5) that says text. Looks at few of
 * the bytes that are none, and refuses what is no text after its first characters.
 */
export function eachEncoded(
  bytes: Uint8Array,
  from: number,
  to: number,
  each: (encoded: Encoded) => void,
): void {
  // A stretch that is long enough covers a multiple of its least length.
  for (let probe = from; probe < to; probe += runBytesMin) {
    if (isBase64[bytes[probe] ?? 0] === 0) continue
    let start = probe
    while (start > from && isBase64[bytes[start - 1] ?? 0] === 1) start -= 1
    let end = probe + 1
    while (end < to && isBase64[bytes[end] ?? 0] === 1) end += 1
    if (end - start >= runBytesMin && end - start <= runBytesMax) {
      let padded = end
      while (padded < to && padded < end + 2 && bytes[padded] === 0x3d) padded += 1
      // A cell may be a window of a longer text, and begin within a stretch: nobody knows its phase.
      const phases = start === from ? 4 : 1
      let saysText = false
      for (let first = start; first < start + phases && end - first >= runBytesMin; first += 1) {
        const text = decoded(bytes, first, end)
        saysText ||= text !== undefined
        if (text !== undefined) each({ start, end: padded, text })
      }
      if (!saysText) eachGlued(bytes, start, end, padded, each)
    }
    probe = Math.max(probe, end - runBytesMin + 1)
  }
}

/** False: there is no stretch that `eachEncoded` would look at. */
export function mayBeEncoded(bytes: Uint8Array, from: number, to: number): boolean {
  // Any stretch that is long enough covers one of these bytes.
  for (let probe = from + runBytesMin - 1; probe < to; ) {
    let start = probe
    while (start > probe - runBytesMin && isBase64[bytes[start] ?? 0] === 1) start -= 1
    if (start === probe - runBytesMin) return true
    probe = start + runBytesMin
  }
  return false
}

/**
 * A stretch that says nothing as a whole may be a path or a prefix with base64 behind it: from behind
 * each slash, dash and low line on it may go to the next of them, or hold them and go to the end.
 */
function eachGlued(
  bytes: Uint8Array,
  start: number,
  end: number,
  padded: number,
  each: (encoded: Encoded) => void,
): void {
  // Keeps a stretch linear of which every part seems to say text.
  let allowance = readsPerByte * (end - start)
  for (let at = start; end - at >= runBytesMin; ) {
    let next = at
    while (next < end && separates[bytes[next] ?? 0] === 0) next += 1
    if (at > start && allowance > 0 && beginsAsText(bytes, at)) {
      allowance -= end - at
      const text = decoded(bytes, at, end)
      if (text !== undefined) {
        each({ start: at, end: padded, text })
        return
      }
    }
    if (next < end && next - at >= runBytesMin) {
      const text = decoded(bytes, at, next)
      if (text !== undefined) each({ start: at, end: next, text })
    }
    at = next + 1
  }
}

const readsPerByte = 4
const separates = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[/_-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

/** The shortest e-mail addresses and account numbers take about so much; shorter words are words. */
const runBytesMin = 16
/** Longer ones are files, not values. */
const runBytesMax = 65_536

const isBase64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && /[\w+/-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

const sextets = new Int8Array(256)
for (const [at, char] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  sextets[char.charCodeAt(0)] = at
}
sextets[0x2d] = 62
sextets[0x5f] = 63

function decoded(bytes: Uint8Array, start: number, end: number): Buffer | undefined {
  if (!beginsAsText(bytes, start)) return undefined
  const source = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  // A character too many begins three bytes of which the rest is still to come; `from` ignores it.
  const text = wholeCharacters(Buffer.from(source.toString('latin1'), 'base64'))
  if (!isUtf8(text)) return undefined
  for (const byte of text)
    if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return undefined
  return text
}

/** Without the parts of characters at either end, where the stretch was cut. */
function wholeCharacters(text: Buffer): Buffer {
  let from = 0
  while (from < 3 && ((text[from] ?? 0) & 0xc0) === 0x80) from += 1
  let last = text.length - 1
  while (last > text.length - 4 && ((text[last] ?? 0) & 0xc0) === 0x80) last -= 1
  const lead = text[last] ?? 0
  const bytes = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  return text.subarray(from, last + bytes > text.length ? last : text.length)
}

/** Whether the first bytes that a run says could be of a text: UTF-8 (RFC 3629) without control characters. */
function beginsAsText(bytes: Uint8Array, start: number): boolean {
  const last = start + runBytesMin - 4
  /** Bytes that have to follow in a character, and those there may be of one that began before the run. */
  let more = 0
  let strays = 3
  for (let at = start; at <= last; at += 4) {
    const word = sextetsAt(bytes, at)
    for (let shift = 16; shift >= 0; shift -= 8) {
      const byte = (word >> shift) & 0xff
      if (!isText(byte)) return false
      // The run may end here, within a character.
      if (at === last) continue
      if ((byte & 0xc0) === 0x80) {
        if (more === 0 && strays === 0) return false
        if (more > 0) more -= 1
        else strays -= 1
        continue
      }
      if (more > 0 || (byte >= 0x80 && (byte < 0xc2 || byte > 0xf4))) return false
      strays = 0
      if (byte >= 0x80) more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    }
  }
  return true
}

/** Three bytes that four characters say. */
const sextetsAt = (bytes: Uint8Array, at: number): number =>
  ((sextets[bytes[at] ?? 0] ?? 0) << 18) |
  ((sextets[bytes[at + 1] ?? 0] ?? 0) << 12) |
  ((sextets[bytes[at + 2] ?? 0] ?? 0) << 6) |
  (sextets[bytes[at + 3] ?? 0] ?? 0)

function isText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x0a || byte === 0x0d || byte === 0x09
}
