import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'

/** A salt as long as the hash hides the payload for as long as the salt is secret. */
export const saltBytes = 32
const keyBytes = 32
const tagBytes = 16
/** Every payload has a key of its own, used once, so the nonce may be fixed. */
const nonce: Uint8Array = new Uint8Array(12)

/** What a payload is bound to: one role of one call. */
export type Binding = { readonly call: string; readonly role: string }

/**
 * A payload made safe to store. `secret` opens it and is stored wrapped: the data key where the bytes
 * are kept, else the salt, with which a holder of the bytes can show that they are the ones.
 */
export type Sealed = {
  /** HMAC-SHA-256 under the salt: what the leaf holds. */
  readonly commitment: Buffer
  readonly secret: Uint8Array
  /** AES-256-GCM of salt ‖ bytes, then the tag; undefined where only the commitment is kept. */
  readonly box: Buffer | undefined
}

/**
 * Commits to `bytes` under a fresh salt, and encrypts them under a fresh key when they are kept.
 * Destroying the wrapped key erases the payload and leaves the commitment, which then hides it.
 */
export function seal(bytes: Uint8Array, binding: Binding, keep: boolean): Sealed {
  const salt = random(saltBytes)
  const commitment = hmacSha256(salt, bytes)
  if (!keep) return { commitment, secret: salt, box: undefined }
  const key = random(keyBytes)
  // As a key object: given bytes, Node takes three times as long to find out what they are.
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce)
  cipher.setAAD(boundTo(binding, commitment))
  const box = Buffer.concat([
    cipher.update(salt),
    cipher.update(bytes),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return { commitment, secret: key, box }
}

/** Salt ‖ bytes of a kept payload. Throws when anything about it was changed, moved or swapped. */
export function unseal(
  { commitment, secret, box }: Readonly<Record<'commitment' | 'secret' | 'box', Uint8Array>>,
  binding: Binding,
): Buffer {
  if (box.length < saltBytes + tagBytes) throw new Error('a sealed payload is too short')
  const cipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes })
  cipher.setAAD(boundTo(binding, commitment))
  cipher.setAuthTag(box.subarray(box.length - tagBytes))
  const clear = Buffer.concat([
    cipher.update(box.subarray(0, box.length - tagBytes)),
    cipher.final(),
  ])
  const bytes = clear.subarray(saltBytes)
  if (!timingSafeEqual(hmacSha256(clear.subarray(0, saltBytes), bytes), commitment)) {
    throw new Error('a sealed payload is not what its record committed to')
  }
  return clear
}

/** Secrets of one flush under the key-encryption key, and the nonce they share. */
export type Wrapped = { readonly nonce: Buffer; readonly secrets: Buffer }

/**
 * Wraps many secrets with one AES-256-CTR cipher under a fresh random nonce: starting a cipher costs
 * far more than encrypting 32 bytes. CTR alone does not authenticate; a changed key fails
 * the payload's GCM tag and a changed salt fails the commitment.
 */
export function wrap(kek: Uint8Array, secrets: readonly Uint8Array[]): Wrapped {
  const nonce = Buffer.from(random(16))
  const cipher = createCipheriv('aes-256-ctr', createSecretKey(kek), nonce)
  return { nonce, secrets: cipher.update(Buffer.concat(secrets)) }
}

/** The secret that was at `position` (0, 1, …) when `secrets` were wrapped together. */
export function unwrap(
  kek: Uint8Array,
  wrapped: { readonly nonce: Uint8Array; readonly secret: Uint8Array; readonly position: number },
): Buffer {
  // A secret is two blocks of the key stream: count on from the shared nonce, as CTR does.
  const modulus = 1n << 128n
  const start = BigInt(`0x${Buffer.from(wrapped.nonce).toString('hex')}`)
  const counter = (start + BigInt(wrapped.position * 2)) % modulus
  const at = Buffer.from(counter.toString(16).padStart(32, '0'), 'hex')
  return createDecipheriv('aes-256-ctr', kek, at).update(wrapped.secret)
}

/** No two pairs of call and role give the same text: neither may hold a NUL. */
function boundTo({ call, role }: Binding, commitment: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${call}\0${role}\0`), commitment])
}

const blockBytes = 64
const hashedAtOnceMax = 65536
// Nothing waits between filling and hashing them, so one pair will do.
const inner = Buffer.alloc(blockBytes + hashedAtOnceMax)
const outer = Buffer.alloc(blockBytes + 32)

/**
 * HMAC-SHA-256 (RFC 2104). Four of them are most of what recording a call costs, and Node's own object for
 * one takes longer to make than two plain hashes take to run; a long payload is not copied for that.
 */
function hmacSha256(salt: Uint8Array, bytes: Uint8Array): Buffer {
  if (salt.length > blockBytes || bytes.length > hashedAtOnceMax) {
    return createHmac('sha256', createSecretKey(salt)).update(bytes).digest()
  }
  inner.fill(0x36, 0, blockBytes)
  outer.fill(0x5c, 0, blockBytes)
  for (let at = 0; at < salt.length; at++) {
    const byte = salt[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  inner.set(bytes, blockBytes)
  // As text of one character a byte: Node takes longer to make a buffer of its own than to hash.
  const inside = hash('sha256', inner.subarray(0, blockBytes + bytes.length), 'binary')
  outer.write(inside, blockBytes, 'latin1')
  return Buffer.from(hash('sha256', outer, 'binary'), 'latin1')
}

/** Asking the system for 64 KiB at once costs little more than asking for 32 bytes. */
const poolBytes = 65536
let pool: Uint8Array = new Uint8Array(0)
let poolUsed = 0

function random(length: number): Uint8Array {
  if (poolUsed + length > pool.length) {
    // A new pool, not a refilled one: slices of the old one are still in use.
    pool = randomFillSync(new Uint8Array(poolBytes))
    poolUsed = 0
  }
  poolUsed += length
  return pool.subarray(poolUsed - length, poolUsed)
}
