import {
  isAlnum,
  isDigit,
  hexOf as theirHexOf,
  kindOf as theirKindOf,
  kinds as theirKinds,
} from './classes.ts'
import { cellBegin, hintOfCell, noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'
import { emptyHash, hashByte, hashText, lowerOf } from './word-hash.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const hexOf = theirHexOf
const kindOf = theirKindOf
const kinds = theirKinds

/**
 * An IPv4 address in dotted decimal that begins with the digit at `start`, with its prefix length
 * (RFC 4632) if it has one. Returns where it ends; `start` when there is none.
 */
export function scanIpv4(bytes: Uint8Array, start: number, to: number): number {
  // A word, a version or a number with more parts goes on into this one.
  const before = bytes[start - 1] ?? 0x20
  if ((before === dot || before === dash || before === underscore) && isAlnum(bytes[start - 2]))
    return start
  const end = quadEnd(bytes, start, to)
  if (end === start) return start
  const next = end < to ? bytes[end] : undefined
  if (isAlnum(next) || next === underscore || (next === dash && isAlnum(bytes[end + 1])))
    return start
  if (next === dot && end + 1 < to && isAlnum(bytes[end + 1])) return start
  const named = (hintOfCell() & hints.ip) !== 0
  const version = !named && ((hintOfCell() & hints.other) !== 0 || isNumbered(bytes, start))
  const prefix = prefixEnd(bytes, end, to, 32)
  add({
    type: 'IP_ADDRESS',
    rule: 'ip/v4',
    start,
    end: prefix,
    confidence: version ? 40 : 90,
    validator: undefined,
  })
  return prefix
}

/**
 * An IPv6 address (RFC 4291 section 2.2, an IPv4 tail too) in the run of hexadecimal digits and colons
 * that begins at `start`. Returns where the run ends, so that no byte of it is tried twice.
 */
export function scanIpv6(bytes: Uint8Array, start: number, to: number): number {
  let at = start
  let groups = 0
  let gap = -1
  let digits = false
  let letters = false
  let valid = true
  let longest = 0
  let end = start
  while (at < to) {
    const begun = at
    while (at < to && (hexOf[bytes[at] ?? 0] ?? -1) >= 0) {
      if (isDigit(bytes[at])) digits = true
      else letters = true
      at += 1
    }
    if (bytes[at] === dot && at < to && at > begun && groups >= 1 && groups <= 6) {
      const quad = quadEnd(bytes, begun, to)
      if (quad > begun && groups + 2 <= 8) {
        groups += 2
        longest = Math.max(longest, 4)
        digits = true
        at = quad
        end = at
        break
      }
    }
    longest = Math.max(longest, at - begun)
    if (at > begun) {
      groups += 1
      end = at
    }
    if (bytes[at] !== colon || at >= to) break
    if (bytes[at + 1] === colon && at + 1 < to) {
      if (gap >= 0) valid = false
      gap = groups
      at += 2
      end = at
      if ((hexOf[bytes[at] ?? 0] ?? -1) < 0 || at >= to) break
    } else {
      if (at === begun || (hexOf[bytes[at + 1] ?? 0] ?? -1) < 0 || at + 1 >= to) break
      at += 1
    }
  }
  const whole = gap >= 0 ? groups < 8 && groups > 0 && (digits || groups > 3) : groups === 8
  if (!valid || longest > 4 || !whole || !isFree(bytes, start, end, to))
    return Math.max(at, start + 1)
  const prefix = prefixEnd(bytes, end, to, 128)
  add({
    type: 'IP_ADDRESS',
    rule: 'ip/v6',
    start,
    end: prefix,
    confidence: gap < 0 || letters || longest > 2 ? 92 : briefConfidence(bytes, start, end, to),
    validator: undefined,
  })
  return Math.max(at, prefix)
}

/**
 * Numbers of one or two digits with a gap, as `12:34::56`, may be a time: they are an address where that is
 * all the cell says, where something says so, or as `::1`.
 */
function briefConfidence(bytes: Uint8Array, start: number, end: number, to: number): number {
  if ((hintOfCell() & hints.ip) !== 0 || supportOf(ipTopic, start, end) !== noSupport) return 92
  if (bytes[start] === colon || (start === cellBegin() && end === to))
    return end - start < 4 ? 75 : 92
  return 40
}

const ipTopic: number = topic('ip')

/** `Section 1.2.3.4`: the word before says that it is the number of a part, an issue or a step. */
function isNumbered(bytes: Uint8Array, start: number): boolean {
  if (bytes[start - 1] !== 0x20) return false
  const least = Math.max(cellBegin(), start - longestNumbered)
  const end = bytes[start - 2] === dot ? start - 2 : start - 1
  let from = end
  while (from > least && isLetter(bytes[from - 1] ?? 0)) from -= 1
  let hash = emptyHash
  for (let at = from; at < end; at++) hash = hashByte(hash, lowerOf[bytes[at] ?? 0] ?? 0)
  return numbered.has(hash)
}

const isLetter = (byte: number): boolean => (kindOf[byte] ?? 0) === kinds.letter
/** One more than the longest of these words has, and what stands behind it. */
const longestNumbered = 12
const numbered: ReadonlySet<number> = new Set(
  'section sections sec chapter clause paragraph para article appendix annex figure fig version ver'
    .split(' ')
    .map(hashText),
)

const dot = 0x2e
const dash = 0x2d
const colon = 0x3a
const underscore = 0x5f
const slash = 0x2f

/** Four numbers up to 255 without leading zeros; `start` when there are none. */
function quadEnd(bytes: Uint8Array, start: number, to: number): number {
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (bytes[at] !== dot || at >= to) return start
      at += 1
    }
    let value = 0
    const begun = at
    while (at < to && at - begun < 4 && isDigit(bytes[at]))
      value = value * 10 + (bytes[at++] ?? 0) - 0x30
    const length = at - begun
    if (length === 0 || length > 3 || value > 255 || (length > 1 && bytes[begun] === 0x30))
      return start
  }
  return at
}

/** Behind `/24`; where it says no length of a prefix, the address ends before the slash. */
function prefixEnd(bytes: Uint8Array, end: number, to: number, longest: number): number {
  if (bytes[end] !== slash || end >= to) return end
  let at = end + 1
  let value = 0
  while (at < to && at - end < 5 && isDigit(bytes[at]))
    value = value * 10 + (bytes[at++] ?? 0) - 0x30
  const stops = at >= to || !(isAlnum(bytes[at]) || bytes[at] === slash)
  return at > end + 1 && value <= longest && stops ? at : end
}

/** No letter, digit or colon touches it. */
function isFree(bytes: Uint8Array, start: number, end: number, to: number): boolean {
  const before = bytes[start - 1] ?? 0x20
  if (before === colon && !isLabel(bytes, start - 1)) return false
  if (before === dot || before === underscore || isWordByte(before)) return false
  if (end >= to) return true
  const next = bytes[end] ?? 0x20
  // Behind a full stop that ends a sentence stands no digit.
  if (next === dot && end + 1 < to && isDigit(bytes[end + 1])) return false
  return !(isWordByte(next) || next === underscore || (next === colon && isAlnum(bytes[end + 1])))
}

/** What stands before the colon at `at` is no group of an address but names it: `ip:60f5:…`, `mac:5f:…`. */
export function isLabel(bytes: Uint8Array, at: number): boolean {
  let start = at
  const least = Math.max(cellBegin(), at - 5)
  for (; start > least && isWordByte(bytes[start - 1] ?? 0x20); start--) {
    if ((hexOf[bytes[start - 1] ?? 0] ?? -1) < 0) return true
  }
  return at - start > 4
}

const isWordByte = (byte: number): boolean =>
  ((kindOf[byte] ?? 0) & (kinds.digit | kinds.letter)) !== 0
