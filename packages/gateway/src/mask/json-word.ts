import { afterNumberByte, endsNumber, numberMinus, numberWhole, numberZero } from './json-number.ts'

/** What follows the backslash in an escape of two characters (RFC 8259 section 7). */
export const plainEscapes: Uint8Array = Buffer.from('"\\/bfnrt')

/** The literals of JSON, by their first byte. */
export const literals: Readonly<Record<number, Uint8Array>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
}

/** The bytes of the escape at `at`; 0 where it does not end here or is none. */
export function escapeWidth(chunk: Uint8Array, at: number, to: number): number {
  const letter = chunk[at + 1] ?? 0
  if (letter !== 0x75) return at + 1 < to && plainEscapes.includes(letter) ? 2 : 0
  if (at + 6 > to) return 0
  for (let place = at + 2; place < at + 6; place += 1) {
    if (isHex[chunk[place] ?? 0] === 0) return 0
  }
  return 6
}

const isHex = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\da-f]/i.test(String.fromCharCode(byte)) ? 1 : 0,
)

/** Behind a number or literal with which the chunk does not end; -1 where there is none. */
export function wordEnd(chunk: Uint8Array, from: number, to: number): number {
  const literal = literals[chunk[from] ?? 0]
  if (literal !== undefined) {
    if (from + literal.length > to) return -1
    for (let i = 1; i < literal.length; i += 1) if (chunk[from + i] !== literal[i]) return -1
    return from + literal.length
  }
  const first = chunk[from] ?? 0
  let state = first === 0x2d ? numberMinus : first === 0x30 ? numberZero : numberWhole
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return -1
  for (let at = from + 1; at < to; at += 1) {
    const next = afterNumberByte(state, chunk[at] ?? 0)
    if (next === undefined) return endsNumber[state] === true ? at : -1
    state = next
  }
  return -1
}
