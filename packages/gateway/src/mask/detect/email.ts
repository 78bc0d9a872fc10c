import { isAlnum, kindOf as theirKindOf } from './classes.ts'
import { add } from './finding.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const kindOf = theirKindOf

/**
 * An e-mail address (RFC 5321 mailbox, quoted local parts too) around the `@` at `at`, not reaching
 * before `from`. Returns where it ends; `at` when there is none.
 */
export function scanEmail(bytes: Uint8Array, at: number, from: number, to: number): number {
  const end = domainEnd(bytes, at + 1, to)
  if (end === at) return at
  const start =
    bytes[at - 1] === quote ? quotedStart(bytes, at - 1, from) : localStart(bytes, at, from)
  if (start === at || isUserOfUrl(bytes, start, from)) return at
  add({
    type: 'EMAIL_ADDRESS',
    rule: 'email/mailbox',
    start,
    end,
    confidence: 95,
    validator: undefined,
  })
  return end
}

/** RFC 5321 section 4.5.3.1. */
const localBytesMax = 64
const domainBytesMax = 255
const quote = 0x22
const dot = 0x2e
const dash = 0x2d

/** What RFC 5322 allows in an atom, but for what more often stands around an address than in it. */
const isAtom: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || /[A-Za-z0-9_+.~!#$%&'*?^{|}-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
/** Marks at the beginning that belong to the text around it: `'ann@a.org'`, `{ann@a.org}`, `*ann@a.org*`. */
const isMark: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  ".'*{|}?!#$%&^~".includes(String.fromCharCode(byte)) ? 1 : 0,
)

function localStart(bytes: Uint8Array, at: number, from: number): number {
  const least = Math.max(from, at - localBytesMax)
  let start = at
  while (start > least && isAtom[bytes[start - 1] ?? 0] === 1) start -= 1
  while (start < at && isMark[bytes[start] ?? 0] === 1) start += 1
  return bytes[at - 1] === dot ? at : start
}

function quotedStart(bytes: Uint8Array, close: number, from: number): number {
  const least = Math.max(from, close - localBytesMax)
  for (let start = close - 1; start >= least; start--) {
    if (bytes[start] === quote && bytes[start - 1] !== 0x5c) return start
  }
  return close + 1
}

/** Labels up to a last one that could be a top-level domain; `from - 1` when there is none. */
function domainEnd(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to, from + domainBytesMax)
  let label = from
  let end = from - 1
  let at = from
  for (; at <= limit; at++) {
    const byte = at < limit ? (bytes[at] ?? 0) : 0
    if ((kindOf[byte] ?? 0) !== 0 || byte === dash) continue
    if (at === label || bytes[label] === dash) break
    if (label > from && isTopLevel(bytes, label, at)) end = trimDash(bytes, at)
    if (byte !== dot || !(isAlnum(bytes[at + 1]) || (bytes[at + 1] ?? 0) > 0x7f)) break
    label = at + 1
  }
  return end
}

/** `//user@host` or `//user:password@host`: what stands there is no mailbox (RFC 3986 section 3.2.1). */
function isUserOfUrl(bytes: Uint8Array, start: number, from: number): boolean {
  const least = Math.max(from + 1, start - localBytesMax)
  let at = start - 1
  if (bytes[at] === 0x3a) {
    at -= 1
    while (at > least && isAtom[bytes[at] ?? 0] === 1) at -= 1
  }
  return at >= least && bytes[at] === 0x2f && bytes[at - 1] === 0x2f
}

const trimDash = (bytes: Uint8Array, end: number): number => {
  let at = end
  while (bytes[at - 1] === dash) at -= 1
  return at
}

/** Letters, or `xn--…`; not the ending of a file such as `icon@2x.png`. */
function isTopLevel(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length < 2 || length > 63) return false
  if (bytes[from] === 0x78 && bytes[from + 1] === 0x6e && bytes[from + 2] === dash) return true
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x80 && (byte | 0x20) < 0x61) return byte === dash && at > from + 1
  }
  if (length > 4) return true
  let word = 0
  for (let at = from; at < to; at++) word = word * 256 + ((bytes[at] ?? 0) | 0x20)
  return !fileEndings.has(word)
}

const fileEndings: ReadonlySet<number> = new Set(
  'png jpg jpeg gif svg webp bmp css js jsx ts tsx json html htm xml yml yaml txt pdf csv tar gz exe dll'
    .split(' ')
    .filter((word) => word.length <= 4)
    .map((word) => [...Buffer.from(word)].reduce((sum, byte) => sum * 256 + byte, 0)),
)
