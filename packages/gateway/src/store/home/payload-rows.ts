import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { unseal, unwrap } from '../../log/seal.ts'
import type { PayloadRole } from '../../model/payload.ts'
import { PayloadDamaged } from '../store.ts'
import type { SealedPayload } from './leaf-draft.ts'

// How payloads and salts stand in the rows of every home.

/** The number of a role in a payload's row id. */
const roleNumbers: Readonly<Record<PayloadRole, number>> = {
  args: 0,
  forwarded: 1,
  result: 2,
  returned: 3,
}
export const payloadRoles: readonly PayloadRole[] = ['args', 'forwarded', 'result', 'returned']

/** Four times the leaf's index plus the number of the role. */
export function payloadId(index: number, role: PayloadRole): number {
  return index * payloadRoles.length + roleNumbers[role]
}

export function payloadOf(id: number): { readonly index: number; readonly role: PayloadRole } {
  const role = payloadRoles[id % payloadRoles.length]
  if (role === undefined) throw new Error('a payload has an id that is none')
  return { index: Math.floor(id / payloadRoles.length), role }
}

/** Salt ‖ bytes of a kept payload of the leaf. Throws `PayloadDamaged` when anything about it was changed, moved or swapped. */
export function openPayload(
  kek: Uint8Array,
  { index, role }: { readonly index: number; readonly role: PayloadRole },
  row: {
    readonly leaf: Uint8Array
    readonly nonce: Uint8Array
    readonly position: number
    readonly secret: Uint8Array
    readonly box: Uint8Array
  },
): Uint8Array {
  try {
    const leaf = parseLeaf(row.leaf)
    const c = leaf[role]?.c
    if (c === undefined) throw new Error(`leaf ${index} commits to no ${role}`)
    const commitment = Buffer.from(c, 'base64url')
    const sealed = { commitment, secret: unwrap(kek, row), box: row.box }
    return unseal(sealed, { call: 'call' in leaf ? leaf.call : '', role })
  } catch (cause) {
    throw new PayloadDamaged(`the payload ${role} of record ${index} cannot be opened`, { cause })
  }
}

// `salts` of a leaf belongs to payloads that are committed to but not kept: the flush's nonce, then for each
// its role (1 byte), position (4 bytes, big-endian) and wrapped salt (32 bytes); see log/seal.ts.
const nonceBytes = 16
const entryBytes = 37

/** Salts of what is not kept travel in the leaf's own row: a row each would cost more than the leaf. */
export function saltsOf(payloads: readonly SealedPayload[], nonce: Buffer): Uint8Array | null {
  const parts: Uint8Array[] = []
  for (const { role, position, secret, box } of payloads) {
    if (box) continue
    const head = Buffer.alloc(5)
    head.writeUInt8(roleNumbers[role], 0)
    head.writeUInt32BE(position, 1)
    parts.push(head, secret)
  }
  return parts.length === 0 ? null : Buffer.concat([nonce, ...parts])
}

export function holdsSalt(salts: Uint8Array | undefined, role: PayloadRole): boolean {
  return salts !== undefined && saltEntries(salts).some((one) => one[0] === roleNumbers[role])
}

export function withoutSalts(salts: Uint8Array, roles: readonly PayloadRole[]): Uint8Array | null {
  const numbers = roles.map((role) => roleNumbers[role])
  const left = saltEntries(salts).filter((one) => !numbers.includes(one[0] ?? -1))
  return left.length === 0 ? null : Buffer.concat([salts.subarray(0, nonceBytes), ...left])
}

function saltEntries(salts: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = nonceBytes; at < salts.length; at += entryBytes) {
    entries.push(salts.subarray(at, at + entryBytes))
  }
  return entries
}
