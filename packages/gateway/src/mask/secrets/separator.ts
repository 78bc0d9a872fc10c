import { alphabets as theirAlphabets, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf

/** What stands between a name and its value; filled by `readSeparator`, which allocates nothing. */
export const separator = {
  /** Where the value begins; -1: no value follows. */
  value: -1,
  /** A sign gives the value to the name: `=`, `:`, `=>`, the end of a tag. */
  assigned: false,
  /** `=` with nothing around it, as in a file of settings. */
  tight: false,
  /** The value is the next argument of a call: `set("token", "…")`. */
  argument: false,
  /** The byte that closes the value; 0: it is not quoted. */
  quote: 0,
  /** Another quote right behind the first, which the value begins behind; 0: there is none. */
  inner: 0,
  /** Only a dash, as in `vendor-secret-…`. */
  dash: false,
}

/** More between a name and its value is not a pair any more. */
export const separatorBytesMax = 24

/** Reads what follows a name that ends before `end`. */
export function readSeparator(bytes: Uint8Array, end: number, to: number): void {
  const last = Math.min(to, end + separatorBytesMax)
  let quoteAt = -2
  let tag = false
  begin()
  let at = end
  reading: for (; at < last; at++) {
    const byte = bytes[at] ?? 0
    switch (byte) {
      case space:
      case tab:
        break
      case lineFeed:
      case carriageReturn:
        // Only the text of an element stands on its own line.
        if (!tag) return
        break
      case doubleQuote:
      case quote:
      case backtick:
        if (!separator.assigned || quoteAt !== at - 1) separator.quote = byte
        else if (byte !== separator.quote) separator.inner = byte
        // Two quotes in a row and no value right behind them: it is empty.
        else if (!goesOn(bytes, at + 1, to, byte)) return
        quoteAt = at
        if (separator.inner === 0) break
        at++
        break reading
      case backslash:
        if (!isQuote(bytes[at + 1] ?? 0)) return
        break
      case equals:
      case colon:
      case greater:
        tag = byte === greater && bytes[at - 1] !== equals && bytes[at - 1] !== dash
        separator.assigned = true
        separator.quote = 0
        break
      case comma:
        if (quoteAt !== at - 1) return
        separator.argument = true
        separator.quote = 0
        break
      case openParenthesis:
        if (!isQuote(bytes[at + 1] ?? 0)) return
        separator.assigned = true
        separator.argument = true
        break
      case closeBracket:
        if (quoteAt !== at - 1) return
        break
      case question:
      case dot:
      case plus:
      case pipe:
      case exclamation:
        if (!isAssigning(bytes[at + 1])) break reading
        break
      case dash:
        if (at > end) break reading
        separator.dash = true
        break
      default:
        break reading
    }
  }
  // A quote right behind the name closes it, and what follows is no value of its.
  const closes = quoteAt === end && !separator.assigned && !separator.argument
  if (at >= last || at === end || closes) return
  // A quote that closed the name, with no other behind it.
  if (separator.quote !== 0 && quoteAt !== at - 1) separator.quote = 0
  separator.tight = bytes[at - 1] === equals && at === end + 1
  separator.value = at
}

/** `?=`, `.=`, `+=`, `||=`. */
const isAssigning = (next: number | undefined): boolean => next === equals || next === pipe

function begin(): void {
  separator.value = -1
  separator.assigned = false
  separator.argument = false
  separator.quote = 0
  separator.inner = 0
  separator.dash = false
}

/** `''value`, `"""value`: behind quotes of one kind stands a word, or one quote more. */
function goesOn(bytes: Uint8Array, at: number, to: number, quote: number): boolean {
  if (at >= to) return false
  const byte = bytes[at] ?? 0
  return byte === quote || byte > 0x7f || ((alphabetsOf[byte] ?? 0) & alphabets.alnum) !== 0
}

const space = 0x20
const tab = 0x09
const lineFeed = 0x0a
const carriageReturn = 0x0d
const doubleQuote = 0x22
const quote = 0x27
const backtick = 0x60
const backslash = 0x5c
const equals = 0x3d
const colon = 0x3a
const greater = 0x3e
const comma = 0x2c
const openParenthesis = 0x28
const closeBracket = 0x5d
const question = 0x3f
const dot = 0x2e
const plus = 0x2b
const pipe = 0x7c
const exclamation = 0x21
const dash = 0x2d

export const isQuote = (byte: number): boolean =>
  byte === doubleQuote || byte === quote || byte === backtick
