import { isDigit, kindOf, kinds } from './classes.ts'
import { hintOfCell, noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'

/**
 * A payment card number (ISO/IEC 7812-1) that begins with the digit at `start`, as one group or as
 * groups of equal length, 4-6-5 or 4-6-4, with one separator throughout. The Luhn sum of every length
 * comes from one pass. Returns where the number ends if it is sure; `start` when not.
 */
export function scanCard(bytes: Uint8Array, start: number, to: number): number {
  // In the middle of a row of short groups none begins: that would be a window over any list.
  const short = start + 3 < to && !isDigit(bytes[start + 3])
  if (short && isSeparator(bytes[start - 1] ?? 0) && isDigit(bytes[start - 2])) return start
  const limit = Math.min(to, start + cardBytesMax)
  let separator = 0
  let digits = 0
  // The Luhn sum so far, with the last digit as it is and with it doubled: each digit swaps the two.
  let plain = 0
  let doubled = 0
  let firstGroup = 0
  let groups = 0
  let best = start
  let at = start
  for (;;) {
    const before = digits
    for (; at < limit && digits <= 19; at++) {
      const value = (bytes[at] ?? 0) - 0x30
      if (value < 0 || value > 9) break
      const sum = doubled + value
      doubled = plain + (doubledDigit[value] ?? 0)
      plain = sum
      digits += 1
    }
    const next = at < to ? (bytes[at] ?? 0) : 0
    const group = digits - before
    const ends = !isDigit(next) && digits >= 12 && digits <= 19 && plain % 10 === 0
    if (ends && fits(firstGroup, group, groups, digits) && (at >= to || !isLetter(next))) {
      const strict = groups > 0 && firstGroup > 0 && firstGroup < 4
      const inRow =
        isBeside(bytes, start - 1, separator) || (next === separator && isDigit(bytes[at + 1]))
      if (!(strict && inRow) && report(bytes, start, at, digits, groups)) best = at
    }
    if (at >= limit || digits > 19) return best
    if (!isSeparator(next) || at + 1 >= to || !isDigit(bytes[at + 1])) return best
    if (separator !== 0 && next !== separator) return best
    separator = next
    groups += 1
    if (groups === 1) {
      if (group > 8 || group === 6 || group === 7) return best
      firstGroup = group
    } else if (groups === 2 && firstGroup === 4 && group === 6) {
      firstGroup = fourSix
    } else if (group !== firstGroup) {
      return best
    }
    at += 1
  }
}

/** A digit doubled, and its digits summed. */
const doubledDigit = Uint8Array.of(0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

/** Stands for the length of groups after 4 and 6 digits: one more may follow. */
const fourSix = -6

/** Nineteen digits, each with a separator. */
const cardBytesMax = 40

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

function report(
  bytes: Uint8Array,
  start: number,
  end: number,
  digits: number,
  groups: number,
): boolean {
  // Behind a point stands the fraction of a number.
  if (bytes[start - 1] === 0x2e && isDigit(bytes[start - 2])) return false
  let confidence = issuerConfidence(leadOf(bytes, start), digits)
  if (groups > 0 && confidence > 0)
    confidence = Math.max(confidence, confidence === weakIssuer ? 60 : confidence)
  const named = (hintOfCell() & hints.card) !== 0
  if (named) confidence = Math.max(confidence, 97)
  else if (confidence < 90 && supportOf(cardTopic, start, end) !== noSupport) confidence = 90
  if (confidence === 0) return false
  add({ type: 'CREDIT_CARD', rule: 'card/luhn', start, end, confidence, validator: 'luhn' })
  return confidence >= 80
}

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
