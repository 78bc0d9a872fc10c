import { scanSecrets } from '../secrets/scan.ts'
import { scanBic } from './bic.ts'
import { mayHoldCard, scanCard, scanCardInWord } from './card.ts'
import { forgetRow } from './card-row.ts'
import { forgetUneven } from './card-uneven.ts'
import type { Cell, Span, Spans, Wanted } from './cell.ts'
import {
  isAlnum,
  isDigit,
  hexOf as theirHexOf,
  kindOf as theirKindOf,
  kinds as theirKinds,
} from './classes.ts'
import { beginContext, passWord } from './context.ts'
import { scanCrypto } from './crypto.ts'
import { scanEmail } from './email.ts'
import { areSecretsWanted, beginFinding, isWanted, spansSoFar } from './finding.ts'
import { forgetFours, scanIban } from './iban.ts'
import { scanIpv4, scanIpv6 } from './ip.ts'
import { scanBareMac, scanMac } from './mac.ts'
import { scanPhone, surePhoneEnd } from './phone.ts'
import { type Fate, resolveSpans } from './resolve.ts'
import { fewestCharacters, scanIds } from './shapes.ts'
import { wholeOf } from './whole.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const hexOf = theirHexOf
const kindOf: Uint8Array = theirKindOf
const kinds = theirKinds

/**
 * Adds the spans of one cell: they do not overlap and ascend. A checksum wins over a weaker pattern,
 * the longer over the shorter at equal strength. Without `wanted`, every entity of the registry
 * counts from its own default confidence on. What `fateOf` says is let be never takes the place of what
 * is hidden. Allocates nothing when there is nothing; linear in `to - from`.
 */
export function scanCell(
  cell: Cell,
  into: Spans,
  wanted?: Wanted,
  fateOf?: (span: Span) => Fate,
): void {
  beginFinding(wanted)
  const found = spansSoFar()
  read(cell, found)
  const { bytes, from, to, joints } = cell
  if (joints?.stand(from, to)) {
    joints.write(bytes, from, to, 'parting')
    read(cell, found)
    joints.write(bytes, from, to, 'joining')
  }
  const whole = wholeOf(cell)
  if (whole !== undefined && isWanted(whole)) addWhole(whole, found, fateOf)
  if (found.length > 0) resolveSpans(found, into, fateOf)
}

function read(cell: Cell, found: Span[]): void {
  beginContext(cell)
  scanWords(cell.bytes, cell.from, cell.to)
  const known = found.length
  if (areSecretsWanted()) scanSecrets(cell, found)
  if (found.length > known) dropUnwanted(found, known)
}

/** Other scanners do not ask what is wanted. */
function dropUnwanted(found: Span[], from: number): void {
  let kept = from
  for (let at = from; at < found.length; at++) {
    const span = found[at]
    if (span === undefined || !isWanted(span)) continue
    if (kept < at) found[kept] = span
    kept++
  }
  if (kept < found.length) found.length = kept
}

/** The field's name speaks for the whole value, unless one find already covers and hides all of it. */
function addWhole(whole: Span, found: Span[], fateOf: ((span: Span) => Fate) | undefined): void {
  for (const span of found) {
    if (span.start > whole.start || span.end < whole.end) continue
    if (fateOf === undefined || fateOf(span) === 'hidden') return
  }
  found.push(whole)
}

/** What the detectors have read beyond; none looks before it again. */
let phoneFrom = 0
let cardFrom = 0
let hexFrom = 0
let emailFrom = 0
let macFrom = 0
/** Between where words are read and here stands no digit. */
let digitFrom = 0

function scanWords(bytes: Uint8Array, from: number, to: number): void {
  phoneFrom = from
  cardFrom = from
  hexFrom = from
  emailFrom = from
  macFrom = from
  digitFrom = from
  forgetRow()
  forgetUneven()
  forgetFours()
  for (let at = from; at < to; ) at = scanSome(bytes, at, from, to)
}

/** So much of a long cell at once: a loop that is left now and then is compiled whole. */
const bytesAtOnce = 2_048

/** The words that begin in the next bytes. Returns where to go on. */
function scanSome(bytes: Uint8Array, begin: number, from: number, to: number): number {
  const stop = Math.min(to, begin + bytesAtOnce)
  let at = begin
  while (at < stop) {
    const byte = bytes[at] ?? 0
    const kind = kindOf[byte] ?? 0
    if (kind === 0) {
      at = isMark[byte] === 0 ? at + 1 : scanMark(bytes, byte, at, from, to)
      continue
    }
    const start = at
    let flags = 0
    let before = kind
    let next = kind
    do {
      flags |= next
      before = next
      at += 1
      next = at < to ? (kindOf[bytes[at] ?? 0] ?? 0) : 0
      // Scripts written without spaces: digits and what is not ASCII are words of their own.
    } while (next !== 0 && (next | before) !== (kinds.digit | kinds.wide))
    if ((flags & kinds.digit) === 0) passWord(start, at)
    if ((flags & kinds.wide) === 0) at = Math.max(at, scanWord(bytes, start, at, to, flags))
    else if ((flags & kinds.digit) !== 0) scanMixed(bytes, start, at, to)
  }
  return at
}

/** A word with letters beyond ASCII and digits: its parts in ASCII are looked at by themselves. */
function scanMixed(bytes: Uint8Array, from: number, to: number, end: number): void {
  let at = from
  while (at < to) {
    let flags = 0
    const start = at
    for (; at < to && isAlnum(bytes[at]); at++) flags |= kindOf[bytes[at] ?? 0] ?? 0
    if (at > start) scanWord(bytes, start, at, end, flags)
    else at += 1
  }
}

/** A byte between words. Returns where to go on: what a sure find covers holds nothing else. */
function scanMark(bytes: Uint8Array, byte: number, at: number, from: number, to: number): number {
  if (byte === atSign) {
    const end = scanEmail(bytes, at, Math.max(from, emailFrom), to)
    emailFrom = Math.max(end, at + 1)
    return emailFrom
  }
  if (byte === plus || byte === open) {
    if (at < phoneFrom || at + 1 >= to) return at + 1
    if (!isDigit(bytes[at + 1]) && bytes[at + 1] !== open) return at + 1
    phoneFrom = Math.max(at + 1, scanPhone(bytes, at, to))
    return Math.max(at + 1, surePhoneEnd())
  }
  if (byte === colon && bytes[at + 1] === colon && at >= hexFrom && at + 1 < to) {
    if (!isAlnum(bytes[at - 1]) || at === from) hexFrom = scanIpv6(bytes, at, to)
  }
  return at + 1
}

const atSign = 0x40
const plus = 0x2b
const open = 0x28
const colon = 0x3a
const dash = 0x2d
const dot = 0x2e
const underscore = 0x5f

/** Bytes between words at which something may begin. */
const isMark: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  [atSign, plus, open, colon].includes(byte) ? 1 : 0,
)

/** What stands between the groups of a row of digits. */
const separatesRow: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0 && byte < 0x80 && ' -./:_'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** What may stand behind the first word of a value that has several. */
const joins: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0 && byte < 0x80 && ' -./:(+_)'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** A word of ASCII letters and digits. Returns where to go on. */
function scanWord(
  bytes: Uint8Array,
  start: number,
  end: number,
  to: number,
  flags: number,
): number {
  const length = end - start
  const next = end < to ? (bytes[end] ?? 0) : 0
  // Nothing is as short, and nothing that goes on does so here.
  if (length < fewestCharacters && joins[next] === 0) return end
  if ((flags & kinds.digit) === 0) return scanLetters(bytes, start, end, to, next)
  if (flags === kinds.digit) return scanDigits(bytes, start, end, to, next)
  if (length >= 4 && isDigit(bytes[start + 2]) && isDigit(bytes[start + 3])) {
    if (!isDigit(bytes[start]) && !isDigit(bytes[start + 1])) {
      const iban = scanIban(bytes, start, to)
      if (iban > start) return iban
    }
  }
  if (length >= 14 && scanCrypto(bytes, start, end)) return end
  if (mayHoldCard(length)) {
    const card = scanCardInWord(bytes, start, end, to)
    if (card > start) return card
  }
  if (length === 8 || length === 11) scanBic(bytes, start, end)
  if (length === 12 && (hexOf[bytes[start] ?? 0] ?? -1) >= 0) scanBareMac(start, end)
  if (mayBeginHex(length, next)) {
    const hex = scanHex(bytes, start, end, to, next)
    if (hex > start) return hex
  }
  return length <= shapedWordMax ? scanIds(bytes, start, end, to, flags) : end
}

/** The longest word any identifier has. */
const shapedWordMax = 20

function scanLetters(
  bytes: Uint8Array,
  start: number,
  end: number,
  to: number,
  next: number,
): number {
  const length = end - start
  if (length <= 4) {
    const hex = mayBeginHex(length, next) ? scanHex(bytes, start, end, to, next) : start
    if (hex > start) return hex
    const follows = next === 0x20 || next === dash || next === dot || next === 0x2f
    if (follows && end + 1 < to && startsShape(bytes, end + 1, to)) {
      return scanIds(bytes, start, end, to, kinds.letter)
    }
  } else if (length === 8 || length === 11) {
    scanBic(bytes, start, end)
  } else if (length >= 25 && length <= 35) {
    scanCrypto(bytes, start, end)
  }
  return end
}

/** Digits come soon: `DE 136…`, `M-XY 999`, `VE J-12…`. */
function startsShape(bytes: Uint8Array, at: number, to: number): boolean {
  const limit = Math.min(to, at + 5)
  let index = Math.max(at, digitFrom)
  if (index >= limit) return false
  while (index < limit && !isDigit(bytes[index])) index++
  digitFrom = index
  return index < limit
}

function scanDigits(
  bytes: Uint8Array,
  start: number,
  end: number,
  to: number,
  next: number,
): number {
  const length = end - start
  if (next !== colon && isInRow(bytes, start, to)) return rowEnd(bytes, end, to)
  // Of what is as short, only groups of a telephone number have more than one byte between them.
  const after = end + 1 < to ? (bytes[end + 1] ?? 0) : 0
  if (length < fewestCharacters && next !== colon && !isAlnum(after)) {
    const goesOn = next === open || after === open || after === 0x20 || after === dash
    if (length === 4 && start >= cardFrom) {
      cardFrom = scanCard(bytes, start, end, to)
      if (cardFrom > start) return cardFrom
    }
    if (goesOn && start >= phoneFrom) phoneFrom = scanPhone(bytes, start, to)
    return end
  }
  if (start >= cardFrom && length <= 19) {
    cardFrom = scanCard(bytes, start, end, to)
    if (cardFrom > start) return cardFrom
  }
  if (length <= 3 && next === dot) {
    const ip = scanIpv4(bytes, start, to)
    if (ip > start) return ip
  }
  if (mayBeginHex(length, next)) {
    const hex = scanHex(bytes, start, end, to, next)
    if (hex > start) return hex
  }
  if (start >= phoneFrom && length <= 15) phoneFrom = scanPhone(bytes, start, to)
  // Between two of the same separators stands one group of a row, which is too short by itself.
  const before = bytes[start - 1] ?? 0
  if (length < fewestCharacters && next === before && separatesRow[next] === 1) {
    if (isDigit(bytes[start - 2])) return scanRow(bytes, end, to)
  }
  return length <= 22 ? scanIds(bytes, start, end, to, kinds.digit) : end
}

/** The size of a first group, and what has to stand behind it. */
const mayBeginHex = (length: number, next: number): boolean =>
  length <= 4 && (next === colon || length === 2 || (length === 4 && next === dot))

/** A short group of a row such as `1.2.3.4`: whatever it is a part of began before. */
function isInRow(bytes: Uint8Array, start: number, to: number): boolean {
  const before = bytes[start - 1]
  if ((before !== dot && before !== dash) || !isDigit(bytes[start - 2])) return false
  return start + 3 < to && !isDigit(bytes[start + 3])
}

/**
 * Goes along short groups of digits with one separator, as numbers of a table have them, from the
 * separator at `from` on: nothing but a card or telephone number may begin at one. Returns where to go on.
 */
function scanRow(bytes: Uint8Array, from: number, to: number): number {
  const separator = bytes[from]
  if (separator !== 0x20 && separator !== 0x2f && separator !== underscore) return from
  for (let at = from; ; ) {
    const start = at + 1
    let end = start
    while (end - start < fewestCharacters && end < to && isDigit(bytes[end])) end += 1
    const length = end - start
    // Pairs may be those of a hardware address.
    if (length === 0 || length === 2 || length >= fewestCharacters) return at
    if (end + 1 >= to || bytes[end] !== separator || !isAlnum(bytes[end + 1])) return at
    if (start >= cardFrom) {
      cardFrom = scanCard(bytes, start, end, to)
      if (cardFrom > start) return cardFrom
    }
    if (start >= phoneFrom) phoneFrom = scanPhone(bytes, start, to)
    at = end
  }
}

/** Where the short groups end that go on behind `end` in the same row: nothing begins at any of them. */
function rowEnd(bytes: Uint8Array, end: number, to: number): number {
  let at = end
  while (at + 4 < to && (bytes[at] === dot || bytes[at] === dash)) {
    let next = at + 1
    while (next < at + 4 && isDigit(bytes[next])) next += 1
    const follows = bytes[next]
    const isWord = next > at + 1 && kindOf[follows ?? 0] !== kinds.letter && follows !== colon
    if (!isWord || isDigit(bytes[at + 4])) return at
    at = next
  }
  return at
}

/** The beginning of an IPv6 or hardware address. Returns where a find ends; `start` when there is none. */
function scanHex(bytes: Uint8Array, start: number, end: number, to: number, next: number): number {
  if (next !== colon && next !== dash && next !== dot && next !== 0x20) return start
  if ((hexOf[bytes[start] ?? 0] ?? -1) < 0) return start
  // In the middle of a row that was read from its begin.
  if (
    next === colon &&
    start < hexFrom &&
    bytes[start - 1] === colon &&
    isAlnum(bytes[start - 2])
  ) {
    return start
  }
  const size = end - start
  if ((size === 2 || (size === 4 && next === dot)) && start >= macFrom) {
    macFrom = scanMac(bytes, start, to)
    if (macFrom > start) return macFrom
  }
  if (next === colon && start >= hexFrom) {
    hexFrom = scanIpv6(bytes, start, to)
  }
  return start
}
