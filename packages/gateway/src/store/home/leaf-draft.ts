import { hash } from 'node:crypto'
import { leafText } from '@sallyport/evidence/leaf'
import {
  type BootEnd,
  type Commitment,
  chainStart,
  type Emitter,
  partyId,
  type RecordDraft,
} from '@sallyport/evidence/record'
import { type Sealed, saltBytes, seal, wrap } from '../../log/seal.ts'
import type { PayloadDraft, PayloadRole } from '../../model/payload.ts'
import type { Entry } from '../store.ts'
import type { Failure } from './message.ts'

/** Where an emitter's chain goes on, and the end of the boot before, which the first leaf of a boot cites. */
export type ChainTip = { readonly emitter: Emitter; readonly after: BootEnd | undefined }

/** `before`: the last leaf of the instance; undefined for one that has none. */
export function chainTip(
  { instance, boot }: Pick<Emitter, 'instance' | 'boot'>,
  before: BootEnd | undefined,
): ChainTip {
  return before?.boot === boot
    ? { emitter: { boot, instance, prev: before.hash, seq: before.seq + 1 }, after: undefined }
    : { emitter: { boot, instance, prev: chainStart, seq: 0 }, after: before }
}

/** The chain's place after a leaf of this text. */
export function afterLeaf(tip: ChainTip, text: string): ChainTip {
  const { emitter } = tip
  return { ...tip, emitter: { ...emitter, prev: linkOf(text), seq: emitter.seq + 1 } }
}

/** What the next leaf of a chain cites: the leaf hash of this one, which it has in the tree too. */
export function linkOf(leaf: string | Uint8Array): string {
  // Of text in one step: the zero byte that makes a leaf's hash is a character.
  const bytes = typeof leaf === 'string' ? `\0${leaf}` : Buffer.concat([Buffer.of(0), leaf])
  return `sha256:${hash('sha256', bytes, 'hex')}`
}

export type WritableLeaf = {
  /** As it was given, and completed by what only the home knows. */
  readonly record: RecordDraft
  readonly text: string
  readonly timeMs: number
}

/** The leaf at the chain's tip, or why the record is none. */
export function completeLeaf(
  draft: RecordDraft,
  { emitter, after }: ChainTip,
  payloads: readonly SealedPayload[],
): WritableLeaf | Omit<Failure, 'position'> {
  const record = draft.type === 'emitter.start' && after ? { ...draft, after } : draft
  const timeMs = Date.parse(record.time)
  if (Number.isNaN(timeMs)) return { kind: 'unrecordable', message: 'its time is not a time' }
  try {
    return { record, text: leafText(record, emitter, commitmentsOf(payloads)), timeMs }
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return { kind: 'unrecordable', message: thrown.message }
  }
}

function commitmentsOf(payloads: readonly SealedPayload[]) {
  const commitments: Partial<Record<PayloadRole, Commitment>> = {}
  for (const { role, commitment } of payloads) commitments[role] = commitment
  return commitments
}

/** The intent that a record is the ending of. */
export function endedBy(record: RecordDraft): number | undefined {
  const isEnding = record.type === 'call.outcome' || record.type === 'reconcile.indeterminate'
  return isEnding && Number.isSafeInteger(record.intent) ? record.intent : undefined
}

/** By what a leaf is found again. */
export type LeafColumns = {
  readonly type: RecordDraft['type']
  readonly call: string | undefined
  readonly session: string | undefined
  /** Only heads (intents and denials) have a function or a caller. */
  readonly fn: string | undefined
  readonly caller: string | undefined
}

export function leafColumns(record: RecordDraft, change: Entry['change']): LeafColumns {
  const { type } = record
  const head = type === 'call.authorized' || type === 'call.denied' ? record : undefined
  return {
    type,
    call: 'call' in record ? record.call : (campaignOf(record) ?? callOf(change)),
    session: 'session' in record ? record.session : undefined,
    fn: head?.fn?.name,
    caller: head?.caller && partyId(head.caller),
  }
}

/** A campaign's own records are found by its id, as a call's are. */
function campaignOf(record: RecordDraft): string | undefined {
  const isOwn =
    record.type === 'campaign.opened' ||
    record.type === 'campaign.changed' ||
    record.type === 'campaign.closed'
  return isOwn ? record.campaign : undefined
}

/** What becomes of a question, or of a payload, belongs to the call that it was about. */
function callOf(change: Entry['change']): string | undefined {
  if (change?.kind === 'approval.update') return change.approval.callId
  if (change?.kind === 'deferral.update') return change.deferral.id
  if (change?.kind === 'erasure.request') return change.erasure.callId
  return change?.kind === 'erasure.approve' ? change.callId : undefined
}

export type SealedPayload = {
  readonly role: PayloadRole
  readonly commitment: Commitment
  /** Of its secret among those that were wrapped with it; see log/seal.ts. */
  readonly position: number
  readonly secret: Uint8Array
  /** Undefined where only the commitment is kept. */
  readonly box: Uint8Array | undefined
}

/** Seals the payloads of a whole flush, with one cipher for all of their secrets. */
export function sealAll(
  entries: readonly Entry[],
  kek: Uint8Array,
): { readonly payloads: readonly (readonly SealedPayload[])[]; readonly nonce: Buffer } {
  const open = entries.map((entry) => entry.payloads.map((payload) => sealOne(entry, payload)))
  const wrapped = wrap(
    kek,
    open.flatMap((payloads) => payloads.map(({ sealed }) => sealed.secret)),
  )
  let position = 0
  const payloads = open.map((ofEntry) =>
    ofEntry.map(({ payload, sealed }): SealedPayload => {
      const at = position * saltBytes
      return {
        role: payload.role,
        commitment: {
          alg: 'HMAC-SHA-256',
          c: sealed.commitment.toString('base64url'),
          len: 'bytes' in payload ? payload.bytes.length : payload.length,
          mt: payload.mediaType,
        },
        position: position++,
        secret: wrapped.secrets.subarray(at, at + saltBytes),
        box: sealed.box,
      }
    }),
  )
  return { payloads, nonce: wrapped.nonce }
}

function sealOne({ record }: Entry, payload: PayloadDraft) {
  if (!('bytes' in payload)) {
    const { salt: secret, hmac } = payload
    const commitment = Buffer.from(hmac.buffer, hmac.byteOffset, hmac.length)
    return { payload, sealed: { commitment, secret, box: undefined } satisfies Sealed }
  }
  const call = 'call' in record ? record.call : ''
  return { payload, sealed: seal(payload.bytes, { call, role: payload.role }, payload.keep) }
}
