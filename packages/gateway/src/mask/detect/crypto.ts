import { hash } from 'node:crypto'
import { noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'

/**
 * An address of a digital currency that is the word at `[start, end)`: Base58Check (Bitcoin and its
 * relatives, Tron, Ripple), Bech32 (BIP 173, BIP 350), Ethereum, Cardano, Monero. False: it is none.
 */
export function scanCrypto(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  const first = bytes[start] ?? 0
  if (length === 42 && first === 0x30 && (bytes[start + 1] ?? 0) === 0x78) {
    if (!isHex(bytes, start + 2, end)) return false
    const named = supportOf(cryptoTopic, start, end) !== noSupport
    return report(start, end, 'crypto/ethereum', named ? 95 : 85, undefined)
  }
  if (length >= 25 && length <= 35 && isBase58Check(bytes, start, end, first)) {
    return report(start, end, 'crypto/base58check', 99, 'base58check')
  }
  if (
    length >= 26 &&
    length <= 35 &&
    (first === 0x31 || first === 0x33) &&
    isBase58(bytes, start, end) &&
    supportOf(cryptoTopic, start, end) !== noSupport
  ) {
    return report(start, end, 'crypto/base58', 70, undefined)
  }
  if (length >= 14 && length <= 108 && isBech32(bytes, start, end)) {
    return report(start, end, 'crypto/bech32', 99, 'bech32')
  }
  if (length === 95 && (first === 0x34 || first === 0x38) && isBase58(bytes, start, end)) {
    return report(start, end, 'crypto/monero', 80, undefined)
  }
  return false
}

const cryptoTopic: number = topic('crypto')

function report(
  start: number,
  end: number,
  rule: string,
  confidence: number,
  validator: string | undefined,
): boolean {
  add({ type: 'CRYPTO', rule, start, end, confidence, validator })
  return true
}

function isHex(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    const lower = byte | 0x20
    if (!((byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66))) return false
  }
  return true
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const base58Values: Int8Array = new Int8Array(256).fill(-1)
for (let value = 0; value < 58; value++) base58Values[base58.charCodeAt(value)] = value

function isBase58(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((base58Values[bytes[at] ?? 0] ?? -1) < 0) return false
  return true
}

/** The first letters of the addresses whose version bytes we know: 1 3 m n 2 L M D 9 A T r t X. */
const leads: ReadonlySet<number> = new Set(Buffer.from('13mn2LMD9ATrtX'))
const rippleAlphabet = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
const rippleValues: Int8Array = new Int8Array(256).fill(-1)
for (let value = 0; value < 58; value++) rippleValues[rippleAlphabet.charCodeAt(value)] = value

const decoded: Uint8Array = new Uint8Array(26)

/** Version byte, 20 bytes of hash, and the first four bytes of the double SHA-256 over them. */
function isBase58Check(bytes: Uint8Array, start: number, end: number, first: number): boolean {
  if (!leads.has(first)) return false
  const values = first === 0x72 ? rippleValues : base58Values
  // Zcash has two version bytes.
  const size = first === 0x74 ? 26 : 25
  decoded.fill(0)
  for (let at = start; at < end; at++) {
    let carry = values[bytes[at] ?? 0] ?? -1
    if (carry < 0) return false
    for (let place = size - 1; place >= 0; place--) {
      carry += (decoded[place] ?? 0) * 58
      decoded[place] = carry & 0xff
      carry >>= 8
    }
    if (carry > 0) return false
  }
  const once = hash('sha256', decoded.subarray(0, size - 4), 'buffer')
  const twice = hash('sha256', once, 'buffer')
  for (let at = 0; at < 4; at++) if (twice[at] !== decoded[size - 4 + at]) return false
  return true
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const bech32Values: Int8Array = new Int8Array(256).fill(-1)
for (let value = 0; value < 32; value++) {
  bech32Values[bech32.charCodeAt(value)] = value
  bech32Values[bech32.toUpperCase().charCodeAt(value)] = value
}
const humanParts: readonly string[] = [
  'bc',
  'tb',
  'bcrt',
  'ltc',
  'addr',
  'stake',
  'cosmos',
  'osmo',
  'bnb',
]

/** BIP 173 and 350: the part before the last `1` is known, and the checksum of the whole is 1 or 0x2bc830a3. */
function isBech32(bytes: Uint8Array, start: number, end: number): boolean {
  let part: string | undefined
  for (const one of humanParts) {
    if (bytes[start + one.length] === 0x31 && isText(bytes, start, one)) part = one
  }
  if (part === undefined) return false
  let check = 1
  for (let at = 0; at < part.length; at++) check = polymod(check, part.charCodeAt(at) >> 5)
  check = polymod(check, 0)
  for (let at = 0; at < part.length; at++) check = polymod(check, part.charCodeAt(at) & 31)
  for (let at = start + part.length + 1; at < end; at++) {
    const value = bech32Values[bytes[at] ?? 0] ?? -1
    if (value < 0) return false
    check = polymod(check, value)
  }
  return check === 1 || check === 0x2bc830a3
}

function isText(bytes: Uint8Array, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (((bytes[start + at] ?? 0) | 0x20) !== text.charCodeAt(at)) return false
  }
  return true
}

const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

function polymod(check: number, value: number): number {
  const top = check >>> 25
  let next = ((check & 0x1ffffff) << 5) ^ value
  for (let bit = 0; bit < 5; bit++) if (((top >>> bit) & 1) === 1) next ^= generator[bit] ?? 0
  return next
}
