import { EvidenceError } from './error.ts'
import { portableSha256 } from './sha256.ts'

export const hashBytes = 32

/** Node's own hash where there is one, so that a browser's bundle names no module of Node. */
const nodeHashOnce = globalThis.process?.getBuiltinModule?.('node:crypto')?.hash

/** SHA-256 (FIPS 180-4), synchronous everywhere. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (nodeHashOnce === undefined) return portableSha256(bytes)
  // As text of one character a byte: a buffer from Node costs three times as much as the hash of a node.
  const digest = nodeHashOnce('sha256', bytes, 'binary')
  const hash = new Uint8Array(hashBytes)
  for (let at = 0; at < hashBytes; at += 1) hash[at] = digest.charCodeAt(at)
  return hash
}

const blockBytes = 64

/** HMAC-SHA-256 (RFC 2104). */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const short = key.length > blockBytes ? sha256(key) : key
  const inner = new Uint8Array(blockBytes + bytes.length).fill(0x36, 0, blockBytes)
  const outer = new Uint8Array(blockBytes + hashBytes).fill(0x5c, 0, blockBytes)
  short.forEach((byte, at) => {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  })
  inner.set(bytes, blockBytes)
  outer.set(sha256(inner), blockBytes)
  return sha256(outer)
}

// Nothing waits between filling one of these and hashing it, so one of each will do: a log is many
// small hashes, and clearing fresh memory costs as much as they do. An entry bundle's longest entry fits.
const leaf = new Uint8Array(2 ** 16)
const pair = new Uint8Array(1 + 2 * hashBytes).fill(1, 0, 1)

/**
 * The hash of a leaf's exact bytes: SHA-256(0x00 ‖ bytes) (RFC 6962 section 2.1). Throws `TypeError` for what
 * are no bytes: a string would be taken for as many zeros.
 */
export function leafHash(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('a leaf is not bytes')
  const prefixed = bytes.length < leaf.length ? leaf : new Uint8Array(1 + bytes.length)
  prefixed.set(bytes, 1)
  return sha256(prefixed.subarray(0, 1 + bytes.length))
}

/** The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  assertHash(left)
  assertHash(right)
  pair.set(left, 1)
  pair.set(right, 1 + hashBytes)
  return sha256(pair)
}

/** The root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0))

export function assertHash(hash: unknown): asserts hash is Uint8Array {
  if (hash instanceof Uint8Array && hash.length === hashBytes) return
  throw new EvidenceError('hash-malformed', 'a hash is not 32 bytes')
}
