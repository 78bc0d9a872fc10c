import { emptyHash, hashByte, hashText, lowerOf as theirLowerOf } from '../detect/word-hash.ts'
import {
  entropy,
  isAddress,
  isPlaceholder,
  isPlaceholderWhole,
  measure,
  shape as theirShape,
} from './value.ts'
import { bitsOfWord, wordBits as theirWordBits } from './words.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const wordBits = theirWordBits
const shape = theirShape
const lowerOf = theirLowerOf

/** How a value stands beside its name. */
export type Standing = {
  /** The bits of the words of the name (`wordBits`). */
  bits: number
  /** The name goes on after the word that says what it is: `token_something`. */
  unsure: boolean
  /** The name ends with `id`: a UUID, or words, say where credentials are kept. */
  ofId: boolean
  /** A sign or a field gives the value to the name. */
  assigned: boolean
  quoted: boolean
  /** The value is an argument of a call, or the next field of a list. */
  argument: boolean
  /** Only a dash stands between. */
  dash: boolean
  /** Nothing follows the value on its line, or it stands right behind `=`. */
  alone: boolean
  /** It is the whole value of a field. */
  field: boolean
  /** It stands right behind `=`, as in a file of settings. */
  tight: boolean
}

/**
 * How sure it is that `bytes[from..to)` is a secret, given the name it stands beside; 0: it is none.
 * The name decides how random the value has to look. However long it is, its first bytes tell.
 */
export function judge(bytes: Uint8Array, from: number, to: number, standing: Standing): number {
  if (to - from < leastOf(standing)) return 0
  measure(bytes, from, to)
  const confidence = judgeShape(bytes, from, to, standing)
  if (confidence === 0 || (standing.ofId && (shape.uuid || isName()))) return 0
  // A URL is a place; what is secret in one is found by its own rule.
  if (isAddress(bytes, from, to)) return 0
  const named = (standing.bits & (wordBits.password | wordBits.secret)) !== 0
  const whole = standing.field && named
  const none = whole ? isPlaceholderWhole(bytes, from, to) : isPlaceholder(bytes, from, to)
  return none ? 0 : confidence
}

/** No shorter value can count: most are told apart by this alone. */
function leastOf({ bits, assigned, quoted }: Standing): number {
  if ((bits & wordBits.password) !== 0) return assigned || quoted ? 4 : 6
  return (bits & wordBits.secret) !== 0 && (assigned || quoted) ? 8 : 14
}

function judgeShape(bytes: Uint8Array, from: number, to: number, standing: Standing): number {
  const { bits, assigned, quoted } = standing
  if ((bits & wordBits.scheme) !== 0 && shape.spaces === 0) {
    return shape.length >= 16 && (shape.digits > 0 || shape.length >= 24) && !isName() ? 85 : 0
  }
  if (shape.spaces > 0) return 0
  if (!quoted && isCode(bytes, from, to)) return 0
  if ((bits & wordBits.password) !== 0) {
    const confidence = judgePassword(bytes, from, to, standing)
    if (confidence !== 0) return confidence
  }
  if (isHashLabel(bytes, from)) return 0
  if ((bits & wordBits.secret) !== 0 && (assigned || quoted) && !standing.argument) {
    return standing.unsure ? (isRandom(16) ? 60 : 0) : judgeToken(quoted)
  }
  if ((bits & (wordBits.secret | wordBits.key | wordBits.plainKey)) !== 0) {
    // A field called `key`, or about one, mostly names what it belongs to.
    const vague = standing.unsure || (standing.field && bits === wordBits.plainKey)
    if (vague && shape.uuid) return 0
    if (!assigned && !quoted && shape.others > shape.joiners) return 0
    const told = assigned || (bits & (wordBits.secret | wordBits.service)) !== 0
    if (isRandom(told && !standing.dash && !vague ? 14 : 20)) return assigned ? 70 : 60
    return (bits & wordBits.secret) !== 0 && isJumble() ? 55 : 0
  }
  const plain = shape.uuid || shape.others === 0
  return (bits & wordBits.service) !== 0 && plain && isRandom(20) ? 60 : 0
}

function judgePassword(bytes: Uint8Array, from: number, to: number, standing: Standing): number {
  const { assigned, quoted } = standing
  // Nobody types as much; what a program makes looks random.
  if (shape.length > 256) return isRandom(14) ? 60 : 0
  const letters = shape.lowers + shape.uppers
  const varied = shape.digits > 0 || shape.others > shape.joiners
  if ((!assigned && !quoted) || standing.argument || standing.unsure) {
    const strong = shape.digits > 0 && letters > 0 && shape.length >= 6
    return strong && (shape.others > 0 || (shape.lowers > 0 && shape.uppers > 0)) ? 60 : 0
  }
  if (varied && letters > 0 && !(shape.digits === 0 && isSelector(bytes[from] ?? 0))) return 80
  if (shape.digits === shape.length) return shape.length >= 4 ? 65 : 0
  if (!quoted && !standing.tight && isVariable(bytes, from, to)) return 0
  if (letters !== shape.length) return shape.joiners >= 2 || isSelector(bytes[from] ?? 0) ? 0 : 60
  if (!quoted && !standing.alone) return 0
  return isOrdinary(bytes, from, to) ? 0 : 60
}

/** `#password`, `.password`, `/password`: where the value stands, not what it is. */
const isSelector = (byte: number): boolean =>
  byte === 0x23 || byte === 0x2e || byte === 0x2f || byte === 0x40 || byte === 0x2d

/** A call, an expression, a reference to something: not a value. */
function isCode(bytes: Uint8Array, from: number, to: number): boolean {
  const last = bytes[to - 1] ?? 0
  if (last === 0x28 || last === 0x5b || last === 0x7b) return true
  const end = Math.min(to, from + 128)
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0x28 || byte === 0x7b || byte === 0x5b) return true
  }
  return false
}

/** `sha256:…`, `md5-…`: the value says itself that it is a hash. */
function isHashLabel(bytes: Uint8Array, from: number): boolean {
  const first = bytes[from] ?? 0
  const second = bytes[from + 1] ?? 0
  const third = bytes[from + 2] ?? 0
  if (first === 0x73 && second === 0x68 && third === 0x61) return true
  return first === 0x6d && second === 0x64 && third === 0x35
}

function judgeToken(quoted: boolean): number {
  const letters = shape.lowers + shape.uppers
  if (shape.length < 8) return 0
  if (shape.digits === shape.length) return shape.length >= 20 ? 60 : 0
  if (shape.digits > 0) {
    if (letters === 0 || isName() || isMoment()) return 0
    if (shape.length >= 14) return 80
    // `Uint8Array` is a type.
    return quoted || shape.digits > 1 ? 65 : 0
  }
  if (quoted && shape.others > shape.joiners && shape.length >= 10) return 60
  const mixed = shape.uppers >= 3 && shape.lowers >= 3
  return shape.joiners === 0 &&
    shape.length >= 20 &&
    entropy() >= 350 &&
    (mixed || shape.letters >= 20)
    ? 60
    : 0
}

/** It looks drawn at random, or is a UUID: not a word, name, version, date or path. */
function isRandom(least: number): boolean {
  if (shape.uuid) return true
  if (shape.length < least) return false
  const letters = shape.lowers + shape.uppers
  const mixed = shape.uppers >= 3 && shape.lowers >= 3
  if (letters < 2 || shape.digits < (mixed && entropy() >= 350 ? 1 : 2)) {
    return shape.length >= 32 && entropy() >= 430
  }
  return entropy() >= 280 && !isName() && !isMoment()
}

/** One run of letters that is longer than words are and repeats few of them. */
const isJumble = (): boolean =>
  shape.letters === shape.length && shape.length >= 20 && shape.length <= 64 && entropy() >= 400

/** Words joined by `_`, `-`, `.` or `/`, with few digits: a name, a host, a path, a version. */
function isName(): boolean {
  if (shape.uuid || shape.joiners === 0 || shape.others > shape.joiners) return false
  const letters = shape.lowers + shape.uppers
  if (shape.joiners * 3 > letters + shape.digits && shape.length < 40) return true
  const oneCase = shape.lowers === 0 || shape.uppers === 0 || shape.uppers <= shape.joiners + 1
  return oneCase && shape.digits * 4 <= shape.length && shape.joiners * 14 >= shape.length
}

/** A date, a time, a range of numbers. */
const isMoment = (): boolean =>
  !shape.uuid &&
  shape.length <= 40 &&
  shape.joiners >= 2 &&
  shape.digits * 10 >= shape.length * 6 &&
  shape.lowers + shape.uppers <= 4

/** `pass`, `user.password`, `db_secret`: the name of what holds one. */
export function isVariable(bytes: Uint8Array, from: number, to: number): boolean {
  let start = to
  while (start > from && isLetter(bytes[start - 1] ?? 0)) start--
  return (bitsOfWord(hashOf(bytes, start, to)) & (wordBits.password | wordBits.secret)) !== 0
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = emptyHash
  for (let at = from; at < to; at++) hash = hashByte(hash, lowerOf[bytes[at] ?? 0] ?? 0)
  return hash
}

/** Whether the value, a single word, is what such a field holds when it holds no password. */
export function isOrdinary(bytes: Uint8Array, from: number, to: number): boolean {
  const hash = hashOf(bytes, from, to)
  if (ordinary.has(hash)) return true
  const first = bytes[from] ?? 0
  return first >= 0x41 && first <= 0x5a && (bitsOfWord(hash) & wordBits.password) !== 0
}

const ordinary: ReadonlySet<number> = new Set(
  (
    'true false null none nil undefined string required optional yes never always empty hidden masked unknown text ' +
    'input value type object number boolean prompt redacted removed encrypted hashed disabled enabled default ' +
    'field label generated random unset todo must should with from this that self void async await return function ' +
    'passed failed fail skipped'
  )
    .split(' ')
    .map(hashText),
)

/**
 * A passphrase or a seed phrase: words in lower case with one space between them, twelve and more whatever they are, or
 * three and more of which none makes a sentence.
 */
export function isPhrase(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 12 || to - from > 512) return false
  let words = 0
  let plain = 0
  let start = from
  for (let at = from; at <= to; at++) {
    if (at < to && bytes[at] !== 0x20) {
      if (!isLetter(bytes[at] ?? 0) || (bytes[at] ?? 0) < 0x60) return false
      continue
    }
    if (at === start) return false
    if (spoken.has(hashOf(bytes, start, at))) plain++
    words++
    start = at + 1
  }
  return words >= 12 || (words >= 3 && plain === 0)
}

/** Words of sentences about passwords. */
const spoken: ReadonlySet<number> = new Set(
  (
    'a an the is are was be been must should can cannot could may not no this that it its your you we they to of ' +
    'in on at for from with without and or has have had does do did will please enter required invalid wrong ' +
    'incorrect missing changed expired updated least than too short long match matches'
  )
    .split(' ')
    .map(hashText),
)
