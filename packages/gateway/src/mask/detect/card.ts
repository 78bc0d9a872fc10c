import {
  beginRow,
  digitsOf,
  doubledDigit,
  endOf,
  groupAt,
  hasGroup,
  luhnOf,
  separatorOfRow,
  startOf,
} from './card-row.ts'
import { mayBeUneven, readUneven, uneven } from './card-uneven.ts'
import { isDigit, kindOf, kinds } from './classes.ts'
import { hintOfCell, noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'
import { scanTrack } from './track.ts'
import { wordTopics } from './vocabulary.ts'
import { emptyHash, hashByte, lowerOf } from './word-hash.ts'

/**
 * A payment card number (ISO/IEC 7812-1) that begins with the digits at `[start, wordEnd)`, as one group
 * or as groups of equal length, 4-6-5 or 4-6-4, with one separator throughout. Returns where the number
 * ends if it is sure; `start` when not.
 */
export function scanCard(bytes: Uint8Array, start: number, wordEnd: number, to: number): number {
  // In the middle of a row of short groups none begins: that would be a window over any list.
  const short = start + 3 < to && !isDigit(bytes[start + 3])
  if (short && isSeparator(bytes[start - 1] ?? 0) && isDigit(bytes[start - 2])) return start
  const known = groupAt(start)
  if (known >= 0) return scanGroups(bytes, known, to)
  const digits = wordEnd - start
  if (digits >= 12) {
    const proved = digits <= 19 && isLuhn(bytes, start, wordEnd)
    const track = scanTrack(bytes, start, wordEnd, to, proved)
    if (track > start) return track
    return proved && report(bytes, start, wordEnd, digits, 0) > enough ? wordEnd : start
  }
  if (digits === 4 && mayBeUneven(bytes, start, to) && readUneven(bytes, start, to)) {
    const named = !uneven.pairs || supportOf(cardTopic, start, uneven.end) !== noSupport
    if (named && report(bytes, start, uneven.end, uneven.digits, 1) > enough) return uneven.end
  }
  const next = bytes[wordEnd] ?? 0
  if (to - start < fewestBytes || !isSeparator(next) || !isDigit(bytes[wordEnd + 1])) return start
  // A second group is as long as the first or longer, or these are eight digits and some.
  const isRow = digits === 8 || (digits <= 5 && isDigit(bytes[wordEnd + digits]))
  return isRow ? scanGroups(bytes, beginRow(bytes, start, to, next), to) : start
}

/** The same of the numbers that begin with this group of the row and have more than one. */
function scanGroups(bytes: Uint8Array, first: number, to: number): number {
  const start = startOf(first)
  let size = digitsOf(first, first)
  if (!mayBeFirst(size)) return start
  let firstSize = size
  let best = start
  let sure = 0
  for (let group = first + 1; hasGroup(bytes, group, to); group++) {
    size = digitsOf(group, group)
    const digits = digitsOf(first, group)
    if (digits > 19) return best
    if (digits >= 12 && luhnOf(first, group) % 10 === 0) {
      const fitting = fits(firstSize, size, group - first, digits)
      if (fitting && isFree(bytes, first, group, to, firstSize)) {
        const end = endOf(group)
        sure = Math.max(sure, report(bytes, start, end, digits, group - first, sure))
        if (sure > enough) best = end
      }
    }
    if (group === first + 1 && firstSize === 4 && size === 6) firstSize = fourSix
    else if (size !== firstSize) return best
  }
  return best
}

/** ISO/IEC 7812-1 annex B, of the digits at `[start, end)`. */
function isLuhn(bytes: Uint8Array, start: number, end: number): boolean {
  // The sum so far, with the last digit as it is and with it doubled: each digit swaps the two.
  let plain = 0
  let doubled = 0
  for (let at = start; at < end; at++) {
    const value = (bytes[at] ?? 0) - 0x30
    const sum = doubled + value
    doubled = plain + (doubledDigit[value] ?? 0)
    plain = sum
  }
  return plain % 10 === 0
}

const mayBeFirst = (size: number): boolean => size <= 5 || size === 8

/** No letter follows, and short groups are not some of a longer row. */
function isFree(bytes: Uint8Array, first: number, last: number, to: number, size: number): boolean {
  const end = endOf(last)
  const next = end < to ? (bytes[end] ?? 0) : 0
  if (isLetter(next)) return false
  if (size < 0 || size > 3) return true
  const separator = separatorOfRow()
  if (isBeside(bytes, startOf(first) - 1, separator)) return false
  return !(next === separator && isDigit(bytes[end + 1]))
}

/** Twelve digits in two groups. */
const fewestBytes = 13

/** Stands for the length of groups after 4 and 6 digits: one more may follow. */
const fourSix = -6

const isSeparator = (byte: number): boolean =>
  byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x2f

const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && (kindOf[byte] ?? 0) === kinds.letter

const isBeside = (bytes: Uint8Array, at: number, separator: number): boolean =>
  bytes[at] === separator && isDigit(bytes[at - 1])

/** The last group is no longer than the others; 4-6-5 and 4-6-4 are as they are. */
function fits(first: number, last: number, groups: number, digits: number): boolean {
  if (groups === 0) return true
  if (first === fourSix) return groups === 2 && (last === 5 || last === 4)
  if (first === 4 && groups === 1) return false
  return last <= first && (first !== 4 || digits >= 13)
}

/**
 * Adds a number whose sum is right. Returns its confidence; 0: it is none. `shorter`: the confidence of one
 * whose last groups this one has besides: where both are right, the longer is as sure, so that none remains.
 */
function report(
  bytes: Uint8Array,
  start: number,
  end: number,
  digits: number,
  groups: number,
  shorter = 0,
): number {
  // Behind a point stands the fraction of a number.
  if (bytes[start - 1] === 0x2e && isDigit(bytes[start - 2])) return 0
  let confidence = issuerConfidence(leadOf(bytes, start), digits)
  if (groups > 0 && confidence > 0)
    confidence = Math.max(confidence, confidence === weakIssuer ? 60 : confidence)
  const named = (hintOfCell() & hints.card) !== 0
  if (named) confidence = Math.max(confidence, 97)
  else if (confidence < 90 && supportOf(cardTopic, start, end) !== noSupport) confidence = 90
  if (confidence === 0) return 0
  confidence = Math.max(confidence, shorter)
  add({ type: 'CREDIT_CARD', rule: 'card/luhn', start, end, confidence, validator: 'luhn' })
  return confidence
}

/** Above this, nothing within the number is looked for. */
const enough = 79

/**
 * The same in a word that has letters around it, `[start, end)`: `PAN5555555555554444`, `Visa…exp`. Letters say
 * what it is, or something beside it does. Returns where it ends; `start` when there is none.
 */
export function scanCardInWord(bytes: Uint8Array, start: number, end: number, to: number): number {
  let first = start
  let hash = emptyHash
  for (; first < end && !isDigit(bytes[first]); first++) {
    hash = hashByte(hash, lowerOf[bytes[first] ?? 0] ?? 0)
  }
  let last = first
  while (last < end && isDigit(bytes[last])) last += 1
  const digits = last - first
  if (digits < 12 || digits > 19) return start
  const proved = isLuhn(bytes, first, last)
  const track = scanTrack(bytes, first, last, to, proved)
  if (track > first) return track
  if (!proved) return start
  for (let at = last; at < end; at++) if (isDigit(bytes[at])) return start
  const topics = first > start ? wordTopics(hash) : undefined
  const says =
    topics?.includes(cardTopic) === true || supportOf(cardTopic, first, last) !== noSupport
  if (!says || issuerConfidence(leadOf(bytes, first), digits) === 0) return start
  const confidence = 90
  add({
    type: 'CREDIT_CARD',
    rule: 'card/luhn',
    start: first,
    end: last,
    confidence,
    validator: 'luhn',
  })
  return end
}

/** Twelve digits and a letter at the least, and no word that long around them. */
export const mayHoldCard = (length: number): boolean => length > 12 && length < 48

/** The number that the first six digits write. */
function leadOf(bytes: Uint8Array, start: number): number {
  let lead = 0
  for (let at = start, digits = 0; digits < 6; at++) {
    const byte = bytes[at] ?? 0
    if (!isDigit(byte)) continue
    lead = lead * 10 + byte - 0x30
    digits += 1
  }
  return lead
}

const cardTopic: number = topic('card')
const strongIssuer = 95
const weakIssuer = 45

/**
 * How sure the leading digits and the length make it: ranges of the schemes (ISO/IEC 7812-2 and their
 * own publications). Lengths that are rare, and ranges many other numbers share, want support.
 */
function issuerConfidence(lead: number, digits: number): number {
  const two = Math.floor(lead / 1e4)
  const three = Math.floor(lead / 1e3)
  const four = Math.floor(lead / 100)
  switch (digits) {
    case 16:
      return isSixteen(lead, two, three, four) ? strongIssuer : 40
    case 15:
      if (two === 34 || two === 37) return strongIssuer
      return four === 2131 || four === 1800 ? strongIssuer : 40
    case 14:
      return three <= 305 && three >= 300
        ? 90
        : two === 36 || two === 38 || three === 309 || two === 39
          ? 90
          : 0
    case 19:
      return two === 62 || four === 6011 || two === 65 || four === 9792
        ? 80
        : lead >= 400_000 && lead < 500_000
          ? 60
          : weakIssuer
    case 13:
      return two >= 40 && two < 50 ? weakIssuer : weakIssuer - 10
    case 17:
    case 18:
      return two === 62 || two === 65 ? 60 : 35
    default:
      return two === 50 || (two >= 56 && two < 70) ? 40 : 30
  }
}

function isSixteen(lead: number, two: number, three: number, four: number): boolean {
  if (two >= 40 && two < 56) return true
  if (four >= 2221 && four <= 2720) return true
  if (four >= 2200 && four <= 2204) return true
  if (four >= 3528 && four <= 3589) return true
  if (two >= 56 && two <= 69) return true
  if (two === 36 || two === 38 || two === 39 || (three >= 300 && three <= 305)) return true
  return two === 81 || two === 82 || four === 9792 || four === 3571 || lead === 357_111
}
