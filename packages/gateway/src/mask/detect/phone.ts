import { isDigit, kindOf, kinds } from './classes.ts'
import { hintOfCell, isSupported, noSupport, supportOf, topic } from './context.ts'
import { checkE164 } from './e164.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'

/**
 * A telephone number that begins at `start` with a digit, `+` or `(`. Without `+` it wants the form of
 * the North American plan, or of a national number with its trunk prefix, or a field or word that says
 * so. Returns where the digits that were read end, so that none are tried twice; `start` for none.
 */
export function scanPhone(bytes: Uint8Array, start: number, to: number): number {
  sureEnd = start
  if (endsSoon(bytes, start, to) || isInside(bytes, start)) return start
  readGroups(bytes, start, to)
  if (digits < fewestDigits) return start
  const international = bytes[start] === plus
  const last = ends[groups - 1] ?? start
  const supported = isSupported(start, last)
  if (!(supported || international || mayStandAlone())) return last
  strong = supported && (named() || supportOf(phoneTopic, start, last) !== noSupport)
  verb = strong || (supported && supportOf(verbTopic, start, last) !== noSupport)
  weak = verb || (supported && supportOf(weakTopic, start, last) !== noSupport)
  // From the longest reading down: what follows a number is often another one.
  for (let count = groups; count > 0; count--) {
    const end = ends[count - 1] ?? start
    const length = totals[count - 1] ?? 0
    if (length < fewestDigits) break
    if (length > 15 || !endsHere(bytes, end, to)) continue
    const confidence = international
      ? worthAbroad(length, count)
      : worth(bytes, start, count, length)
    if (confidence === 0) continue
    const whole = extensionEnd(bytes, end, to)
    const rule = international ? 'phone/e164' : 'phone/national'
    add({
      type: 'PHONE_NUMBER',
      rule,
      start,
      end: whole,
      confidence,
      validator: international ? 'e164' : undefined,
    })
    if (confidence >= 90) sureEnd = whole
    return whole
  }
  return ends[groups - 1] ?? start
}

/** Behind a first group that is no number by itself stands nothing that goes on with it. */
function endsSoon(bytes: Uint8Array, start: number, to: number): boolean {
  const first = isDigit(bytes[start]) ? start : start + 1
  let end = first
  while (end < to && isDigit(bytes[end])) end += 1
  if (end === first || end - first >= fewestDigits) return false
  if (end >= to) return true
  const next = bytes[end] ?? 0
  if (next === open || (next === close && first > start)) return false
  if (!isGap(next)) return true
  const byte = end + 1 < to ? (bytes[end + 1] ?? 0) : 0
  return !(isDigit(byte) || byte === open || byte === 0x20 || byte === 0x2d)
}

/** Without anything beside it, a number has the first group of North America, or a trunk prefix. */
const mayStandAlone = (): boolean =>
  sizes[0] === 3 || (sizes[0] === 1 && digitText[0] === 0x31) || digitText[0] === 0x30

/** Where the number last read ends, if nothing else can be there. */
export const surePhoneEnd = (): number => sureEnd

let sureEnd = 0

const plus = 0x2b
const open = 0x28
const close = 0x29
const groupsMax = 8
const fewestDigits = 7
/** More belong to no number, and to a row of something else. */
const digitsMax = 20

/** The groups of digits as read: their sizes, where each ends, and how many digits there are by then. */
const sizes: Uint8Array = new Uint8Array(groupsMax + 1)
const ends: Int32Array = new Int32Array(groupsMax + 1)
const totals: Uint8Array = new Uint8Array(groupsMax + 1)
const digitText: Buffer = Buffer.alloc(32)
/** The bytes between a group and the one before it. */
const gaps: Uint8Array = new Uint8Array(groupsMax + 1)
let groups = 0
let digits = 0
let bracketed = false
/** What speaks for a telephone number here. */
let strong = false
let verb = false
let weak = false

function readGroups(bytes: Uint8Array, start: number, to: number): void {
  let group = 0
  let count = 0
  bracketed = false
  let at = bytes[start] === plus ? start + 1 : start
  let gap = 0
  while (at < to && group < groupsMax && count < digitsMax) {
    const begun = at
    if (bytes[at] === open && !bracketed) {
      bracketed = true
      at += 1
    }
    const first = at
    for (; at < to && count < digitsMax; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte < 0x30 || byte > 0x39) break
      digitText[count++] = byte
    }
    if (at === first) {
      at = begun
      break
    }
    sizes[group] = at - first
    gaps[group] = gap
    if (bytes[at] === close && bracketed && at < to) at += 1
    ends[group] = at
    totals[group] = count
    group += 1
    gap = bytes[at] ?? 0
    if (isGap(gap)) {
      at += 1
      // `(415) - 555` and `+44 (0) 20` have two.
      if ((gap === 0x20 && bytes[at] === 0x2d) || (gap === 0x2d && bytes[at] === 0x20)) at += 1
      if (bytes[at] === 0x20 && gap === 0x2d) at += 1
    }
  }
  groups = group
  digits = count
}

const isGap = (byte: number): boolean =>
  byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x2f

/** The number goes on to the left: it is the tail of a word, a decimal or a longer row. */
function isInside(bytes: Uint8Array, start: number): boolean {
  const before = bytes[start - 1] ?? 0x0a
  if (before === 0x2e || before === 0x2d || before === 0x5f || before === plus || before === 0x2f) {
    return ((kindOf[bytes[start - 2] ?? 0x0a] ?? 0) & (kinds.digit | kinds.letter)) !== 0
  }
  return ((kindOf[before] ?? 0) & (kinds.digit | kinds.letter)) !== 0 || before === 0x23
}

function endsHere(bytes: Uint8Array, end: number, to: number): boolean {
  if (end >= to) return true
  const next = bytes[end] ?? 0
  const kind = kindOf[next] ?? 0
  if (kind === kinds.letter) return next === 0x78 || next === 0x65
  if (kind === kinds.digit || next === 0x25 || next === 0x5f) return false
  const joins = next === 0x2d || next === 0x2e || next === 0x2f || next === 0x3a
  return !(
    joins &&
    end + 1 < to &&
    ((kindOf[bytes[end + 1] ?? 0] ?? 0) & (kinds.digit | kinds.letter)) !== 0
  )
}

const phoneTopic: number = topic('phone')
const verbTopic: number = topic('phoneVerb')
const weakTopic: number = topic('phoneWeak')

function worthAbroad(length: number, count: number): number {
  const text = digitText.toString('latin1', 0, length)
  const plain = checkE164(text, sizes[0] ?? 0)
  // `+44 (0)20 …`: the trunk prefix in brackets is not dialled from abroad.
  const check =
    plain !== 'valid' && bracketed && sizes[1] === 1
      ? checkE164(text.replace('0', ''), sizes[0] ?? 0)
      : plain
  if (check === 'valid') return 95
  // Written for people to read, it is a number even where the plan has no such one.
  if (check === 'possible') return strong ? 85 : count > 2 ? 70 : 45
  return strong ? 70 : 0
}

const named = (): boolean => (hintOfCell() & hints.phone) !== 0

function worth(bytes: Uint8Array, start: number, count: number, length: number): number {
  if (isDate(count, length)) return 0
  const american = americanForm(bytes, start, count, length)
  if (named()) return length >= 7 ? 85 : 0
  if ((hintOfCell() & hints.other) !== 0) return 0
  if (strong) return american > 0 ? 85 : 70
  const ends = count === groups || gaps[count] !== gaps[count - 1]
  if (american > 0) return ends ? american : 0
  if (verb && count === 1 && isDialled(length)) return 60
  if (weak && count > 1 && count <= 5 && length >= 8 && length <= 13 && fewSeparators(count))
    return 60
  if (!ends) return 0
  return count === 1 ? dialledAbroad(length) : nationalForm(count, length)
}

/** `415-555-0100`, `(415) 555-0100`, `1 415 555 0100`: area and exchange begin with 2 to 9. */
function americanForm(bytes: Uint8Array, start: number, count: number, length: number): number {
  const dialled =
    sizes[0] === 3 && digitText[0] === 0x30 && digitText[1] === 0x30 && digitText[2] === 0x31
  const lead = sizes[0] === 1 && digitText[0] === 0x31 ? 1 : dialled ? 1 : 0
  const first = dialled ? 3 : lead
  if (length !== 10 + first || count !== 3 + lead) return 0
  if (sizes[lead] !== 3 || sizes[lead + 1] !== 3 || sizes[lead + 2] !== 4) return 0
  const area = digitText[first] ?? 0
  const exchange = digitText[first + 3] ?? 0
  if (area < 0x32) return 0
  if (bracketed) return bytes[start] === open || lead === 1 ? 85 : 0
  const gap = gaps[lead + 1]
  if (gap !== gaps[lead + 2]) return 0
  if (exchange < 0x32) return gap === 0x2d ? 55 : 0
  return gap === 0x2d ? 75 : gap === 0x2e ? 65 : gap === 0x20 ? 55 : 0
}

/** `00` and an international number. Codes 1 and 7 are left out: many numbers are padded with zeros. */
function dialledAbroad(length: number): number {
  const country = digitText[2] ?? 0
  if (digitText[0] !== 0x30 || digitText[1] !== 0x30 || country < 0x32 || country === 0x37) return 0
  const text = digitText.toString('latin1', 2, length)
  return length > 10 && checkE164(text, length) === 'valid' ? 55 : 0
}

/** Ten digits as in North America, or a trunk prefix and an area. */
function isDialled(length: number): boolean {
  const first = digitText[0] ?? 0
  const second = digitText[1] ?? 0
  if (first === 0x30) return (length === 10 || length === 11) && second > 0x30
  return length === 10 && first > 0x31 && (digitText[3] ?? 0) > 0x31
}

/** A national number with its trunk prefix: `020 7946 0958`, `(089) 123456`, `0312 123 45 67`. */
function nationalForm(count: number, length: number): number {
  if (digitText[0] !== 0x30 || digitText[1] === 0x30 || length < 9 || length > 12) return 0
  const area = sizes[0] ?? 0
  if (area < 2 || area > 5 || count < (bracketed ? 2 : 3) || count > 5 || !fewSeparators(count))
    return 0
  for (let group = 1; group < count; group++) if ((sizes[group] ?? 0) < 2) return 0
  return bracketed ? 70 : 60
}

/** One separator throughout, but for the first: `030/123 45 67`. */
function fewSeparators(count: number): boolean {
  for (let group = 3; group < count; group++) if (gaps[group] !== gaps[2]) return false
  return true
}

/** `2026-07-24`, `24.07.2026`, `07/24/2026`, with or without a time behind it. */
function isDate(count: number, length: number): boolean {
  if (bracketed || count < 3 || length < 6) return false
  const first = sizes[0] ?? 0
  const second = sizes[1] ?? 0
  const third = sizes[2] ?? 0
  const year = (from: number) =>
    (digitText[from] === 0x31 && digitText[from + 1] === 0x39) ||
    (digitText[from] === 0x32 && digitText[from + 1] === 0x30)
  if (first === 4 && second <= 2 && third <= 2) return year(0)
  return first <= 2 && second <= 2 && third === 4 && year(first + second)
}

/** `x123`, `ext. 123` belong to the number. */
function extensionEnd(bytes: Uint8Array, end: number, to: number): number {
  let at = end
  if (bytes[at] === 0x20) at += 1
  if (bytes[at] === 0x78) at += 1
  else if (bytes[at] === 0x65 && bytes[at + 1] === 0x78 && bytes[at + 2] === 0x74)
    at += bytes[at + 3] === 0x2e ? 4 : 3
  else return end
  if (bytes[at] === 0x20) at += 1
  const first = at
  while (at < to && at - first < 6 && isDigit(bytes[at])) at += 1
  return at > first && at - first < 6 && at <= to ? at : end
}
