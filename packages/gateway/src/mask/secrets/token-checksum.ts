/**
 * Whether the last six of 36 characters are the CRC-32 of the thirty before them in base 62, padded with zeros: how
 * GitHub and npm make their tokens (https://github.blog/engineering/behind-githubs-new-authentication-token-formats/).
 */
export function endsInCrc(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== randomBytes + crcBytes) return false
  let rest = crc32(bytes, from, from + randomBytes)
  for (let at = to - 1; at >= to - crcBytes; at--) {
    if (bytes[at] !== digits.charCodeAt(rest % digits.length)) return false
    rest = Math.floor(rest / digits.length)
  }
  return true
}

const randomBytes = 30
const crcBytes = 6
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The CRC of RFC 1952 section 8. Over so few bytes, a call of zlib's takes ten times as long. */
function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1
  for (let at = from; at < to; at++) {
    crc = (remainders[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

const remainders: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})
