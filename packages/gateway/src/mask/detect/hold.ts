import { isDigit, kinds, kindOf as theirKindOf } from './classes.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const kindOf = theirKindOf

/**
 * The first byte of `[from, to)` that could still become part of a match if more text follows; `to`
 * when none could. Never more than `holdBytesMax` before `to`: what is longer is for the caller to
 * hide, because emitting its beginning could show a part of a value.
 */
export function holdFrom(bytes: Uint8Array, from: number, to: number): number {
  const least = Math.max(from, to - holdBytesMax)
  let at = to
  let words = 0
  while (at > least) {
    const byte = bytes[at - 1] ?? 0
    const kind = kindOf[byte] ?? 0
    if (kind !== 0 || isInner[byte] === 1) {
      at -= 1
      continue
    }
    if (byte !== 0x20 && byte !== 0x09) break
    // A blank is inside a value only where groups of digits and letters are short: `+44 20 7946`,
    // `GB82 WEST 1234`; and between a key word and its secret.
    // Groups of a card may have two blanks between them.
    const end = bytes[at - 2] === 0x20 && at - 2 >= least ? at - 2 : at - 1
    const start = wordStart(bytes, end, least)
    if (start === end) break
    if (!isGroup(bytes, start, end)) break
    words += 1
    if (words > groupsMax) break
    at = start
  }
  return Math.min(at, trackFrom(bytes, least, to))
}

/** Where a magnetic track begins whose name, blanks and all, may not have ended; `to`: there is none. */
function trackFrom(bytes: Uint8Array, from: number, to: number): number {
  for (let at = to - 1; at > from && at > to - trackBytes; at--) {
    if (bytes[at] === caret && isDigit(bytes[at - 1])) return wordStart(bytes, at, from)
  }
  return to
}

/** What stands behind the number, at its longest. */
const trackBytes = 96
const caret = 0x5e

/** Every value but a private key is shorter, with its separators; and no hold is longer. */
export const holdBytesMax = 256

/** An IBAN has nine groups, spaced digits nineteen. */
const groupsMax = 20

/** What stands inside values, besides letters and digits. */
const isInner: Uint8Array = new Uint8Array(256)
for (const byte of Buffer.from('@.-_:/+=%#$&~!?*(){}[]\'"\\|,;<>^`')) isInner[byte] = 1

function wordStart(bytes: Uint8Array, end: number, least: number): number {
  let start = end
  while (start > least) {
    const byte = bytes[start - 1] ?? 0
    if ((kindOf[byte] ?? 0) === 0 && isInner[byte] !== 1) break
    start -= 1
  }
  return start
}

/** A group of a spaced value: it has a digit, is a short word in capitals, or ends in an assignment. */
function isGroup(bytes: Uint8Array, start: number, end: number): boolean {
  let flags = 0
  for (let at = start; at < end; at++) flags |= kindOf[bytes[at] ?? 0] ?? 0
  if ((flags & kinds.digit) !== 0) return true
  const last = bytes[end - 1] ?? 0
  return end - start <= 4 || last === 0x3d || last === 0x3a
}
