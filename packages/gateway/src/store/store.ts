import type { RecordDraft } from '@sallyport/evidence/record'
import type { ApiKey } from '../model/api-key.ts'
import type { Approval } from '../model/approval.ts'
import type { Erasure } from '../model/erasure.ts'
import type { PayloadGone, PayloadRole } from '../model/payload.ts'
import type { PrincipalLock } from '../model/principal-lock.ts'

/**
 * What the gateway remembers, in verbs of the domain. One home is chosen when the gateway starts;
 * every home passes the same suite (conformance.ts).
 *
 * Every method throws only `Conflict` and `Unavailable`. "Not there" is `undefined`. After `Unavailable`
 * nothing of what was refused is assumed to be done. The home accepts commits again by itself once it has
 * found out that what it acknowledged is what is there, and that it can write (see `refusing`).
 */
export type Store = Ledger &
  Leaves &
  Payloads &
  Approvals &
  ApiKeys &
  PrincipalLocks &
  RulebookContents &
  Erasures &
  Publication & {
    /** Why commits are refused now; undefined while they are accepted. */
    readonly refusing: () => string | undefined
    /**
     * Waits for what is under way and records `emitter.stop`: later commits throw `Unavailable`. What is
     * stored can still be read and published.
     */
    readonly stop: () => Promise<void>
    /** `stop`, if that was not called, then closes. Later calls of anything throw `Unavailable`. */
    readonly close: () => Promise<void>
  }

/** The one way to write: a record, the bytes it commits to, and the change of state it is about. */
export type Ledger = {
  /**
   * Atomic: the change, the leaf and its payloads are all durable when this resolves, or none is.
   * Leaves get gapless indexes in the order of the calls to `commit`; concurrent commits share one
   * flush. Throws `Conflict` when the change's expected state is not what is stored, and for an intent
   * (`call.authorized`) of which a party is locked: then nothing of this entry was written, and other
   * entries of the same flush are unaffected.
   */
  readonly commit: (entry: Entry) => Promise<Committed>
}

export type Entry = {
  readonly record: RecordDraft
  readonly payloads: readonly PayloadDraft[]
  /** How long the payloads are kept: the name of a retention class; absent: the standard one. */
  readonly retention?: string
  readonly change?: Change
}

export type Committed = { readonly index: number }

/** A change of governed state, settled by compare-and-set. */
export type Change =
  /** Conflict when a PENDING approval with the same digest exists. */
  | { readonly kind: 'approval.open'; readonly approval: Approval }
  /** Replaces the approval if its stored revision is `expectedRevision`; else Conflict. */
  | {
      readonly kind: 'approval.update'
      readonly approval: Approval
      readonly expectedRevision: number
    }
  /** Conflict when the id or the hash exists. */
  | { readonly kind: 'key.issue'; readonly key: ApiKey }
  /** Conflict when the key is absent or revoked already. */
  | { readonly kind: 'key.revoke'; readonly id: string; readonly at: number }
  /** Conflict when the principal is locked already, or `lock.by` is: of two who lock each other, one does. */
  | { readonly kind: 'principal.lock'; readonly lock: Omit<PrincipalLock, 'record'> }
  /** Conflict when the principal is not locked, or `by` is. */
  | { readonly kind: 'principal.unlock'; readonly principal: string; readonly by: string }
  /** Keeps what a digest stands for. Said again it changes nothing, and is no Conflict. */
  | { readonly kind: 'rulebook.put'; readonly digest: string; readonly content: string }
  /** Conflict while another erasure of the same record is pending. */
  | { readonly kind: 'erasure.request'; readonly erasure: Erasure }
  /** Destroys what the erasure names, for good. Conflict unless it is pending. `by` is a party id. */
  | {
      readonly kind: 'erasure.approve'
      readonly id: string
      readonly callId: string
      readonly by: string
      readonly at: number
    }
  /** Destroys every payload of these records, for good, and goes on from `next`; see `payloadsDue`. */
  | {
      readonly kind: 'payload.expire'
      readonly class: string
      readonly records: readonly number[]
      readonly next: number
    }

/** Bytes a record commits to. The home seals them: a fresh salt and key each, see log/seal.ts. */
export type PayloadDraft =
  | {
      readonly role: PayloadRole
      readonly mediaType: string
      readonly bytes: Uint8Array
      /** False: only the commitment and its salt are kept. */
      readonly keep: boolean
    }
  /** A stream committed to while it passed: HMAC-SHA-256 under `salt` over `length` bytes. */
  | {
      readonly role: PayloadRole
      readonly mediaType: string
      readonly salt: Uint8Array
      readonly hmac: Uint8Array
      readonly length: number
    }

export type Leaf = {
  readonly index: number
  /** The exact bytes that were stored and will be hashed: canonical JSON. */
  readonly bytes: Uint8Array
}

export type Leaves = {
  /** Number of leaves stored. */
  readonly size: () => Promise<number>
  /** Leaves from `start` on, ascending, at most `limit` (1 to 1000). Stable: a leaf never changes. */
  readonly leaves: (start: number, limit: number) => Promise<readonly Leaf[]>
  /** All leaves of one call, of the question asked about it and of its erasures, ascending. */
  readonly leavesOfCall: (callId: string) => Promise<readonly Leaf[]>
  /** All leaves of one session's calls, ascending, from `start` on, at most `limit`. */
  readonly leavesOfSession: (
    session: string,
    start: number,
    limit: number,
  ) => Promise<readonly Leaf[]>
  /**
   * First leaves (intents and denials) of calls, newest first, below index `before` (exclusive; absent:
   * from the newest), at most `limit`, filtered by exact function id, session and caller where given.
   */
  readonly callHeads: (query: CallQuery) => Promise<readonly Leaf[]>
  /** Sessions, newest activity first, below index `before` of their last leaf. */
  readonly sessions: (query: {
    readonly before?: number
    readonly limit: number
  }) => Promise<readonly SessionSummary[]>
  /** Intents older than `olderThan` (Unix ms) that have no ending: what a crash left behind. */
  readonly callsWithoutEnding: (olderThan: number) => Promise<readonly Leaf[]>
}

export type CallQuery = {
  readonly before?: number
  readonly limit: number
  readonly functionId?: string
  readonly session?: string
  readonly caller?: string
}

export type SessionSummary = {
  readonly id: string
  readonly caller: string
  readonly onBehalfOf: string | undefined
  readonly calls: number
  readonly firstIndex: number
  readonly lastIndex: number
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly lastAt: number
}

export type Payloads = {
  /** The clear bytes of one payload of one leaf; undefined when it was not kept. The caller records the reading. */
  readonly payload: (index: number, role: PayloadRole) => Promise<Uint8Array | undefined>
  /** The same with the salt of its commitment before it: what shows a third party that it is the one. */
  readonly saltedPayload: (index: number, role: PayloadRole) => Promise<Uint8Array | undefined>
  /** Why a payload that the record commits to was destroyed; undefined when it was not. */
  readonly payloadGone: (index: number, role: PayloadRole) => Promise<PayloadGone | undefined>
  readonly payloadsDue: PayloadsDue
  /**
   * Payloads that are kept, of records from index `from` on and below `to`, ascending: of whole records, and
   * of `limit` (10 to 1000) payloads at most. Empty when there are no more.
   */
  readonly keptPayloads: (
    from: number,
    to: number,
    limit: number,
  ) => Promise<readonly { readonly index: number; readonly role: PayloadRole }[]>
}

/**
 * Looks at up to `limit` records from `from` on (absent: where the last `payload.expire` of the class went
 * on) that are older than `before` (Unix ms): the indexes of those that still hold payloads of this class,
 * and where to go on. `standard`: records without a class are of this one.
 */
export type PayloadsDue = (query: {
  readonly class: string
  readonly standard: boolean
  readonly before: number
  readonly from?: number
  readonly limit: number
}) => Promise<{
  readonly records: readonly number[]
  readonly next: number
  readonly more: boolean
}>

export type Erasures = {
  readonly erasure: (id: string) => Promise<Erasure | undefined>
  /** Newest first, below `before` (an erasure's id, exclusive). */
  readonly erasures: (query: {
    readonly before?: string
    readonly limit: number
  }) => Promise<readonly Erasure[]>
}

export type Approvals = {
  readonly approval: (id: string) => Promise<Approval | undefined>
  /** The PENDING one with this digest. */
  readonly pendingApproval: (digest: string) => Promise<Approval | undefined>
  /** Newest first, below `before` (an approval id, exclusive), optionally of one state. */
  readonly approvals: (query: {
    readonly before?: string
    readonly limit: number
    readonly state?: Approval['state']
  }) => Promise<readonly Approval[]>
}

export type ApiKeys = {
  readonly apiKeyByHash: (hash: string) => Promise<ApiKey | undefined>
  readonly apiKeys: (query: {
    readonly before?: string
    readonly limit: number
  }) => Promise<readonly ApiKey[]>
}

export type PrincipalLocks = {
  /** Who is locked now; newest first, below `before` (the index of a lock's record, exclusive). */
  readonly locks: (query: {
    readonly before?: number
    readonly limit: number
  }) => Promise<readonly PrincipalLock[]>
}

/**
 * The newest signed checkpoint of the log, and who may replace it. Of all integrators of one log, only the
 * last that claimed it can: a checkpoint is swapped in before anything of it is published, so no two of one
 * size are ever signed for the public.
 */
export type Publication = {
  readonly storedCheckpoint: () => Promise<StoredCheckpoint | undefined>
  /** Returns this holder's fence and voids every fence given before. Durable when it resolves. */
  readonly claimIntegrator: (holder: string) => Promise<number>
  /**
   * Compare-and-set, durable when it resolves. Conflict when the fence is not the last one given, when the
   * stored size is not `expectedSize` (0: none is stored), or when `size` is not larger.
   */
  readonly swapCheckpoint: (swap: CheckpointSwap) => Promise<void>
}

export type StoredCheckpoint = {
  /** Leaves under it. */
  readonly size: number
  /** The signed note. */
  readonly note: string
  /** When it was signed, Unix milliseconds. */
  readonly at: number
}

export type CheckpointSwap = StoredCheckpoint & {
  readonly fence: number
  readonly expectedSize: number
}

export type RulebookContents = {
  /** The canonical JSON whose SHA-256 is the digest (`sha256:<hex>`). */
  readonly rulebookContent: (digest: string) => Promise<string | undefined>
  /** Digests of every rulebook that was ever in force. */
  readonly rulebookDigests: () => Promise<readonly string[]>
  /** The newest records `rulebook.activated` below index `before`, newest first, at most `limit`. */
  readonly activations: (before: number, limit: number) => Promise<readonly Leaf[]>
}

/** What was to be changed is no longer as the caller believed. Read again and decide again. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
}

/** The home cannot do this now, and the caller must not assume it was done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}
