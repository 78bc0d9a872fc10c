import { isAlnum, isDigit } from './classes.ts'
import { cellBegin } from './context.ts'
import { add } from './finding.ts'

/**
 * What a magnetic stripe says (ISO/IEC 7813) around the card number at `[start, end)`: track 1 is
 * `%B`, the number, `^`, a name, `^`, the month of expiry, a service code and what the issuer likes, `?`;
 * track 2 is `;`, the number, `=` and the same without a name. Adds all of it. Returns where it ends;
 * `start` when there is none.
 */
export function scanTrack(
  bytes: Uint8Array,
  start: number,
  end: number,
  to: number,
  proved: boolean,
): number {
  if (end - start < 12 || end - start > 19) return start
  const sign = end < to ? bytes[end] : 0
  if (sign !== caret && sign !== equals && sign !== letterD) return start
  const named = sign === caret
  const from = end + 1
  const dates = named ? nameEnd(bytes, from, to) : from
  if (dates < 0) return start
  let digits = dates
  while (digits < to && isDigit(bytes[digits])) digits += 1
  // The number alone is hidden where nothing proves that this is a track.
  if (digits - dates < fewestDigits || !isMonth(bytes, dates + 2)) return start
  let last = digits
  while (last < to && last - start < longestTrack && isOfTrack(bytes[last] ?? 0)) last += 1
  if (last < to && bytes[last] === question) last += 1
  let first = start
  const begin = cellBegin()
  if (named && first > begin && ((bytes[first - 1] ?? 0) | 0x20) === 0x62) first -= 1
  const marked = first > begin && bytes[first - 1] === (named ? percent : semicolon)
  if (marked) first -= 1
  if (!proved && !marked) return start
  add({
    type: 'CREDIT_CARD',
    rule: 'card/track',
    start: first,
    end: last,
    confidence: 98,
    validator: proved ? 'luhn' : undefined,
  })
  return last
}

/** Behind the name and its second `^`; -1: there is none. */
function nameEnd(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to, from + longestName + 1)
  for (let at = from; at < limit; at++) {
    const byte = bytes[at] ?? 0
    if (byte === caret) return at + 1
    if (byte < 0x20) return -1
  }
  return -1
}

const isMonth = (bytes: Uint8Array, at: number): boolean => {
  const month = 10 * ((bytes[at] ?? 0) - 0x30) + (bytes[at + 1] ?? 0) - 0x30
  return month >= 1 && month <= 12
}

/** What issuers add: letters and digits, and in some tracks blanks and signs. */
const isOfTrack = (byte: number): boolean =>
  isAlnum(byte) || byte === equals || byte === 0x2f || byte === 0x2e || byte === 0x2d

const caret = 0x5e
const equals = 0x3d
/** Readers without a keyboard write the separator of track 2 as the digit 13. */
const letterD = 0x44
const percent = 0x25
const semicolon = 0x3b
const question = 0x3f
/** Expiry and service code. */
const fewestDigits = 7
/** The standard has 26, padded with blanks; readers differ. */
const longestName = 40
/** All of track 1 has 79. */
const longestTrack = 110
