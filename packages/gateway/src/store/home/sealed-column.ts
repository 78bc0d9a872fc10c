import { type Sealed, saltBytes, seal, unseal, unwrap, wrap } from '../../log/seal.ts'

/** Where sealed bytes stand: in no other place do they open. */
export type Place = { readonly table: string; readonly column: string; readonly id: string }

const nonceBytes = 16
const keyBytes = 32
const commitmentBytes = 32

/**
 * Bytes that are kept beside a row and belong to no leaf, sealed like a payload: under a key of their own that the
 * key-encryption key wraps. One blob: the wrapping's nonce, the wrapped key, the commitment, the box. Destroying it
 * destroys the bytes.
 */
export function sealColumn(kek: Uint8Array, bytes: Uint8Array, place: Place): Uint8Array {
  const { commitment, secret, box }: Sealed = seal(bytes, bindingOf(place), true)
  if (!box) throw new Error('what is to be kept was not sealed')
  const { nonce, secrets } = wrap(kek, [secret])
  return Buffer.concat([nonce, secrets, commitment, box])
}

/** Throws when anything about it was changed, moved or swapped. */
export function openColumn(kek: Uint8Array, blob: Uint8Array, place: Place): Uint8Array {
  const keyAt = nonceBytes
  const commitmentAt = keyAt + keyBytes
  const boxAt = commitmentAt + commitmentBytes
  const nonce = blob.subarray(0, nonceBytes)
  const secret = unwrap(kek, { nonce, secret: blob.subarray(keyAt, commitmentAt), position: 0 })
  const commitment = blob.subarray(commitmentAt, boxAt)
  const clear = unseal({ commitment, secret, box: blob.subarray(boxAt) }, bindingOf(place))
  return clear.subarray(saltBytes)
}

/** Like no role of a payload: its names have no dot. */
function bindingOf({ table, column, id }: Place) {
  return { call: id, role: `${table}.${column}` }
}
