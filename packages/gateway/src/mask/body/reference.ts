import { hexDigits as theirHexDigits } from '../json-word.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const hexDigits = theirHexDigits

/** What `readReference` read: the character it stands for, and the place behind its semicolon. */
export const reference = { codePoint: 0, end: 0 }

/**
 * Reads the character reference of XML or HTML whose `&` is at `at`, such as `&#64;`, `&#x40;` or
 * `&commat;`; false: it is none, and the `&` stands for itself.
 */
export function readReference(bytes: Uint8Array, at: number, to: number): boolean {
  const read =
    bytes[at + 1] === numberSign ? readNumber(bytes, at + 2, to) : readName(bytes, at + 1, to)
  return read && reference.codePoint > 0 && reference.codePoint <= 0x10ffff
}

/** The digits that begin at `from`, decimal or behind an `x`. */
function readNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const hex = ((bytes[from] ?? 0) | 0x20) === 0x78
  const first = hex ? from + 1 : from
  const base = hex ? 16 : 10
  const end = Math.min(to, first + (hex ? hexDigitsMax : decimalDigitsMax) + 1)
  let value = 0
  let at = first
  for (; at < end; at += 1) {
    const digit = (hexDigits[bytes[at] ?? 0] ?? 0) - 1
    if (digit < 0 || digit >= base) break
    value = value * base + digit
  }
  reference.codePoint = value
  reference.end = at + 1
  return at > first && at < end && bytes[at] === semicolon
}

function readName(bytes: Uint8Array, from: number, to: number): boolean {
  const end = Math.min(to, from + nameBytesMax + 1)
  let at = from
  while (at < end && isLetter(bytes[at] ?? 0)) at += 1
  if (at === from || at >= end || bytes[at] !== semicolon) return false
  reference.codePoint = named.get(Buffer.from(bytes.subarray(from, at)).toString('latin1')) ?? 0
  reference.end = at + 1
  return true
}

const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a

const numberSign = 0x23
const semicolon = 0x3b
/** With more, even the highest character would be written with zeros in front of it. */
const hexDigitsMax = 6
const decimalDigitsMax = 7

/** The names of signs that stand within values, all of them in small letters. */
const named: ReadonlyMap<string, number> = new Map([
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['quot', 0x22],
  ['apos', 0x27],
  ['nbsp', 0xa0],
  ['commat', 0x40],
  ['period', 0x2e],
  ['plus', 0x2b],
  ['hyphen', 0x2010],
  ['dash', 0x2010],
  ['lowbar', 0x5f],
  ['shy', 0xad],
  ['colon', 0x3a],
  ['sol', 0x2f],
  ['num', 0x23],
])
const nameBytesMax = 6
