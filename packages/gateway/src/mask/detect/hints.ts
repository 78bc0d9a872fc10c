import { secretHintOf } from '../secrets/field.ts'
import { hints, topicShift } from './hint-bits.ts'
import { hintOfTopic, keyTopics } from './vocabulary.ts'
import { emptyHash, hashByte, hashPair, hashText, lowerOf } from './word-hash.ts'

/**
 * The hint of a key, column or field name in any spelling (camelCase, snake, kebab, dotted, prefixed,
 * run together; several languages); 0: it says nothing. Only the last words of a long name are its
 * noun, so what they say wins. A mark that redaction left in it says nothing of what it stands before: masking
 * twice is masking once. Allocates nothing.
 */
export function hintOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > keyBytesMax) return 0
  let hint = 0
  let previous = 0
  let whole = emptyHash
  let at = from
  let words = 0
  while (at < to) {
    if (!isWord(bytes[at] ?? 0)) {
      if (bytes[at] === openBracket && markEnd(bytes, at, to) > 0) {
        return hintOf(withoutMarks(bytes, from, to), 0, to - from)
      }
      at += 1
      continue
    }
    let hash = emptyHash
    let end = at
    do {
      const byte = lowerOf[bytes[end] ?? 0] ?? 0
      hash = hashByte(hash, byte)
      whole = hashByte(whole, byte)
      end += 1
    } while (end < to && goesOn(bytes, end, to))
    hint = merge(hint, hash)
    if (words > 0) hint = merge(hint, hashPair(previous, hash))
    words += 1
    previous = hash
    at = end
  }
  if (words > 1) hint = merge(hint, whole)
  // `password_policy` holds none.
  if ((hint & hints.secret) !== 0 && aboutSecrets.has(previous)) hint &= ~hints.secret
  // A name that says both what it is and that it is some other number is what it is.
  const known = (hint & ~hints.other) % 2 ** topicShift === 0 ? hint : hint & ~hints.other
  return known | secretHintOf(bytes, from, to)
}

/** The last word of a name that only says something about a secret. */
const aboutSecrets: ReadonlySet<number> = new Set(
  (
    'policy policies rule rules strength length min max minimum maximum required enabled disabled expiry expires ' +
    'expiration expired age rotation attempts count type types algorithm format status state url uri link page'
  )
    .split(' ')
    .map(hashText),
)

/** A longer key is not a name but a value, or hostile. */
const keyBytesMax = 96

const openBracket = 0x5b
const marked = '[REDACTED:'

/** Behind the mark that begins here; -1: none does. */
function markEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let i = 0; i < marked.length; i += 1) {
    if (bytes[from + i] !== marked.charCodeAt(i)) return -1
  }
  const end = bytes.indexOf(0x5d, from)
  return end < 0 || end >= to ? -1 : end + 1
}

/** The name with blanks where marks stand. */
function withoutMarks(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const name = Uint8Array.from(bytes.subarray(from, to))
  for (let at = 0; at < name.length; at += 1) {
    const end = name[at] === openBracket ? markEnd(name, at, name.length) : -1
    if (end > 0) name.fill(0x20, at, end)
  }
  return name
}

function merge(hint: number, hash: number): number {
  const found = keyTopics(hash)
  if (found === undefined) return hint
  let merged = hint
  for (const topic of found) {
    const one = hintOfTopic(topic)
    merged =
      (merged & bitsMask) |
      (one & bitsMask) |
      (Math.max(merged >>> topicShift, one >>> topicShift) << topicShift)
  }
  return merged
}

const bitsMask = (1 << topicShift) - 1

const isWord = (byte: number): boolean =>
  byte > 0x7f || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || isDigit(byte)

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a

/** The byte at `at` belongs to the word before it: `cardNumber` and `PANNumber` are two words. */
function goesOn(bytes: Uint8Array, at: number, to: number): boolean {
  const byte = bytes[at] ?? 0
  if (!isWord(byte)) return false
  if (!isUpper(byte)) return true
  const before = bytes[at - 1] ?? 0
  if (!isUpper(before)) return false
  const next = at + 1 < to ? (bytes[at + 1] ?? 0) : 0
  return !(next >= 0x61 && next <= 0x7a)
}
