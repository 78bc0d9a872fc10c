import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * The text of every key the gateway makes: a prefix that says what it is, 256 random bits and a checksum,
 * so that secret scanners can find leaked ones without asking us and typing errors show at once.
 */
export type KeyPrefix = 'spk' | 'spo' | 'spa'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomChars = 43
const checksumChars = 6

/** `<prefix>_<43 base62 characters><6 of checksum>`: 256 bits, 53 characters. */
export function newKeyText(prefix: KeyPrefix): string {
  const body = base62(BigInt(`0x${randomBytes(32).toString('hex')}`), randomChars)
  return `${prefix}_${body}${checksum(`${prefix}_${body}`)}`
}

/** True when the text has the form and its checksum fits. Says nothing about the key being known. */
export function isKeyText(prefix: KeyPrefix, text: string): boolean {
  if (text.length !== prefix.length + 1 + randomChars + checksumChars) return false
  if (!text.startsWith(`${prefix}_`) || !/^[a-z]{3}_[0-9A-Za-z]+$/.test(text)) return false
  const body = text.slice(0, -checksumChars)
  return checksum(body) === text.slice(-checksumChars)
}

/** SHA-256, hex. With 256 random bits in the key nothing slower is needed. */
export function keyHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), checksumChars)
}

function base62(value: bigint, chars: number): string {
  let text = ''
  for (let rest = value; text.length < chars; rest /= 62n) {
    text = `${alphabet[Number(rest % 62n)]}${text}`
  }
  return text
}
