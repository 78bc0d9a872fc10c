import type { OutageReason } from '@sallyport/evidence/record'
import type { PayloadDraft, PayloadRole } from '../../model/payload.ts'
import type { CheckpointSwap } from '../publication.ts'
import type { Change, ConflictAbout, Entry, Outbox } from '../store.ts'

/**
 * What passes between a home's two threads. Entries travel as one JSON text, their bytes as one
 * transferred buffer and their changes, which few have, as they are: cloning many small objects is what would
 * cost.
 */
export type ToWriter =
  | ({ readonly kind: 'flush' } & Packed)
  | { readonly kind: 'read'; readonly id: number; readonly name: string; readonly args: unknown[] }
  /** A question that is answered by changing the publication's row. */
  | { readonly kind: 'publish'; readonly id: number; readonly step: PublicationStep }
  /** A question that is answered by changing rows of the outbox. */
  | { readonly kind: 'outbox'; readonly id: number; readonly step: OutboxStep }
  | { readonly kind: 'close' }

export type PublicationStep =
  | { readonly name: 'stored' }
  | { readonly name: 'claim'; readonly holder: string }
  | { readonly name: 'renew'; readonly fence: number }
  | ({ readonly name: 'swap' } & CheckpointSwap)

export type OutboxStep =
  | ({ readonly name: 'take' } & Parameters<Outbox['takeNotices']>[0])
  | ({ readonly name: 'settle' } & Parameters<Outbox['settleNotice']>[0])
  | ({ readonly name: 'forget' } & Parameters<Outbox['forgetNotices']>[0])

export type FromWriter =
  | { readonly kind: 'opened' }
  | { readonly kind: 'not-opened'; readonly message: string }
  /** The entries not among the failures have the indexes from `first` on, in order. */
  | { readonly kind: 'flushed'; readonly first: number; readonly failures: readonly Failure[] }
  /** Nothing of this flush is acknowledged. The writer says `resumed` when it can write again. */
  | { readonly kind: 'suspended'; readonly message: string }
  | ({ readonly kind: 'resumed' } & Outage)
  /** What is stored is not known, and the writer accepts no more. */
  | { readonly kind: 'broken'; readonly message: string }
  /** `done` is false when the compare-and-set did not find what it expected. */
  | {
      readonly kind: 'published'
      readonly id: number
      readonly done: boolean
      readonly result: unknown
    }
  | { readonly kind: 'read'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'not-read'; readonly id: number; readonly message: string }
  | { readonly kind: 'closed' }

/** Why nothing could be written, and the time of the last leaf before. */
export type Outage = {
  readonly reason: OutageReason
  readonly from: string
  /** Intents of the flush that failed, where it turned out to be stored: their callers were refused. */
  readonly stranded: readonly Stranded[]
}

export type Stranded = {
  readonly intent: number
  readonly call: string
  readonly session: string
}

/** One entry that was left out; the others of its flush are not affected. */
export type Failure = {
  readonly position: number
  readonly kind: 'conflict' | 'unrecordable'
  readonly message: string
  readonly about?: ConflictAbout
}

export type Packed = {
  readonly entries: string
  readonly bytes: ArrayBuffer
  readonly changes: readonly (readonly [position: number, change: Change])[]
}

type PackedEntry = Omit<Entry, 'payloads' | 'change'> & {
  readonly payloads: readonly PackedPayload[]
}

/** Its bytes stand in the buffer behind those of the payload before; of a stream it is salt ‖ hmac. */
type PackedPayload = {
  readonly role: PayloadRole
  readonly mediaType: string
  readonly length: number
  readonly held: 'kept' | 'committed' | { readonly saltBytes: number; readonly hmacBytes: number }
}

/** An entry with its text, which is made when it is handed in: the writer is busy with those before it then. */
export type Written = { readonly entry: Entry; readonly text: string }

/** All of an entry but its bytes and its change. */
export function textOf(entry: Entry): string {
  const { record, retention, notices, duties, narrowed } = entry
  const payloads = entry.payloads.map(packPayload)
  const packed = { record, payloads, retention, notices, duties, narrowed }
  return JSON.stringify(packed satisfies Record<keyof PackedEntry, unknown>)
}

function packPayload(payload: PayloadDraft): PackedPayload {
  const { role, mediaType } = payload
  if ('bytes' in payload) {
    return {
      role,
      mediaType,
      length: payload.bytes.length,
      held: payload.keep ? 'kept' : 'committed',
    }
  }
  const { salt, hmac, length } = payload
  return { role, mediaType, length, held: { saltBytes: salt.length, hmacBytes: hmac.length } }
}

/** The buffer is one of its own, never a view of a pooled one: it is given away. */
export function pack(written: readonly Written[]): Packed {
  const bytes = new Uint8Array(
    written.reduce((sum, { entry }) => sum + payloadsBytes(entry.payloads), 0),
  )
  const changes: (readonly [number, Change])[] = []
  let offset = 0
  const put = (part: Uint8Array) => {
    bytes.set(part, offset)
    offset += part.length
  }
  for (const [position, { entry }] of written.entries()) {
    if (entry.change) changes.push([position, entry.change])
    for (const payload of entry.payloads) {
      if ('bytes' in payload) put(payload.bytes)
      else {
        put(payload.salt)
        put(payload.hmac)
      }
    }
  }
  const entries = `[${written.map(({ text }) => text).join(',')}]`
  return { entries, bytes: bytes.buffer, changes }
}

/** Views of the buffer, nothing is copied. */
export function unpack({ entries, bytes, changes }: Packed): readonly Entry[] {
  let offset = 0
  const take = (length: number) => {
    offset += length
    return new Uint8Array(bytes, offset - length, length)
  }
  const unpackPayload = ({ role, mediaType, length, held }: PackedPayload): PayloadDraft => {
    if (typeof held === 'string') {
      return { role, mediaType, bytes: take(length), keep: held === 'kept' }
    }
    const salt = take(held.saltBytes)
    return { role, mediaType, salt, hmac: take(held.hmacBytes), length }
  }
  // Written by `pack`, in this process.
  const packed: readonly PackedEntry[] = JSON.parse(entries)
  const changed = new Map(changes)
  return packed.map((entry, position) => {
    const change = changed.get(position)
    const payloads = entry.payloads.map(unpackPayload)
    return change ? { ...entry, payloads, change } : { ...entry, payloads }
  })
}

/** What an entry holds in memory beside its record. */
export function entryBytes({ payloads, change }: Entry): number {
  return payloadsBytes(payloads) + (change ? changeBytes(change) : 0)
}

function payloadsBytes(payloads: readonly PayloadDraft[]): number {
  return payloads.reduce((sum, payload) => sum + payloadBytes(payload), 0)
}

function changeBytes(change: Change): number {
  if (change.kind === 'deferral.open') return change.request.length
  return change.kind === 'deferral.update' ? (change.result?.length ?? 0) : 0
}

function payloadBytes(payload: PayloadDraft): number {
  return 'bytes' in payload ? payload.bytes.length : payload.salt.length + payload.hmac.length
}
