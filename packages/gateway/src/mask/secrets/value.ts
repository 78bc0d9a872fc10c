import { beginsStandIn, isStandIn } from '../detect/stand-in.ts'
import { lowerOf as theirLowerOf } from '../detect/word-hash.ts'
import { alphabets as theirAlphabets, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'
import { PrefixTrie } from './trie.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf
const lowerOf = theirLowerOf

/** What a value is made of; filled by `measure`, which allocates nothing. */
const measured = {
  length: 0,
  digits: 0,
  lowers: 0,
  uppers: 0,
  /** Bytes that are neither letter nor digit. */
  others: 0,
  /** `_`, `-`, `.`, `/`, `:`: what also joins words into names. */
  joiners: 0,
  spaces: 0,
  distinct: 0,
  /** The longest run of one byte, and which one that is. */
  repeat: 0,
  repeated: 0,
  /** The longest run of letters of one case, as words are written. */
  letters: 0,
  hex: false,
  uuid: false,
}
export const shape: typeof measured = measured

const counts = new Uint16Array(128)
let countedBytes = 0
const logarithms = Float64Array.from({ length: 1025 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
)

/** A longer value is measured by its first bytes. */
const measuredBytes = 256

/** Measures `bytes[from..to)` into `shape`. */
export function measure(bytes: Uint8Array, from: number, to: number): void {
  const end = Math.min(to, from + measuredBytes)
  counts.fill(0)
  let digits = 0
  let lowers = 0
  let uppers = 0
  let joiners = 0
  let spaces = 0
  let hex = 0
  let repeat = 0
  let run = 0
  let repeated = 0
  let letters = 0
  let lettered = 0
  let distinct = 0
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    const sets = alphabetsOf[byte] ?? 0
    if ((sets & alphabets.anyhex) !== 0) hex++
    if ((sets & alphabets.digit) !== 0) digits++
    else if ((sets & alphabets.lower) !== 0) lowers++
    else if ((sets & alphabets.upper) !== 0) uppers++
    else if (isJoiner(byte)) joiners++
    else if (byte === 0x20) spaces++
    run = at > from && byte === bytes[at - 1] ? run + 1 : 1
    if (run > repeat) {
      repeat = run
      repeated = byte
    }
    lettered = (sets & (alphabets.lower | alphabets.upper)) !== 0 ? lettered + 1 : 0
    if (lettered > letters) letters = lettered
    const slot = byte & 0x7f
    const count = counts[slot] ?? 0
    if (count === 0) distinct++
    counts[slot] = count + 1
  }
  const length = end - from
  measured.length = to - from
  measured.digits = digits
  measured.lowers = lowers
  measured.uppers = uppers
  measured.others = length - digits - lowers - uppers
  measured.joiners = joiners
  measured.spaces = spaces
  measured.distinct = distinct
  measured.repeat = repeat
  measured.repeated = repeated
  measured.letters = letters
  measured.hex = hex === length
  measured.uuid = isUuid(bytes, from, to)
  countedBytes = length
}

/** Bits of Shannon entropy a byte, times 100, of what was measured last. */
export function entropy(): number {
  if (countedBytes === 0) return 0
  let sum = 0
  for (let slot = 0x20; slot < 0x80; slot++) sum += logarithms[counts[slot] ?? 0] ?? 0
  return Math.round(100 * (Math.log2(countedBytes) - sum / countedBytes))
}

const isJoiner = (byte: number): boolean =>
  byte === 0x5f || byte === 0x2d || byte === 0x2e || byte === 0x2f || byte === 0x3a

function isUuid(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== 36) return false
  for (let at = 0; at < 36; at++) {
    const byte = bytes[from + at] ?? 0
    const dash = at === 8 || at === 13 || at === 18 || at === 23
    if (dash !== (byte === 0x2d)) return false
    if (!dash && ((alphabetsOf[byte] ?? 0) & alphabets.alnum) === 0) return false
  }
  return true
}

/**
 * The value stands for one: `xxxx`, `<token>`, `${TOKEN}`, `your_api_key`, `…EXAMPLE`. `measure` was
 * called for it.
 */
export function isPlaceholder(bytes: Uint8Array, from: number, to: number): boolean {
  if (measured.length === 0) return true
  const first = bytes[from] ?? 0
  // `<token>`, `${TOKEN}`, `$TOKEN`, `%TOKEN%`, `{{ token }}`, `@password`, `[REDACTED:SECRET]`
  if (first === 0x3c || first === 0x7b || first === 0x5b || first === 0x28) return true
  if (first === 0x24 && isReference(bytes, from + 1, to)) return true
  if (first === 0x25 && bytes[to - 1] === 0x25) return true
  if (measured.distinct <= 2 || measured.repeat >= 5 + measured.length / 16) return true
  return holds(bytes, from, to) === standIn
}

/**
 * The same of the whole value of a field that holds a password or a token: it counts as none only where
 * all of it says so. Brackets around a password, or `example` behind it, make it no less of one.
 */
export function isPlaceholderWhole(bytes: Uint8Array, from: number, to: number): boolean {
  if (measured.length === 0) return true
  if (beginsStandIn(bytes[from] ?? 0)) {
    return isStandIn(Buffer.from(bytes.subarray(from, to)).toString('latin1'))
  }
  if (measured.distinct <= 2) return true
  // Digits that are the same stand in numbers too.
  const isDigit = ((alphabetsOf[measured.repeated] ?? 0) & alphabets.digit) !== 0
  const stuffed = !isDigit && measured.repeat * 2 >= measured.length
  if (stuffed && measured.repeat >= 5 + measured.length / 16) return true
  if (holds(bytes, from, to) !== standIn) return false
  let end = to
  while (end > from && ((alphabetsOf[bytes[end - 1] ?? 0] ?? 0) & alphabets.digit) !== 0) end--
  // Words, with a number behind them at most: `changeme123`, `your_api_key`, `process.env.TOKEN`.
  return stuffed || (measured.digits === to - end && measured.others === measured.joiners)
}

/** The value is, or holds, the address of a place. */
export const isAddress = (bytes: Uint8Array, from: number, to: number): boolean =>
  measured.others > 2 && holds(bytes, from, to) === address

/** `NAME`, `{NAME}`, `(command)` after a dollar: not a password that begins with one. */
function isReference(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] ?? 0
  if (first === 0x7b || first === 0x28 || from >= to) return true
  for (let at = from; at < to; at++) {
    if (((alphabetsOf[bytes[at] ?? 0] ?? 0) & alphabets.word) === 0) return false
  }
  return measured.digits < 3
}

const standIn = 1
const address = 2

/** Which of the stop words stands in the value first, in any case of letters; 0: none does. */
function holds(bytes: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + measuredBytes)
  for (let at = from; at < end; at++) {
    if (beginsStopWord[bytes[at] ?? 0] === 0) continue
    let node = stopWords.step(0, lowerOf[bytes[at] ?? 0] ?? 0)
    for (let next = at + 1; node !== 0; next++) {
      const kind = stopWords.valuesAt(node)
      if (kind !== undefined) return kind[0] ?? 0
      if (next >= end) break
      node = stopWords.step(node, lowerOf[bytes[next] ?? 0] ?? 0)
    }
  }
  return 0
}

const stopWords: PrefixTrie<number> = new PrefixTrie(
  (
    'example placeholder redacted changeme change_me replace your_ your- yourpass yourtoken yoursecret yourapi ' +
    'yourkey xxxx **** ... insert_ enter_ dummy process.env os.environ getenv ${ {{ $( ://'
  )
    .split(' ')
    .map((word) => [Buffer.from(word), word === '://' ? address : standIn] as const),
)

/** 1: a stop word begins with the byte, in any case of letters. */
const beginsStopWord: Uint8Array = lowerOf.map((byte) => (stopWords.step(0, byte) === 0 ? 0 : 1))
