/** Where the string whose opening quote is at `from` ends: its closing quote, or -1 without one. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  const first = bytes.indexOf(quote, from + 1)
  if (first < 0 || !isEscaped(bytes, first)) return first
  // JSON in a string has many quotes: a search for each costs more than a look at each byte.
  for (let at = first + 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++
    else if (bytes[at] === quote) return at
  }
  return -1
}

/** Whether the quote at `at` stands behind an odd number of backslashes. */
function isEscaped(bytes: Uint8Array, at: number): boolean {
  let backslashes = 0
  while (bytes[at - 1 - backslashes] === backslash) backslashes++
  return backslashes % 2 === 1
}

/** Outside strings. Meaningful for valid JSON only, as all of this file. */
export function startsNumber(byte: number | undefined): boolean {
  return byte === 0x2d || isDigit(byte)
}

/** The place behind the number that starts at `from`. */
export function numberEnd(bytes: Uint8Array, from: number): number {
  let end = from + 1
  while (isDigit(bytes[end]) || isOfNumber(bytes[end])) end++
  return end
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** `+`, `-`, `.`, `E`, `e`. */
function isOfNumber(byte: number | undefined): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === 0x2d
}

export const quote = 0x22
const backslash = 0x5c
