import { classes as theirClasses } from '../detect/classes.ts'
import { traits as theirTraits } from './traits.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const classes = theirClasses
const traits = theirTraits

/** How many bytes of a token are digits, up to as many as anyone asks for; `seen`: `traitsOf` of its bytes ORed. */
export function digitsOf(bytes: Uint8Array, from: number, to: number, seen: number): number {
  if ((seen & classes.digit) === 0) return 0
  let digits = 0
  for (let at = from; at < to && digits < digitsAsked; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte <= 0x39 && byte >= 0x30) digits += 1
  }
  return digits
}

/** No question about a text depends on whether it has so many digits or more. */
const digitsAsked = 32

/**
 * The last place up to `to` that is not within a character or escape of a string; `from` is at one's begin.
 * `seen`: `traitsOf` of the string's bytes ORed.
 */
export function characterEnd(bytes: Uint8Array, from: number, to: number, seen: number): number {
  let at = from
  if ((seen & traits.backslash) === 0) {
    at = to
    while (at > from && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1
    return at
  }
  while (at < to) {
    const byte = bytes[at] ?? 0
    let width = 1
    if (byte === 0x5c) width = bytes[at + 1] === 0x75 ? 6 : 2
    else if (byte >= 0xc0) width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    if (at + width > to) return at
    at += width
  }
  return at
}
