import type { RecordDraft } from '@sallyport/evidence/record'
import type { ApiKey } from '../model/api-key.ts'
import type { Approval } from '../model/approval.ts'

/**
 * What the gateway remembers, in verbs of the domain. One home is chosen when the gateway starts;
 * every home passes the same suite (conformance.ts).
 *
 * Every method throws only `Conflict` and `Unavailable`. "Not there" is `undefined`. Once `Unavailable`
 * was thrown by `commit`, the home accepts no further commit: what is durable is no longer known.
 */
export type Store = Ledger &
  Leaves &
  Payloads &
  Approvals &
  ApiKeys & {
    /** Waits for what is under way, then closes. Later calls throw `Unavailable`. */
    readonly close: () => Promise<void>
  }

/** The one way to write: a record, the bytes it commits to, and the change of state it is about. */
export type Ledger = {
  /**
   * Atomic: the change, the leaf and its payloads are all durable when this resolves, or none is.
   * Leaves get gapless indexes in the order of the calls to `commit`; concurrent commits share one
   * flush. Throws `Conflict` when the change's expected state is not what is stored: then nothing
   * of this entry was written, and other entries of the same flush are unaffected.
   */
  readonly commit: (entry: Entry) => Promise<Committed>
}

export type Entry = {
  readonly record: RecordDraft
  readonly payloads: readonly PayloadDraft[]
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

/** Arguments as received and as forwarded, result as received and as returned. */
export type PayloadRole = 'args' | 'forwarded' | 'result' | 'returned'

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
  /** All leaves of one call, ascending. */
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

/** What was to be changed is no longer as the caller believed. Read again and decide again. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
}

/** The home cannot do this now, and the caller must not assume it was done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}
