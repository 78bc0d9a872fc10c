import type { OutageReason, RecordDraft } from '@sallyport/evidence/record'
import type { PayloadRole } from '../../model/payload.ts'
import type { Change, CheckpointSwap } from '../store.ts'

/**
 * What passes between the two threads. Entries travel as one JSON text and their bytes as one
 * transferred buffer: cloning many small objects is what would cost.
 */
export type ToWriter =
  | { readonly kind: 'flush'; readonly entries: string; readonly bytes: ArrayBuffer }
  | { readonly kind: 'read'; readonly id: number; readonly name: string; readonly args: unknown[] }
  /** A question that is answered by changing the publication's row. */
  | { readonly kind: 'publish'; readonly id: number; readonly step: PublicationStep }
  | { readonly kind: 'close' }

export type PublicationStep =
  | { readonly name: 'stored' }
  | { readonly name: 'claim'; readonly holder: string }
  | ({ readonly name: 'swap' } & CheckpointSwap)

export type FromWriter =
  | { readonly kind: 'opened' }
  | { readonly kind: 'not-opened'; readonly message: string }
  /** The entries not among the failures have the indexes from `first` on, in order. */
  | { readonly kind: 'flushed'; readonly first: number; readonly failures: readonly Failure[] }
  /** Nothing of this flush was kept. The writer says `resumed` when it can write again. */
  | { readonly kind: 'suspended'; readonly message: string }
  | ({ readonly kind: 'resumed' } & Outage)
  /** What the disk holds is not known, and the writer accepts no more. */
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
export type Outage = { readonly reason: OutageReason; readonly from: string }

/** One entry that was left out; the others of its flush are not affected. */
export type Failure = {
  readonly position: number
  readonly kind: 'conflict' | 'unrecordable'
  readonly message: string
}

export type PackedEntry = {
  readonly record: RecordDraft
  readonly payloads: readonly PackedPayload[]
  readonly retention?: string
  readonly change?: Change
}

/** `offset` is where its bytes begin in the buffer; for a stream, where salt ‖ hmac do. */
export type PackedPayload = {
  readonly role: PayloadRole
  readonly mediaType: string
  readonly offset: number
  readonly length: number
  readonly held: 'kept' | 'committed' | 'streamed'
}

export type WriterOptions = {
  readonly path: string
  readonly instance: string
  readonly boot: string
  readonly origin: string
  readonly kek: Uint8Array
  readonly pagesMax: number | undefined
}

/** The number of a role in a payload's row id. */
export const roleNumbers: Readonly<Record<PayloadRole, number>> = {
  args: 0,
  forwarded: 1,
  result: 2,
  returned: 3,
}
