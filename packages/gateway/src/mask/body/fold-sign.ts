import { isAlnum, isDigit } from '../detect/classes.ts'
import { folds, plainSign } from './fold-table.ts'

/** Whether a mark of ASCII that this is read as depends on what stands beside it: quotes and arrows stand in passwords too. */
export function mayBePart(fold: number, codePoint: number): boolean {
  if (codePoint === longVowel) return true
  return codePoint < fullWidth && (fold === apostrophe || fold === backtick || fold === arrow)
}

/**
 * Whether what `signOf` reads as a point or dash may as well part two values. A dash of which no digit stands on either
 * side is one between words, of which texts are full.
 */
export function mayJoin(byte: number, bytes: Uint8Array, length: number, next: number): boolean {
  return byte === point || (byte === dash && (isDigit(bytes[length - 1]) || isDigit(next)))
}

/**
 * The byte of ASCII that a mark is read as which `foldOf` says is a sign, a dash, a point or a bullet, or which may be
 * part of a word; `folds.keep`: it stays what it is. It stands behind `bytes[0..length)`, as they were read so far;
 * `next`: as what the character behind it is read, -1 for none. A dash or point joins the groups of a number, which are
 * short; words are not, and neither are tokens.
 */
export function signOf(fold: number, bytes: Uint8Array, length: number, next: number): number {
  const last = length > 0 ? bytes[length - 1] : undefined
  const isWithin = isAlnum(last) && isAlnum(next)
  // A dash between digits; of a word of kana it is a letter.
  if (fold === dash) return (last ?? 0) > 0x7f ? folds.keep : dash
  if (fold > folds.sign) return isWithin ? folds.keep : fold
  if (fold === folds.sign || !isWithin) return plainSign
  if (fold === folds.point) return isDigit(last) === isDigit(next) ? point : plainSign
  if (fold === folds.bullet) return isDigit(next) && isDigitGroup(bytes, length) ? dash : folds.keep
  if (isDigit(last) && isDigit(next)) return dash
  return isGroup(bytes, length) ? dash : folds.keep
}

/** The last letters and digits are two to five digits, as between bullets only the groups of a number are. */
function isDigitGroup(bytes: Uint8Array, length: number): boolean {
  let at = length
  while (at > 0 && length - at <= longestGroup && isDigit(bytes[at - 1])) at -= 1
  const digits = length - at
  return digits >= 2 && digits <= longestGroup && !(at > 0 && isAlnum(bytes[at - 1]))
}

/** The last letters and digits are no more than one group of an IBAN or a national number has. */
function isGroup(bytes: Uint8Array, length: number): boolean {
  const least = Math.max(0, length - longestGroup - 1)
  let at = length
  while (at > least && isAlnum(bytes[at - 1])) at -= 1
  return length - at <= longestGroup
}

const longestGroup = 5
/** The mark of a long vowel in kana. */
const longVowel = 0x30fc
/** From here on, what stands for a mark of ASCII is that mark. */
const fullWidth = 0xff00
const apostrophe = 0x27
const backtick = 0x60
const arrow = 0x3e
const dash = 0x2d
const point = 0x2e
