import {
  alphabetNumber,
  alphabets as theirAlphabets,
  alphabetsOf as theirAlphabetsOf,
} from './alphabet.ts'
import type { RunEnds } from './format.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf

/** Where the part that has to be hidden begins and ends; filled by the functions of this file. */
export const part = { start: 0, end: 0 }

/**
 * A JSON Web Token (RFC 7519, RFC 7515, RFC 7516) that begins at `at` with `eyJ`: its header is decoded
 * and has to be one. Two parts are enough: a token without its signature still holds its claims.
 */
export function readJwt(bytes: Uint8Array, at: number, to: number, runs: RunEnds): boolean {
  let end = runs.endOf(bytes, at, to, urlAlphabet, 0)
  if (end - at < 16 || end >= to || bytes[end] !== dot) return false
  if (!isHeader(bytes, at, end)) return false
  let parts = 1
  while (parts < 5 && end < to && bytes[end] === dot) {
    const next = runs.endOf(bytes, end + 1, to, urlAlphabet, 1)
    if (next === end + 1 && parts !== 1) break
    end = next
    parts += 1
  }
  part.start = at
  part.end = end
  return end - at >= 30
}

const urlAlphabet = alphabetNumber('url')
const dot = 0x2e
/** A longer header is read by its beginning. */
const headerBytesMax = 512

function isHeader(bytes: Uint8Array, from: number, to: number): boolean {
  const text = Buffer.from(
    Buffer.from(bytes.subarray(from, Math.min(to, from + headerBytesMax))).toString('latin1'),
    'base64url',
  ).toString('latin1')
  return /^\{\s*"/.test(text) && /"(?:alg|typ|enc|kid)"\s*:/.test(text)
}

const begin = new TextEncoder().encode('-----BEGIN ')
const privateKey = new TextEncoder().encode('PRIVATE KEY')
const endMark = new TextEncoder().encode('-----END ')
const dashes = new TextEncoder().encode('-----')

/**
 * A private key in PEM (RFC 7468; OpenSSH and PGP write theirs alike) that begins at `at`, with its
 * marks; without an end mark, what looks like its text. Line ends may be written as escapes.
 */
export function readPem(bytes: Uint8Array, at: number, to: number): boolean {
  if (!startsWith(bytes, at, to, begin)) return false
  const label = indexOf(bytes, at + begin.length, Math.min(to, at + 64), dashes)
  if (label < 0) return false
  const kind = indexOf(bytes, at + begin.length, label, privateKey)
  if (kind < 0) return false
  const from = label + dashes.length
  const end = pemTextEnd(bytes, from, to)
  if (end - from < pemTextMin) return false
  part.start = at
  part.end = end
  if (startsWith(bytes, end, to, endMark)) {
    const close = indexOf(bytes, end + endMark.length, Math.min(to, end + 64), dashes)
    if (close >= 0) part.end = close + dashes.length
  }
  return true
}

/** Fewer bytes hold no key. */
const pemTextMin = 40

/** The end of base64, line ends, escapes of line ends and the headers of encrypted keys. */
function pemTextEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = bytes[at] ?? 0
    if (byte === 0x2d && startsWith(bytes, at, to, endMark)) return at
    if (!isPemByte(byte)) return at
    at++
  }
  return at
}

const isPemByte = (byte: number): boolean =>
  ((alphabetsOf[byte] ?? 0) & alphabets.base64) !== 0 ||
  byte === 0x0a ||
  byte === 0x0d ||
  byte === 0x20 ||
  byte === 0x09 ||
  byte === 0x5c ||
  // `Proc-Type: 4,ENCRYPTED`, `DEK-Info: AES-128-CBC,…`, `Version: GnuPG v2`
  byte === 0x3a ||
  byte === 0x2c ||
  byte === 0x2d ||
  byte === 0x2e

/**
 * The user and password of a URL (RFC 3986 section 3.2.1), whose `://` is at `at`; also of a connection
 * string such as `postgres://app:…@db`. The user alone counts when it looks like a token.
 */
export function readUserOfUrl(bytes: Uint8Array, at: number, from: number, to: number): boolean {
  const first = bytes[at - 1] ?? 0
  if (at <= from || ((alphabetsOf[first] ?? 0) & alphabets.alnum) === 0) return false
  const start = at + 3
  const last = Math.min(to, start + userBytesMax)
  let colon = -1
  let sign = -1
  for (let next = start; next < last; next++) {
    const role = roleInUser[bytes[next] ?? 0]
    if (role === roles.text) continue
    if (role === roles.end) break
    // A password may hold `@`: the last one before the path counts.
    if (role === roles.sign) sign = next
    else if (colon < 0 && sign < 0) colon = next
  }
  if (sign < 0) return false
  part.start = start
  part.end = sign
  if (colon < 0) return sign - start >= tokenBytesMin
  return sign - colon > 1 && !isStandIn(bytes, colon + 1, sign)
}

const roles = { text: 0, end: 1, sign: 2, colon: 3 } as const

/** What a byte is of the user and password of a URL. */
const roleInUser: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x40) return roles.sign
  if (byte === 0x3a) return roles.colon
  return byte <= 0x20 || [0x22, 0x2f, 0x3c, 0x3e].includes(byte) ? roles.end : roles.text
})

const userBytesMax = 512
const tokenBytesMin = 16

/** `$PASSWORD`, `${password}`, `{password}`, `<password>`, `%s`, `***`: not yet a password. */
function isStandIn(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] ?? 0
  if (first === 0x7b || first === 0x3c || first === 0x2a || first === 0x5b) return true
  if (first === 0x25 && to - from <= 2) return true
  const next = bytes[from + 1] ?? 0
  return (
    first === 0x24 &&
    (next === 0x7b || next === 0x28 || ((alphabetsOf[next] ?? 0) & upperWord) !== 0)
  )
}

const upperWord = alphabets.upper

/** What a flag of a command gives: `-u user:password`, or `-p password` where the command takes one. */
export function readFlag(bytes: Uint8Array, at: number, to: number, login: boolean): boolean {
  const letter = bytes[at + 1] ?? 0
  let start = at + 2
  let pair = letter === 0x75
  if (letter === 0x2d && startsWith(bytes, at, to, userFlag)) {
    start = at + userFlag.length
    pair = true
  } else if (letter !== 0x75 && !(login && letter === 0x70)) return false
  const between = bytes[start] ?? 0
  if (between === 0x20 || between === 0x3d) start++
  else if (pair || between <= 0x20) return false
  let closing = 0x20
  if (bytes[start] === 0x22 || bytes[start] === 0x27) closing = bytes[start++] ?? 0
  let end = start
  let colon = -1
  let digits = 0
  const last = Math.min(to, start + userBytesMax)
  for (; end < last; end++) {
    const byte = bytes[end] ?? 0
    if (byte === closing || byte < 0x20 || (closing === 0x20 && (byte === 0x22 || byte === 0x27)))
      break
    if (byte === 0x3a && colon < 0) colon = end
    // An address has its own rule.
    if (byte === 0x2f && bytes[end - 1] === 0x2f && bytes[end - 2] === 0x3a) return false
    if (byte >= 0x30 && byte <= 0x39) digits++
  }
  part.start = start
  part.end = end
  if (isStandIn(bytes, start, end) || bytes[start] === 0x24) return false
  if (!pair)
    return end - start >= 6 && bytes[start] !== 0x2d && (between !== 0x20 || digits < end - start)
  // `-u 1000:1000` is a user and a group.
  return (
    colon > start &&
    end - colon > 3 &&
    digits < end - start - 1 &&
    !isStandIn(bytes, colon + 1, end) &&
    bytes[colon + 1] !== 0x24 &&
    !standIns.has(
      Buffer.from(bytes.subarray(colon + 1, end))
        .toString('latin1')
        .toLowerCase(),
    )
  )
}

/** What manuals write where a password belongs. */
const standIns: ReadonlySet<string> = new Set(
  'pass passwd password secret test token apikey api_key api-token xxx xxxx yyy'.split(' '),
)

const userFlag = new TextEncoder().encode('--user')

export function startsWith(bytes: Uint8Array, at: number, to: number, text: Uint8Array): boolean {
  if (at + text.length > to) return false
  for (let offset = 0; offset < text.length; offset++) {
    if (bytes[at + offset] !== text[offset]) return false
  }
  return true
}

function indexOf(bytes: Uint8Array, from: number, to: number, text: Uint8Array): number {
  for (let at = from; at + text.length <= to; at++) if (startsWith(bytes, at, to, text)) return at
  return -1
}
