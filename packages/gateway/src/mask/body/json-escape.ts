import { escapeMeanings as theirEscapeMeanings, hexDigits as theirHexDigits } from '../json-word.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const escapeMeanings = theirEscapeMeanings
const hexDigits = theirHexDigits

/** The character that an escape writes, and where it ends; filled by `readJsonEscape`, which allocates nothing. */
export const jsonEscape = { codePoint: 0, end: 0 }

/** Reads the escape (RFC 8259 section 7) whose backslash is at `at`; one that is none stands for itself. */
export function readJsonEscape(bytes: Uint8Array, at: number, to: number): void {
  const meant = at + 1 < to ? (escapeMeanings[bytes[at + 1] ?? 0] ?? 0) : 0
  if (meant !== 0) {
    jsonEscape.codePoint = meant
    jsonEscape.end = at + 2
    return
  }
  const unit = unitAt(bytes, at, to)
  jsonEscape.codePoint = unit < 0 ? backslash : unit
  jsonEscape.end = unit < 0 ? at + 1 : at + unitBytes
  if (unit < 0xd800 || unit > 0xdbff) return
  const low = unitAt(bytes, at + unitBytes, to)
  const isPair = low >= 0xdc00 && low <= 0xdfff
  jsonEscape.codePoint = isPair ? 0x10000 + ((unit - 0xd800) << 10) + low - 0xdc00 : 0xfffd
  if (isPair) jsonEscape.end += unitBytes
}

const unitBytes = 6
const backslash = 0x5c
const letterU = 0x75

/** The UTF-16 unit that `\uXXXX` at `at` writes; -1: none stands there. */
function unitAt(bytes: Uint8Array, at: number, to: number): number {
  if (at + unitBytes > to || bytes[at] !== backslash || bytes[at + 1] !== letterU) return -1
  let value = 0
  for (let place = at + 2; place < at + unitBytes; place += 1) {
    const digit = hexDigits[bytes[place] ?? 0] ?? 0
    if (digit === 0) return -1
    value = value * 16 + digit - 1
  }
  return value
}
