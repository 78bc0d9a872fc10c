import { equalBytes, fromBase64 } from '../encoding.ts'
import { hmacSha256 } from '../hash.ts'
import type { Commitment, PayloadRole } from '../record.ts'
import type { Soon } from './soon.ts'
import { readWithin } from './stored.ts'
import type { Scene, SeenLeaf } from './watch.ts'

export const saltBytes = 32

/** A disclosed payload that is what its record commits to; or why there is none. */
export type Disclosed =
  | { readonly bytes: Uint8Array }
  | { readonly missing: 'no-commitment' | 'malformed' | 'absent' | 'mismatch' }

export type Payloads = {
  /** Of a record being looked at: each payload is read and compared once for all checks. */
  readonly open: (leaf: SeenLeaf, role: PayloadRole) => Soon<Disclosed>
}

export function openPayloads(scene: Scene): Payloads {
  let index = -1
  const opened = new Map<PayloadRole, Promise<Disclosed>>()
  return {
    open: (leaf, role) => {
      const commitment = leaf.record[role]
      if (!commitment) return nothing
      if (commitment.len < 0 || !encoded.test(commitment.c)) return malformed
      if (scene.manifest?.payloads !== true) return absent
      if (leaf.index !== index) opened.clear()
      index = leaf.index
      const known = opened.get(role) ?? openOne(scene, payloadPath(index, role), commitment)
      opened.set(role, known)
      return known
    },
  }
}

const nothing: Disclosed = { missing: 'no-commitment' }
const malformed: Disclosed = { missing: 'malformed' }
const absent: Disclosed = { missing: 'absent' }

export function payloadPath(index: number, role: PayloadRole): string {
  return `payloads/${index}.${role}`
}

async function openOne(scene: Scene, path: string, commitment: Commitment): Promise<Disclosed> {
  const file = await readWithin(scene.source, path, saltBytes + commitment.len)
  if (file === undefined) return absent
  if (file === 'source-too-large') return { missing: 'mismatch' }
  if (typeof file === 'string') {
    scene.report.find('file-unreadable', { file: path, detail: file })
    return absent
  }
  const bytes = file.subarray(saltBytes)
  const fits =
    file.length >= saltBytes &&
    bytes.length === commitment.len &&
    equalBytes(hmacSha256(file.subarray(0, saltBytes), bytes), hmacOf(commitment))
  return fits ? { bytes } : { missing: 'mismatch' }
}

/** Base64url of 32 bytes in its one spelling: no padding, and no stray bits in the last character. */
const encoded = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

function hmacOf({ c }: Commitment): Uint8Array {
  const base64 = `${c.replaceAll('-', '+').replaceAll('_', '/')}=`
  return fromBase64(base64) ?? new Uint8Array(0)
}

/** Bytes as they stand in a message's head: one character each. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}
