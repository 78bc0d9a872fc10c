import { crc32 } from 'node:zlib'

/**
 * Whether the last six of 36 characters are the CRC-32 of the thirty before them in base 62, padded with zeros: how
 * GitHub and npm make their tokens (https://github.blog/engineering/behind-githubs-new-authentication-token-formats/).
 */
export function endsInCrc(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== randomBytes + crcBytes) return false
  let rest = crc32(bytes.subarray(from, from + randomBytes))
  for (let at = to - 1; at >= to - crcBytes; at--) {
    if (bytes[at] !== digits.charCodeAt(rest % digits.length)) return false
    rest = Math.floor(rest / digits.length)
  }
  return true
}

const randomBytes = 30
const crcBytes = 6
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
