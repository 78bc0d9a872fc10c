import { hints } from './hint-bits.ts'

/** What kind of byte this is, as bits that may be ORed over a cell while a tokenizer passes over it. */
export const classes = {
  digit: 1,
  /** A letter of ASCII, `_`, `-`, `+`, `/`, `=`, or a byte of a letter beyond ASCII. */
  letter: 2,
  at: 4,
  colon: 8,
  dot: 16,
  /** A byte above 0x7f: the cell has to be folded before it is scanned. */
  wide: 32,
  /** What stands between the key and the value of a secret in text: `=`, `:`, quotes. */
  assign: 64,
  /** A space or tab: the cell is more than one word. */
  space: 128,
} as const

/** The class bits of each byte. */
export const classOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  if (byte > 0x7f) return classes.wide | classes.letter
  if (/[0-9]/.test(char)) return classes.digit
  if (/[A-Za-z_+/-]/.test(char)) return classes.letter
  if (char === '@') return classes.at
  if (char === ':') return classes.colon | classes.assign
  if (char === '.') return classes.dot
  if (char === '=') return classes.letter | classes.assign
  if (char === '"' || char === "'") return classes.assign
  return char === ' ' || char === '\t' ? classes.space : 0
})

/** What a tokenizer learned about a cell in passing. `digits` counts bytes of class `digit`. */
export type CellTraits = {
  readonly flags: number
  readonly digits: number
  readonly bytes: number
  readonly hint: number
}

/**
 * False: `scanCell` would find nothing in such a cell, so it need not be called. What it says of
 * ordinary words decides how fast a clean body passes.
 */
export function mayHold({ flags, digits, bytes, hint }: CellTraits): boolean {
  if ((hint & telling) !== 0) return bytes > 0
  if ((flags & at) !== 0) return bytes >= shortestAddress
  if (digits >= fewestDigits) return true
  if (bytes < shortestToken) return (flags & colon) !== 0 && bytes >= shortestIpv6
  // A token has letters and length; a secret in prose has its key beside it.
  return (flags & (assign | digit)) !== 0 || (flags & space) === 0
}

// The compiler knows the constants of a module, but not what a module exports.
const { assign, at, colon, digit, space } = classes

/** Names that make a value of few or no digits something to find. */
const telling =
  hints.birth |
  hints.name |
  hints.address |
  hints.secret |
  hints.password |
  hints.token |
  hints.medical |
  hints.ip |
  hints.bic |
  hints.passport |
  hints.vehicle |
  hints.phone |
  hints.nationalId

/** `a@b.cc` */
const shortestAddress = 6
/** An IPv4 address such as `1.1.1.1`; every other entity without `@` and `:` has more digits. */
const fewestDigits = 4
/** `::1` */
const shortestIpv6 = 3
/** The shortest secret that is told by itself. */
const shortestToken = 16

/** What words are made of, in bits: digits, letters, and the bytes of characters beyond ASCII. */
export const kinds = { digit: 1, letter: 2, wide: 4 } as const

export const kindOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte > 0x7f) return kinds.wide
  const char = String.fromCharCode(byte)
  if (/[0-9]/.test(char)) return kinds.digit
  return /[A-Za-z]/.test(char) ? kinds.letter : 0
})

/** A digit or letter of ASCII. Bytes outside the cell count as neither. */
export const isAlnum = (byte: number | undefined): boolean =>
  byte !== undefined && isAlnumOf[byte] === 1

const isAlnumOf: Uint8Array = kindOf.map((kind) =>
  (kind & (kinds.digit | kinds.letter)) !== 0 ? 1 : 0,
)

export const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39

/** The value of a hexadecimal digit; -1: it is none. */
export const hexOf: Int8Array = Int8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(value) ? -1 : value
})
