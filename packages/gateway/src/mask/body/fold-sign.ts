import { isAlnum, isDigit } from '../detect/classes.ts'
import { folds, plainSign } from './fold-table.ts'

/**
 * The byte of ASCII that a mark is read as which `foldOf` says is a sign, a dash or a point. It stands behind
 * `bytes[0..length)`, as they were read so far; `next`: as what the character behind it is read, -1 for none. A dash
 * or point joins the groups of a number, which are short; words are not, and neither are tokens.
 */
export function signOf(fold: number, bytes: Uint8Array, length: number, next: number): number {
  const last = length > 0 ? bytes[length - 1] : undefined
  if (fold === folds.sign || !isAlnum(last) || !isAlnum(next)) return plainSign
  if (fold === folds.point) return point
  if (isDigit(last) && isDigit(next)) return dash
  const beside = isDigit(last) || isDigit(next)
  return beside && isGroup(bytes, length) ? dash : plainSign
}

/** The last letters and digits are no more than one group of an IBAN or a national number has. */
function isGroup(bytes: Uint8Array, length: number): boolean {
  const least = Math.max(0, length - longestGroup - 1)
  let at = length
  while (at > least && isAlnum(bytes[at - 1])) at -= 1
  return length - at <= longestGroup
}

const longestGroup = 5
const dash = 0x2d
const point = 0x2e
