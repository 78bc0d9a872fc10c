import { createHash, randomBytes } from 'node:crypto'
import type { StreamHasher } from '../call/gate.ts'
import { saltBytes } from './seal.ts'

/**
 * A salted HMAC-SHA-256 over a result that is too long to hold. `soFar` may be asked at any point:
 * it commits to everything up to there, under one salt for the whole stream. HMAC is spelled out
 * (RFC 2104) because Node's cannot be asked in the middle, and its hash can.
 */
export function commitStream(): StreamHasher {
  const salt = randomBytes(saltBytes)
  const inner = createHash('sha256').update(pad(salt, 0x36))
  let bytes = 0
  return {
    update: (more) => {
      inner.update(more)
      bytes += more.length
    },
    soFar: () => ({ salt, hmac: outer(salt, inner.copy().digest()), bytes }),
  }
}

function outer(salt: Uint8Array, innerDigest: Uint8Array): Buffer {
  return createHash('sha256').update(pad(salt, 0x5c)).update(innerDigest).digest()
}

/** The salt as a whole block of the hash, each byte changed by `byte`. */
function pad(salt: Uint8Array, byte: number): Buffer {
  const block = Buffer.alloc(64, byte)
  for (const [at, value] of salt.entries()) block[at] = value ^ byte
  return block
}
