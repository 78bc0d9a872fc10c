import { holdFrom } from '../detect/hold.ts'

/**
 * The first byte of `[from, to)` that could still become part of a match if more text follows: what
 * detectors say, and the stretch at the end that may be something encoded.
 */
export function holdInText(bytes: Uint8Array, from: number, to: number): number {
  let run = to
  const least = Math.max(from, to - runBytesMax)
  while (run > least && isEncoded[bytes[run - 1] ?? 0] === 1) run -= 1
  const open = Math.min(run, holdFrom(bytes, from, to), unexplainedFrom(bytes, from, to))
  const hold = Math.min(open, quotedFrom(bytes, from, to, open))
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from)
  const key = text.lastIndexOf(keyBegin)
  // A private key (RFC 7468) has as many lines as it has, and none of them tells what it is.
  return key < 0 || text.includes(keyEnd, key) ? hold : Math.min(hold, from + key)
}

const keyBegin = '-----BEGIN'
const keyEnd = '-----END'

/**
 * Where the name of an address begins that stands in quotes, blanks and all (RFC 5321 section 4.1.2):
 * it may be open still, or closed with the rest of the address to come. `to` when there is none.
 */
function quotedFrom(bytes: Uint8Array, from: number, to: number, open: number): number {
  const last = quoteBefore(bytes, to, Math.max(from, Math.min(open, to - quotedBytes)))
  if (last < 0) return to
  const first = quoteBefore(bytes, last, Math.max(from, last - quotedBytes))
  const closed = first >= 0 && (last + 1 === to || bytes[last + 1] === 0x40)
  return closed ? first : last
}

/** The nearest quote before `to` that is not escaped; -1 when there is none from `least` on. */
function quoteBefore(bytes: Uint8Array, to: number, least: number): number {
  for (let at = to - 1; at >= least; at -= 1) {
    if (bytes[at] === 0x22 && (at === least || bytes[at - 1] !== 0x5c)) return at
  }
  return -1
}

/** A name of 64 bytes and its quotes. */
const quotedBytes = 66

/** Where digits begin of which a word behind them may still say what they are. */
function unexplainedFrom(bytes: Uint8Array, from: number, to: number): number {
  const least = Math.max(from, to - bytesBehind)
  let first = to
  let digits = 0
  for (let at = to - 1; at >= least; at -= 1) {
    if (!isDigit(bytes[at] ?? 0)) continue
    first = at
    digits += 1
  }
  if (digits < fewestDigits) return to
  // The value may have begun before: to the begin of the word, and of words before it that have digits.
  let start = first
  let inWord = true
  for (let at = first - 1; at >= Math.max(from, first - valueBytes); at -= 1) {
    const byte = bytes[at] ?? 0
    if (byte === 0x20) {
      if (!inWord) break
      inWord = false
    } else if (inWord || isDigit(byte)) {
      inWord = true
      start = at
    }
  }
  return start
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** A word that explains a number stands so near behind it. */
const bytesBehind = 48
/** What needs a word beside it is shorter. */
const valueBytes = 64
/** And has so many digits. */
const fewestDigits = 4

/** Longer ones are files; what they say is looked at piece by piece. */
const runBytesMax = 2_048

/** Base64, percent-encoding and escapes: a character that is escaped twice, `\u005c\u0075…`, takes 36 bytes. */
const isEncoded = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && /[\w+/=%\\-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
