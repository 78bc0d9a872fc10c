/** Where the string whose opening quote is at `from` ends: its closing quote, or -1 without one. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  // Names are short, and a search costs more to begin than these take.
  const near = Math.min(from + 1 + lookBytes, bytes.length)
  const end = escapedEnd(bytes, from + 1, near)
  if (end < near) return end
  const first = bytes.indexOf(quote, end)
  if (first < 0 || !isEscaped(bytes, { at: first, from: end })) return first
  // JSON in a string has many quotes: a search for each costs more than a look at each byte.
  const last = escapedEnd(bytes, first + 1, bytes.length)
  return last < bytes.length ? last : -1
}

const lookBytes = 32

/** The first quote before `to` that is not escaped; where there is none, the place to go on at, `to` or one behind it. */
function escapedEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  for (; at < to; at++) {
    const byte = bytes[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  return at
}

/** Whether the quote at `at` stands behind an odd number of backslashes; nothing before `from` escapes anything. */
function isEscaped(
  bytes: Uint8Array,
  { at, from }: { readonly at: number; readonly from: number },
): boolean {
  let start = at
  while (start > from && bytes[start - 1] === backslash) start--
  return (at - start) % 2 === 1
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
