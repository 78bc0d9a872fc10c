/** By the letter behind the backslash, the byte an escape of two characters stands for (RFC 8259 section 7); 0: it is none. */
export const escapeMeanings: Uint8Array = new Uint8Array(256)
for (const [letter, meant] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  escapeMeanings[letter?.charCodeAt(0) ?? 0] = meant?.charCodeAt(0) ?? 0
}

/** One more than the value of a hexadecimal digit; 0 for what is none. */
export const hexDigits: Uint8Array = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') {
  hexDigits[digit.charCodeAt(0)] = Number.parseInt(digit, 16) + 1
}

/** The literals of JSON, by their first byte. */
export const literals: Readonly<Record<number, Uint8Array>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
}

/** The bytes of the escape at `at`; 0 where it does not end here or is none. */
export function escapeWidth(chunk: Uint8Array, at: number, to: number): number {
  const letter = chunk[at + 1] ?? 0
  if (letter !== 0x75) return at + 1 < to && escapeMeanings[letter] !== 0 ? 2 : 0
  if (at + 6 > to) return 0
  for (let place = at + 2; place < at + 6; place += 1) {
    if (hexDigits[chunk[place] ?? 0] === 0) return 0
  }
  return 6
}

/** Behind a number or literal with which the chunk does not end; -1 where there is none. */
export function wordEnd(chunk: Uint8Array, from: number, to: number): number {
  const first = chunk[from] ?? 0
  if (first <= 0x39) return numberEnd(chunk, from, to)
  const literal = literals[first]
  if (literal === undefined || from + literal.length > to) return -1
  for (let i = 1; i < literal.length; i += 1) if (chunk[from + i] !== literal[i]) return -1
  return from + literal.length
}

/** RFC 8259 section 6: a whole part without leading zeros, a fraction, an exponent. */
function numberEnd(chunk: Uint8Array, from: number, to: number): number {
  let at = chunk[from] === minus ? from + 1 : from
  const whole = at
  at = chunk[at] === zero ? at + 1 : digitsEnd(chunk, at, to)
  if (at === whole) return -1
  if (at < to && chunk[at] === point) {
    const fraction = at + 1
    at = digitsEnd(chunk, fraction, to)
    if (at === fraction) return -1
  }
  if (at < to && ((chunk[at] ?? 0) | 0x20) === exponent) {
    at += 1
    if (at < to && (chunk[at] === minus || chunk[at] === plus)) at += 1
    const digits = at
    at = digitsEnd(chunk, digits, to)
    if (at === digits) return -1
  }
  return at < to ? at : -1
}

function digitsEnd(chunk: Uint8Array, from: number, to: number): number {
  let at = from
  for (; at < to; at += 1) {
    const byte = chunk[at] ?? 0
    if (byte < zero || byte > 0x39) break
  }
  return at
}

const minus = 0x2d
const plus = 0x2b
const point = 0x2e
const zero = 0x30
const exponent = 0x65
