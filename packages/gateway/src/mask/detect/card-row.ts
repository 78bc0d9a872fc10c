import { isDigit } from './classes.ts'

/**
 * The row of groups of digits, with one separator throughout, that was read last. A card number may
 * begin at each of its groups, so the next one finds here what this one read: a group is read once,
 * and its digits are summed once. Groups are numbered from the begin of the row. Scanning is
 * synchronous and never nested, so one row serves all cells.
 */
const starts: Int32Array = new Int32Array(32)
const ends: Int32Array = new Int32Array(32)
/** Up to the end of each group: how many digits, and their Luhn sums with the last as it is and doubled. */
const counts: Int32Array = new Int32Array(32)
const plains: Int32Array = new Int32Array(32)
const doubles: Int32Array = new Int32Array(32)
/** The place of a group: a number has twenty groups at most, and needs the end of the one before. */
const mask = 31
let groups = 0
/** The group that was asked for last; none before it is asked for again. */
let asked = 0
let separator = 0

/** Nothing is known of the cell that is read next. */
export function forgetRow(): void {
  groups = 0
}

/** The number of the group at `start`, if it and one behind it are known; -1: not so. */
export function groupAt(start: number): number {
  while (asked + 1 < groups && (starts[asked & mask] ?? 0) < start) asked += 1
  return asked + 1 < groups && starts[asked & mask] === start ? asked : -1
}

/** Begins a row with the group of digits at `start`, with `between` behind it. Returns its number. */
export function beginRow(bytes: Uint8Array, start: number, to: number, between: number): number {
  asked = 0
  groups = 0
  separator = between
  counts[mask] = 0
  plains[mask] = 0
  doubles[mask] = 0
  readAt(bytes, start, to)
  return 0
}

/** Whether the row has a group of this number, which is known or the next to be read. */
export function hasGroup(bytes: Uint8Array, group: number, to: number): boolean {
  if (group < groups) return true
  const end = ends[(groups - 1) & mask] ?? 0
  if (bytes[end] !== separator || end + 1 >= to || !isDigit(bytes[end + 1])) return false
  readAt(bytes, end + 1, to)
  return true
}

export const startOf = (group: number): number => starts[group & mask] ?? 0
export const endOf = (group: number): number => ends[group & mask] ?? 0
export const separatorOfRow = (): number => separator

/** How many digits stand in the groups from `first` to `last`. */
export const digitsOf = (first: number, last: number): number =>
  (counts[last & mask] ?? 0) - (counts[(first - 1) & mask] ?? 0)

/** Their Luhn sum. In what stands before them the roles change with each digit behind it. */
export function luhnOf(first: number, last: number): number {
  const before = digitsOf(first, last) % 2 === 0 ? plains : doubles
  return (plains[last & mask] ?? 0) - (before[(first - 1) & mask] ?? 0)
}

function readAt(bytes: Uint8Array, start: number, to: number): void {
  const limit = Math.min(to, start + digitsMax)
  const before = (groups - 1) & mask
  let plain = plains[before] ?? 0
  let doubled = doubles[before] ?? 0
  let at = start
  for (; at < limit; at++) {
    const value = (bytes[at] ?? 0) - 0x30
    if (value < 0 || value > 9) break
    const sum = doubled + value
    doubled = plain + (doubledDigit[value] ?? 0)
    plain = sum
  }
  const place = groups & mask
  starts[place] = start
  ends[place] = at
  counts[place] = (counts[before] ?? 0) + at - start
  plains[place] = plain
  doubles[place] = doubled
  groups += 1
}

/** One more than any card number has: a longer group is not read to its end, and nothing goes on behind it. */
const digitsMax = 20

/** A digit doubled, and its digits summed. */
export const doubledDigit: Uint8Array = Uint8Array.of(0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
