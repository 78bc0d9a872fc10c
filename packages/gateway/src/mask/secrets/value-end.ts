import { alphabets as theirAlphabets, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf

/** Where the quote stands that closes the value; -1: none does on its line. */
export function closingQuote(bytes: Uint8Array, start: number, to: number, quote: number): number {
  const last = Math.min(to, start + quotedBytesMax)
  const escaped = bytes[start - 2] === 0x5c
  for (let at = start; at < last; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0x0a || byte === 0x0d) return -1
    if (byte !== quote) continue
    if (escaped && bytes[at - 1] === 0x5c) return at - 1
    if (bytes[at - 1] !== 0x5c) return at
  }
  return -1
}

/** Bytes of a quoted value that are looked through for its end. */
const quotedBytesMax = 8192

/** `"password='" + pw + "'"`: the quotes are the ends of two texts, and code puts something between them. */
export function isJoin(bytes: Uint8Array, start: number, end: number, inner: number): boolean {
  if (!joins(bytes[start] ?? 0)) return false
  return bytes[end - 1] !== inner || end - start < 2 || joins(bytes[end - 2] ?? 0)
}

/** `+`, `.`, `,`, `&`, `|`, `)`, `;`, `%` and blanks. */
const joins = (byte: number): boolean =>
  byte <= 0x20 ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x2c ||
  byte === 0x26 ||
  byte === 0x7c ||
  byte === 0x29 ||
  byte === 0x3b ||
  byte === 0x25

/** In UTF-8, kana, ideographs, Hangul and all beyond begin with this byte or a higher one. */
export const firstUnspaced = 0xe3

export function hasDigit(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (((alphabetsOf[bytes[at] ?? 0] ?? 0) & alphabets.digit) !== 0) return true
  }
  return false
}

/** The end of a value without what ends a sentence: `.`, `:`. */
export function beforeTrailing(bytes: Uint8Array, start: number, before: number): number {
  let end = before
  while (end > start && isTrailing(bytes[end - 1] ?? 0)) end--
  return end
}

const isTrailing = (byte: number): boolean => byte === 0x2e || byte === 0x3a

/** Whether nothing but blanks follows on the line, or before a mark that ends a setting. */
export function endsLine(bytes: Uint8Array, end: number, to: number): boolean {
  let at = end
  while (at < to && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  if (at >= to) return true
  const byte = bytes[at] ?? 0
  return (
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x23 ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x26
  )
}
