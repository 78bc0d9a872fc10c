import { hash } from 'node:crypto'

const blockBytes = 64

/**
 * HMAC-SHA-256 (RFC 2104) under a key of at most 64 bytes, as two one-shot hashes: a seventh of what
 * `createHmac` costs for short input, and short input is what calls are made of.
 */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Buffer {
  const inner = Buffer.allocUnsafe(blockBytes + bytes.length)
  pad(key, 0x36, inner)
  inner.set(bytes, blockBytes)
  return outerHash(key, hash('sha256', inner, 'buffer'))
}

/** The key block that is hashed before the message. */
export function innerPad(key: Uint8Array): Buffer {
  const block = Buffer.allocUnsafe(blockBytes)
  pad(key, 0x36, block)
  return block
}

/** Completes an HMAC from the digest of `innerPad ‖ message`. */
export function outerHash(key: Uint8Array, innerDigest: Uint8Array): Buffer {
  const outer = Buffer.allocUnsafe(blockBytes + innerDigest.length)
  pad(key, 0x5c, outer)
  outer.set(innerDigest, blockBytes)
  return hash('sha256', outer, 'buffer')
}

function pad(key: Uint8Array, byte: number, block: Buffer): void {
  if (key.length > blockBytes) throw new RangeError('an HMAC key here has at most 64 bytes')
  block.fill(byte, 0, blockBytes)
  for (let at = 0; at < key.length; at++) block[at] = byte ^ (key[at] ?? 0)
}
