import { doubledDigit } from './card-row.ts'
import { isAlnum, isDigit } from './classes.ts'

/** What `readUneven` read: where it ends, how many digits, and whether it reads as two pairs of groups. */
export const uneven = { end: 0, digits: 0, pairs: false }

/**
 * Whether four digits at `start` are followed by groups of a card number with separators that differ, or
 * are wider than one byte: `4111-1111-1111 1111`, `4111 - 1111 - …`. Of groups with one separator throughout,
 * which `card-row.ts` reads, it is told from three bytes that these are none.
 */
export function mayBeUneven(bytes: Uint8Array, start: number, to: number): boolean {
  const gap = bytes[start + 4] ?? 0
  if (separates[gap] === 0 || to - start < shortest) return false
  if (!isDigit(bytes[start + 5])) return separates[bytes[start + 5] ?? 0] === 1
  const second = isDigit(bytes[start + 9]) ? start + 11 : start + 9
  if (differs(bytes, second, gap)) return true
  return second === start + 9 && bytes[second] === gap && differs(bytes, start + 14, gap)
}

/** `4111 1111  1111 …` and the like: another separator, or a wider one. */
const differs = (bytes: Uint8Array, at: number, gap: number): boolean =>
  separates[bytes[at] ?? 0] === 1 && (bytes[at] !== gap || !isDigit(bytes[at + 1]))

/** Groups as they stand on cards, 4-4-4-4, 4-4-4-4-3, 4-6-5 or 4-6-4, whose Luhn sum is right. */
export function readUneven(bytes: Uint8Array, start: number, to: number): boolean {
  // The sum so far, with the last digit as it is and with it doubled.
  let plain = 0
  let doubled = 0
  let digits = 0
  let at = start
  let second = 4
  let size = 0
  gaps.fill(0)
  uneven.digits = 0
  for (let group = 0; group < 5; group++) {
    const place = placeOf(bytes, at, to)
    size = sizes[place] ?? 0
    if (size > longestGroup) break
    const odd = size % 2 === 1
    const sum = (odd ? doubled : plain) + (plains[place] ?? 0)
    doubled = (odd ? plain : doubled) + (doubles[place] ?? 0)
    plain = sum
    digits += size
    at += size
    if (group === 1) second = size
    if (!isGroup(group, size, second) || (at < to && isAlnum(bytes[at]))) break
    const whole = second === 6 ? group === 2 : group > 2
    if (whole && plain % 10 === 0) {
      uneven.end = at
      uneven.digits = digits
    }
    const next = nexts[place] ?? 0
    if (next === at) break
    gaps[group] = bytes[at] ?? 0
    at = next
  }
  uneven.pairs = size <= longestGroup && gaps[1] === 0x20 && gaps[0] === gaps[2] && gaps[0] !== 0x20
  return uneven.digits > 0
}

/** A longer group is not read to its end: whatever it is, it is none of two pairs. */
const longestGroup = 7

/** The first byte of what stands behind each group. */
const gaps: Uint8Array = new Uint8Array(5)

/**
 * The groups that were read last. A card number may begin at each, so the next one finds here what this one
 * read, and a group is read and summed once. Scanning is synchronous and never nested, so these serve all cells.
 */
const placesOfGroups = 16
const starts: Int32Array = new Int32Array(placesOfGroups).fill(-1)
/** How many digits it has; one more than `longestGroup`: that many or more. */
const sizes: Uint8Array = new Uint8Array(placesOfGroups)
/** The Luhn sum of its digits with the last as it is, and with it doubled. */
const plains: Uint8Array = new Uint8Array(placesOfGroups)
const doubles: Uint8Array = new Uint8Array(placesOfGroups)
/** Where the next group begins. */
const nexts: Int32Array = new Int32Array(placesOfGroups)
let anyGroup = false

/** Nothing is known of the cell that is read next. */
export function forgetUneven(): void {
  if (!anyGroup) return
  anyGroup = false
  starts.fill(-1)
}

/** The place of the group that begins at `start`, which is read if that was not done before. */
function placeOf(bytes: Uint8Array, start: number, to: number): number {
  // Groups begin four bytes apart at least.
  const place = (start >> 2) & (placesOfGroups - 1)
  if (starts[place] === start) return place
  let plain = 0
  let doubled = 0
  let at = start
  const limit = Math.min(to, start + longestGroup + 1)
  for (; at < limit; at++) {
    const value = (bytes[at] ?? 0) - 0x30
    if (value < 0 || value > 9) break
    const sum = doubled + value
    doubled = plain + (doubledDigit[value] ?? 0)
    plain = sum
  }
  anyGroup = true
  starts[place] = start
  sizes[place] = at - start
  plains[place] = plain
  doubles[place] = doubled
  nexts[place] = gapEnd(bytes, at, to)
  return place
}

function isGroup(group: number, size: number, second: number): boolean {
  if (group === 0) return size === 4
  if (group === 1) return size === 4 || size === 6
  if (second === 6) return group === 2 && (size === 4 || size === 5)
  return group < 4 ? size === 4 : size === 3
}

/** Behind one separator, two blanks, or one with blanks around it; `at` where no digit follows. */
function gapEnd(bytes: Uint8Array, at: number, to: number): number {
  let end = at
  let marks = 0
  for (; end < to && end - at < 3 && separates[bytes[end] ?? 0] === 1; end++) {
    if (bytes[end] !== 0x20) marks += 1
  }
  const blanks = end - at - marks
  return end < to && isDigit(bytes[end]) && marks < 2 && blanks < 3 ? end : at
}

/** A number of fourteen digits in three groups. */
const shortest = 16

const separates: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  [0x20, 0x2d, 0x2e, 0x2f, 0x5f].includes(byte) ? 1 : 0,
)
