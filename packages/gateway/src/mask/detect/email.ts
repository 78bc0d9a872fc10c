import { isAlnum, isDigit, kindOf as theirKindOf, kinds as theirKinds } from './classes.ts'
import { cellBegin } from './context.ts'
import { add } from './finding.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const kindOf = theirKindOf
const kinds = theirKinds

/**
 * An e-mail address (RFC 5321 mailbox, quoted local parts too) around the `@` at `at`, not reaching
 * before `from`. Returns where it ends; `at` when there is none.
 */
export function scanEmail(bytes: Uint8Array, at: number, from: number, to: number): number {
  const literal = bytes[at + 1] === openBracket ? literalEnd(bytes, at + 1, to) : at
  const end = literal > at ? literal : domainEnd(bytes, at + 1, to)
  if (end === at) return at
  const start =
    bytes[at - 1] === quote ? quotedStart(bytes, at - 1, from) : atomStart(bytes, at, from, end, to)
  if (start === at || isUserOfUrl(bytes, start, from) || isRemote(bytes, start, at, end, to)) {
    return at
  }
  add({
    type: 'EMAIL_ADDRESS',
    rule: 'email/mailbox',
    start,
    end,
    confidence: 95,
    validator: undefined,
  })
  // The address in brackets may be wanted by itself.
  return literal > at ? at : end
}

/** RFC 5321 section 4.5.3.1. */
const localBytesMax = 64
const domainBytesMax = 255
const quote = 0x22
const apostrophe = 0x27
const dot = 0x2e
const dash = 0x2d
const slash = 0x2f
const colon = 0x3a
const less = 0x3c
const equals = 0x3d
const greater = 0x3e
const openBracket = 0x5b
const closeBracket = 0x5d
const underscore = 0x5f

/** What RFC 5322 allows in an atom, but for what more often stands around an address than in it. */
const isAtom: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || /[A-Za-z0-9_+.~!#$%&'*?^{|}-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
/** Marks at the beginning that belong to the text around it: `'ann@a.org'`, `{ann@a.org}`, `*ann@a.org*`. */
const isMark: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  ".'*{|}?!#$%&^~".includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** Every atom of RFC 5322 where the mailbox is all of its cell, or stands in `<…>`; else what a text leaves of it. */
function atomStart(bytes: Uint8Array, at: number, from: number, end: number, to: number): number {
  const start = localStart(bytes, at, from)
  if (start === at) return at
  const least = Math.max(from, at - localBytesMax)
  let whole = start
  let slashes = 0
  while (whole > least && (isAtom[bytes[whole - 1] ?? 0] === 1 || isRareAtom(bytes[whole - 1]))) {
    whole -= 1
    if (bytes[whole] === slash) slashes += 1
    // `email=ann@a.org`: a field and its value.
    if (bytes[whole] === equals && isName(bytes, whole - 2) && isName(bytes, whole - 1))
      return start
  }
  const first = bytes[whole]
  if (slashes > 1 || first === slash || first === dot || first === apostrophe) return start
  const bounded =
    (whole === cellBegin() && end === to) || (bytes[whole - 1] === less && bytes[end] === greater)
  return bounded && whole < start ? whole : unspacedEnd(bytes, start, at)
}

/** Atoms of which text is full. */
const isRareAtom = (byte: number | undefined): boolean => byte === slash || byte === equals

const isName = (bytes: Uint8Array, at: number): boolean =>
  at >= cellBegin() && kindOf[bytes[at] ?? 0] === kinds.letter

/**
 * Where an ASCII name begins behind text in a script that is written without spaces: `メールはann@a.org`. A name
 * that has no letters of its own behind it is in that script.
 */
function unspacedEnd(bytes: Uint8Array, start: number, at: number): number {
  let from = at
  while (from > start && (bytes[from - 1] ?? 0) < 0x80) from -= 1
  if (from === start || kindOf[bytes[from] ?? 0] !== kinds.letter) return start
  let lead = from - 1
  while (lead > start && (bytes[lead] ?? 0) < 0xc0) lead -= 1
  return isUnspaced(bytes[lead] ?? 0, bytes[lead + 1] ?? 0) ? from : start
}

/** By its first bytes in UTF-8: kana, ideographs, Hangul, Thai and Lao; not U+FFFD, which may be any letter. */
const isUnspaced = (lead: number, next: number): boolean =>
  (lead > 0xe2 && lead !== 0xef) || (lead === 0xe0 && next > 0xb7)

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

/** Behind an address in brackets (RFC 5321 section 4.1.3): `[192.0.2.1]`, `[IPv6:2001:db8::1]`; `from - 1`: none. */
function literalEnd(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to, from + literalBytesMax)
  let marks = 0
  for (let at = from + 1; at < limit; at++) {
    const byte = bytes[at] ?? 0
    if (byte === closeBracket) return marks > 2 ? at + 1 : from - 1
    if (byte === dot || byte === colon) marks += 1
    else if (!isAlnum(byte)) break
  }
  return from - 1
}

/** `IPv6:` and the longest address. */
const literalBytesMax = 54

/** `git@host:path` is no mailbox but where a repository is. */
function isRemote(bytes: Uint8Array, start: number, at: number, end: number, to: number): boolean {
  if (at - start !== 3 || end + 1 >= to || bytes[end] !== colon) return false
  const isGit = bytes[start] === 0x67 && bytes[start + 1] === 0x69 && bytes[start + 2] === 0x74
  const next = bytes[end + 1] ?? 0
  return isGit && next > 0x20 && !isDigit(next)
}

/** Labels up to a last one that could be a top-level domain; `from - 1` when there is none. */
function domainEnd(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to, from + domainBytesMax)
  let label = from
  let end = from - 1
  let at = from
  for (; at <= limit; at++) {
    const byte = at < limit ? (bytes[at] ?? 0) : 0
    if (isOfLabel[byte] === 1) continue
    if (at === label || bytes[label] === dash) break
    const top = label > from ? topEnd(bytes, label, at) : label
    if (top > label && isTopLevel(bytes, label, top)) end = trimDash(bytes, top)
    if (byte !== dot || !(isAlnum(bytes[at + 1]) || (bytes[at + 1] ?? 0) > 0x7f)) break
    label = at + 1
  }
  return end
}

/** Hosts may have `_` in their labels. */
const isOfLabel: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  kindOf[byte] !== 0 || byte === dash || byte === underscore ? 1 : 0,
)

/** Text goes on behind a top-level domain with `_`, or in a script that is written without spaces. */
function topEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && bytes[at] !== underscore) {
    const byte = bytes[at] ?? 0
    if (at > from && (bytes[at - 1] ?? 0) < 0x80 && isUnspaced(byte, bytes[at + 1] ?? 0)) break
    at += 1
  }
  return at
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
