import type { Wanted } from '../detect/cell.ts'
import { hints as theirHints, topicShift } from '../detect/hint-bits.ts'
import { defaultConfidence } from '../detect/registry.ts'
import { isFraction, isPlainTime, isTime, wholeNumber } from './ordinary.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const hints = theirHints

/** What is read of a cell before its words are: how many digits it has, and what the name of its field says. */
type Glance = { readonly digits: number; readonly hint: number }

/**
 * A point in time in a field that says nothing else of it. `sure`: nothing is looked for that would count
 * without any support, see `wantsSure`.
 */
export function isMoment(
  bytes: Uint8Array,
  from: number,
  to: number,
  { digits, hint }: Glance,
  sure: boolean,
): boolean {
  if (digits < momentDigits || !isTime(bytes, from, to)) return false
  return hint === 0 || (sure && isOther(hint) && isPlainTime(bytes, from, to))
}

/** A JSON number with a fraction, too short to identify anything, in a field that says nothing else of it. */
export function isSum(
  bytes: Uint8Array,
  from: number,
  to: number,
  hint: number,
  sure: boolean,
): boolean {
  if (hint !== 0 && (to - from >= identifyingDigits || !sure || !isOther(hint))) return false
  if (!isFraction(bytes, from, to)) return false
  const number = wholeNumber(bytes, from, to)
  return number === undefined || number.length < identifyingDigits
}

/** Whether only such finds are wanted as have support, or a form that needs none. */
export function wantsSure(wanted: Wanted): boolean {
  for (const { confidence } of wanted.values()) if (confidence < defaultConfidence) return false
  return true
}

/** The name of the field says only that it is some number of no person. */
const isOther = (hint: number): boolean => (hint & hintBits) === hints.other

/** The bits of a hint, without its topic. */
const hintBits = (1 << topicShift) - 1
/** Year to second. */
const momentDigits = 14
/** A whole number that is written with a fraction and has fewer digits is a sum. */
const identifyingDigits = 9
