/**
 * Check characters of identifiers. Each reads the first `length` ASCII codes of `text`, digits and
 * upper-case letters only, without separators.
 */
export type Text = { readonly [index: number]: number }

const zero = 0x30
const letterBase = 0x37

/** The value of a digit, or of a letter as 10 to 35. */
export const valueAt = (text: Text, index: number): number => {
  const code = text[index] ?? zero
  return code > 0x40 ? code - letterBase : code - zero
}

/** The number that the digits from `from` up to `to` write. */
export function numberAt(text: Text, from: number, to: number): number {
  let value = 0
  for (let index = from; index < to; index++) value = value * 10 + valueAt(text, index)
  return value
}

/** ISO/IEC 7812-1 annex B: every second digit from the right doubled, digits summed, a multiple of 10. */
export function luhn(text: Text, length: number): boolean {
  return luhnSum(text, 0, length) % 10 === 0
}

export function luhnSum(text: Text, from: number, to: number): number {
  let sum = 0
  for (let index = from; index < to; index++) {
    const value = valueAt(text, index)
    const doubles = (to - index) % 2 === 0
    sum += doubles ? (value > 4 ? value * 2 - 9 : value * 2) : value
  }
  return sum
}

/** The sum of digits times weights, from the first digit on. */
export function weighted(text: Text, weights: readonly number[], from = 0): number {
  let sum = 0
  for (let index = 0; index < weights.length; index++) {
    sum += valueAt(text, from + index) * (weights[index] ?? 0)
  }
  return sum
}

/** ISO/IEC 7064 MOD 11,10: the hybrid system of the German tax number and the Croatian OIB. */
export function iso7064Mod11x10(text: Text, length: number): boolean {
  let check = 5
  for (let index = 0; index < length; index++) {
    check = ((((check || 10) * 2) % 11) + valueAt(text, index)) % 10
  }
  return check === 1
}

/** The Verhoeff scheme: permutation and multiplication in the dihedral group of order 10. */
export function verhoeff(text: Text, length: number): boolean {
  let check = 0
  for (let index = length - 1; index >= 0; index--) {
    const permuted = permutation[((length - 1 - index) % 8) * 10 + valueAt(text, index)] ?? 0
    check = dihedral[check * 10 + permuted] ?? 0
  }
  return check === 0
}

/** Multiplication in the dihedral group of order 10: 0 to 4 rotate, 5 to 9 reflect. */
const dihedral: Uint8Array = Uint8Array.from({ length: 100 }, (_, at) => {
  const left = Math.floor(at / 10)
  const right = at % 10
  if (left < 5) return right < 5 ? (left + right) % 5 : 5 + ((left + right) % 5)
  return right < 5 ? 5 + ((left - right) % 5) : (left - right + 5) % 5
})

/** The powers of Verhoeff's permutation (1 5 8 9 4 2 7 0)(3 6). */
const permutation: Uint8Array = (() => {
  const step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
  const rows = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
  for (let row = 1; row < 8; row++) {
    rows.push((rows[row - 1] ?? []).map((digit) => step[digit] ?? 0))
  }
  return Uint8Array.from(rows.flat())
})()

/** A day that exists; the year only decides about 29 February. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 2 ? (leap ? 29 : 28) : (days[month - 1] ?? 0))
}

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** All digits are the same: such a number satisfies many checks and belongs to nobody. */
export function isRepeated(text: Text, length: number): boolean {
  for (let index = 1; index < length; index++) if (text[index] !== text[0]) return false
  return true
}
