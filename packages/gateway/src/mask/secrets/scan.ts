import type { Cell, Spans } from '../detect/cell.ts'
import { hints } from '../detect/hint-bits.ts'
import { alphabets as theirAlphabets, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'
import { wordBitsOf } from './field.ts'
import { RunEnds } from './format.ts'
import { isPhrase, judge, type Standing } from './judge.ts'
import {
  forgetName,
  takeNumber,
  takeWord,
  found as theirFound,
  names as theirNames,
  valueAfter,
} from './names.ts'
import { isAnyPassword, isResult } from './password-field.ts'
import { readFlag, readJwt, readPem, readUserOfUrl, part as theirPart } from './structured.ts'
import { matchVendor, mayBeVendor, vendor as theirVendor } from './vendor.ts'
import { wordBits as theirWordBits } from './words.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf
const names = theirNames
const found = theirFound
const part = theirPart
const vendor = theirVendor
const wordBits = theirWordBits

/**
 * Adds the secrets of one cell: documented tokens, JWT, private keys, credentials in URLs, and random
 * values beside a name that says what they are. Spans ascend and do not overlap. Linear in
 * `to - from`; allocates nothing when there is nothing.
 */
export function scanSecrets(cell: Cell, into: Spans): void {
  const { bytes, from, to } = cell
  if (cell.kind === 'number') {
    if ((cell.hint & (hints.secret | hints.password)) !== 0) scanField(cell, into)
    return
  }
  runs.clear()
  forgetName()
  names.login = false
  names.runEnd = -1
  tokenEnd = 0
  const before = into.length
  for (let at = from; at < to; ) at = scanSome(bytes, at, from, to, into)
  if ((cell.hint & secretHints) !== 0) addField(cell, into, before)
}

/** What the field's name says of its whole value takes the place of what is only a part of it. */
function addField(cell: Cell, into: Spans, before: number): void {
  const last = into.length
  if (last > before && (cell.hint & wholeHints) === 0) return
  scanField(cell, into)
  const whole = into[last]
  if (whole === undefined || last === before) return
  const { start, end } = whole
  const covers = into.slice(before, last).some((one) => one.start <= start && one.end >= end)
  into.length = covers ? last : before
  if (!covers) into.push(whole)
}

/** So much of a long cell at once: a loop that is left now and then is compiled whole. */
const bytesAtOnce = 2_048

function scanSome(bytes: Uint8Array, at: number, from: number, to: number, into: Spans): number {
  const stop = Math.min(to, at + bytesAtOnce)
  let next = at
  while (next < stop) {
    const kind = beginsAt[bytes[next] ?? 0]
    if (kind === begins.nothing) next++
    else if (kind === begins.sign) next = stepSign(bytes, next, from, to, into)
    else next = stepWord(bytes, next, from, to, into)
  }
  return next
}

/** The name of the field alone may make its value a secret. */
const secretHints = hints.secret | hints.password | hints.token | hints.key | hints.service
/** The name says that all of the value is one. */
const wholeHints = hints.secret | hints.password | hints.token

const runs = new RunEnds()

const begins = { nothing: 0, word: 1, number: 2, sign: 3 } as const

/** What begins with the byte: a word, a number, or a sign that may begin or mark a secret. */
const beginsAt: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const sets = alphabetsOf[byte] ?? 0
  if ((sets & alphabets.digit) !== 0) return begins.number
  if ((sets & alphabets.alnum) !== 0 || byte > 0x7f) return begins.word
  return [0x0a, 0x24, 0x2d, 0x3a, 0x5c].includes(byte) ? begins.sign : begins.nothing
})

/** Looks at the word or number that begins at `at`; returns where to go on. */
function stepWord(bytes: Uint8Array, at: number, from: number, to: number, into: Spans): number {
  if (isTokenStart(bytes, at, from)) {
    const left = tokenLeft(bytes, at, to)
    if (left >= shortestToken && (isJwtBegin(bytes, at) || mayBeVendor(bytes, at, left))) {
      const end = tokenAt(bytes, at, to, into, left)
      if (end > at) return end
    }
  }
  let end = 0
  if (beginsAt[bytes[at] ?? 0] === begins.number) {
    end = numberEnd(bytes, at, to)
    if (names.bits === 0 || !takeNumber(at, end)) return end
  } else {
    end = takeWord(bytes, at, to)
    if (end > 0) return end
    end = -end
  }
  return valueAfter(bytes, to, runs) ? pushNamed(bytes, to, into) : end
}

/** The end of the bytes tokens are made of, around where the scan is. */
let tokenEnd = 0

/** How many bytes that may be of a token are left from `at` on. */
function tokenLeft(bytes: Uint8Array, at: number, to: number): number {
  if (at >= tokenEnd) {
    let end = at
    while (end < to && ((alphabetsOf[bytes[end] ?? 0] ?? 0) & alphabets.token) !== 0) end++
    tokenEnd = end
  }
  return tokenEnd - at
}

/** No documented token begins with fewer bytes in a row. */
const shortestToken = 12

function numberEnd(bytes: Uint8Array, at: number, to: number): number {
  let end = at + 1
  while (end < to && ((alphabetsOf[bytes[end] ?? 0] ?? 0) & alphabets.digit) !== 0) end++
  return end
}

/** A documented token or a JWT at the start of a token. Its end, or `at`. */
function tokenAt(bytes: Uint8Array, at: number, to: number, into: Spans, left = to - at): number {
  if (isJwtBegin(bytes, at) && readJwt(bytes, at, to, runs)) {
    push(into, 'secret/jwt', part.start, part.end, 95, 'jwt-header')
    forgetName()
    return part.end
  }
  if (!matchVendor(bytes, at, to, runs, left)) return at
  push(into, vendor.rule, at, vendor.end, vendor.confidence, vendor.validator)
  forgetName()
  return vendor.end
}

/** `ey`: the base64 of a brace and what is not a letter. */
const isJwtBegin = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0x65 && bytes[at + 1] === 0x79

/** A value that stands beside its name; what it is itself says more than its name does. */
function pushNamed(bytes: Uint8Array, to: number, into: Spans): number {
  const { start, end, confidence, bits } = found
  const documented = matchVendor(bytes, start, to, runs)
  const rule = documented ? vendor.rule : ruleOf(bits)
  const last = documented ? Math.max(end, vendor.end) : end
  const sure = documented ? vendor.confidence : confidence
  const validator = documented ? vendor.validator : undefined
  push(into, rule, start, last, Math.max(sure, confidence), validator)
  forgetName()
  return last
}

function ruleOf(bits: number): string {
  if ((bits & wordBits.password) !== 0) return 'secret/password'
  if ((bits & wordBits.scheme) !== 0) return 'secret/authorization'
  if ((bits & wordBits.secret) !== 0) return 'secret/named'
  return (bits & (wordBits.key | wordBits.plainKey)) !== 0 ? 'secret/key' : 'secret/service'
}

/** A sign that may begin or mark a secret: `-----BEGIN`, `-u`, `://`. */
function stepSign(bytes: Uint8Array, at: number, from: number, to: number, into: Spans): number {
  const byte = bytes[at] ?? 0
  if (byte === 0x2d) {
    if (bytes[at + 1] === 0x2d && bytes[at + 2] === 0x2d && readPem(bytes, at, to)) {
      return pushPart(into, 'secret/private-key', 95)
    }
    if ((at === from || (bytes[at - 1] ?? 0) <= 0x20) && readFlag(bytes, at, to, names.login)) {
      return pushPart(into, 'secret/command-line', 75)
    }
  } else if (byte === 0x3a && bytes[at + 1] === 0x2f && bytes[at + 2] === 0x2f) {
    if (readUserOfUrl(bytes, at, from, to)) return pushPart(into, 'secret/url', 90)
    return at + 3
  } else if (byte === 0x24) {
    // The hash of a password, as `crypt` writes it.
    const end = tokenAt(bytes, at, to, into)
    if (end > at) return end
  } else if (byte === 0x5c) {
    // The letter of `\n` is no part of the word behind it.
    const next = bytes[at + 1] ?? 0
    if (next === 0x6e || next === 0x72 || next === 0x74) return at + 2
  } else if (byte === 0x0a) names.login = false
  return at + 1
}

function pushPart(into: Spans, rule: string, confidence: number): number {
  push(into, rule, part.start, part.end, confidence, undefined)
  forgetName()
  return part.end
}

/** The whole value of a field whose name says that it holds a secret. */
function scanField(cell: Cell, into: Spans): void {
  const { bytes } = cell
  let { from, to } = cell
  while (from < to && (bytes[from] ?? 0) <= 0x20) from++
  while (to > from && (bytes[to - 1] ?? 0) <= 0x20) to--
  const named = cell.hint & (hints.secret | hints.password)
  if (named === hints.password && isResult(bytes, from, to)) return
  field.bits = wordBitsOf(cell.hint)
  const phrase = named !== 0 && isPhrase(bytes, from, to)
  const confidence = phrase ? 65 : judge(bytes, from, to, field)
  if (confidence > 0) push(into, ruleOf(field.bits), from, to, confidence, undefined)
  else if ((cell.hint & hints.secret) !== 0 && isCode(bytes, from, to)) {
    push(into, 'secret/code', from, to, 65, undefined)
  } else if ((cell.hint & hints.password) !== 0 && cell.kind !== 'number') {
    if (isAnyPassword(bytes, from, to)) push(into, 'secret/password', from, to, 55, undefined)
  }
}

const field: Standing = {
  bits: 0,
  unsure: false,
  ofId: false,
  assigned: true,
  quoted: true,
  argument: false,
  dash: false,
  alone: true,
  tight: false,
  field: true,
}

/** A few digits, as of a card's back, a one-time password, a PIN. */
function isCode(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 3 || to - from > 12) return false
  for (let at = from; at < to; at++) {
    if (((alphabetsOf[bytes[at] ?? 0] ?? 0) & alphabets.digit) === 0) return false
  }
  return true
}

/** Nothing of a token stands before `at`; the letter of an escape such as `\n` is not part of one. */
function isTokenStart(bytes: Uint8Array, at: number, from: number): boolean {
  if (at === from) return true
  const before = bytes[at - 1] ?? 0
  if (((alphabetsOf[before] ?? 0) & alphabets.word) === 0) return true
  return (
    at - 2 >= from &&
    bytes[at - 2] === 0x5c &&
    (before === 0x6e || before === 0x72 || before === 0x74)
  )
}

function push(
  into: Spans,
  rule: string,
  start: number,
  end: number,
  confidence: number,
  validator: string | undefined,
): void {
  into.push({ type: 'SECRET', rule, start, end, confidence, validator })
}
