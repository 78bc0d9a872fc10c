import { createHash, randomBytes } from 'node:crypto'
import type { StreamHasher } from '../call/gate.ts'
import { innerPad, outerHash } from './hmac.ts'
import { saltBytes } from './seal.ts'

/**
 * A salted HMAC-SHA-256 over a result that is too long to hold. `soFar` may be asked at any point:
 * it commits to everything up to there, under one salt for the whole stream.
 */
export function commitStream(): StreamHasher {
  const salt = randomBytes(saltBytes)
  const inner = createHash('sha256').update(innerPad(salt))
  let bytes = 0
  return {
    update: (more) => {
      inner.update(more)
      bytes += more.length
    },
    soFar: () => ({ salt, hmac: outerHash(salt, inner.copy().digest()), bytes }),
  }
}
