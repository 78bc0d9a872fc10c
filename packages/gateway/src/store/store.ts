import type { RecordDraft } from '@sallyport/evidence/record'
import type { ApiKey } from '../model/api-key.ts'
import type { DutyMark } from '../model/duty.ts'
import type { Erasure } from '../model/erasure.ts'
import type { Notice } from '../model/notice.ts'
import type { PayloadDraft, PayloadGone, PayloadRole } from '../model/payload.ts'
import type { PrincipalLock } from '../model/principal-lock.ts'
import type {
  ApprovalChange,
  Approvals,
  BreakGlasses,
  Clearances,
  Deferrals,
  Delegations,
} from './approvals.ts'
import type { Page, PageByIndex } from './page.ts'
import type { Publication } from './publication.ts'
import type {
  Campaigns,
  DutyMarks,
  FunctionHolds,
  GrantNarrowed,
  GrantSeen,
  GrantStandings,
  ReviewChange,
  TimedGrants,
} from './reviews.ts'

/**
 * What the gateway remembers, in verbs of the domain. One home is chosen when the gateway starts;
 * every home passes the same suite (conformance.ts).
 *
 * Every method throws only `Conflict` and `Unavailable`, and those that open a payload `PayloadDamaged`. "Not there" is `undefined`. After `Unavailable`
 * nothing of what was refused is assumed to be done. The home accepts commits again by itself once it has
 * found out that what it acknowledged is what is there, and that it can write (see `refusing`).
 */
export type Store = Ledger &
  Leaves &
  Payloads &
  Approvals &
  Clearances &
  BreakGlasses &
  Delegations &
  Deferrals &
  GrantStandings &
  TimedGrants &
  FunctionHolds &
  Campaigns &
  DutyMarks &
  Outbox &
  ApiKeys &
  PrincipalLocks &
  RulebookContents &
  Erasures &
  Publication & {
    /** How many gateways may have this home open at once. */
    readonly instances: 'one' | 'many'
    /** Why commits are refused now; undefined while they are accepted. */
    readonly refusing: () => string | undefined
    /**
     * Tells the listener, soon after a commit of any gateway that shares this home, what has another state now.
     * A hint that makes waiting short, and nothing more: it may come twice, late or never. Returns how to stop.
     */
    readonly onChange: (listener: (change: StoreChange) => void) => () => void
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
   * flush. Throws `Conflict` when the change's expected state is not what is stored, for an intent
   * (`call.authorized`) of which a party is locked or the API key revoked, a grant it names is revoked, has ended or is narrowed to other
   * conditions than it was judged by (`narrowed`), its function is quarantined or one of its `bars` is marked
   * (`about` says which), and for an ending of a call that is not open: then nothing
   * of this entry was written, and other entries of the same flush are unaffected. An intent also counts as a
   * use of each grant it names; see `grantUse`.
   */
  readonly commit: (entry: Entry) => Promise<Committed>
}

export type Entry = {
  readonly record: RecordDraft
  readonly payloads: readonly PayloadDraft[]
  /** How long the payloads are kept: the name of a retention class; absent: the standard one. */
  readonly retention?: string
  readonly change?: Change
  /** Who has to be told of it. A notice whose id exists already is not written again. */
  readonly notices?: readonly Notice[]
  /**
   * Of an intent: what it does to objects that duties are separated over, and what must not have been done
   * before. A mark of an entry that was refused is not made.
   */
  readonly duties?: { readonly marks: readonly DutyMark[]; readonly bars: readonly DutyMark[] }
  /** Of an intent: what reviews had narrowed its grants to, as it was judged; of one that is not here, to nothing. */
  readonly narrowed?: readonly GrantNarrowed[]
}

export type Committed = { readonly index: number }

/** Which thing changed; `missed`, without an id: hints may have been lost, look at whatever you wait for. */
export type StoreChange = {
  readonly kind:
    | 'approval'
    | 'clearance'
    | 'principal'
    | 'rulebook'
    | 'grant'
    | 'timed'
    | 'function'
    | 'campaign'
    | 'missed'
  readonly id: string
}

/** A change of governed state, settled by compare-and-set. */
export type Change =
  | ApprovalChange
  | ReviewChange
  /** Conflict when the id or the hash exists. */
  | { readonly kind: 'key.issue'; readonly key: ApiKey }
  /** Conflict when the key is absent or revoked already. */
  | { readonly kind: 'key.revoke'; readonly id: string; readonly at: number }
  /** Conflict when the principal is locked already, or `lock.by` is: of two who lock each other, one does. */
  | { readonly kind: 'principal.lock'; readonly lock: Omit<PrincipalLock, 'record'> }
  /** Conflict when the principal is not locked, or `by` is. */
  | { readonly kind: 'principal.unlock'; readonly principal: string; readonly by: string }
  /**
   * Keeps what a digest stands for. Said again it changes nothing, and is no Conflict. `seen`: the grants of it,
   * so that each has a standing; one that was never seen before, or with other content, is so from `at` on.
   */
  | {
      readonly kind: 'rulebook.put'
      readonly digest: string
      readonly content: string
      readonly seen?: { readonly grants: readonly GrantSeen[]; readonly at: number }
    }
  /** Changes nothing. Conflict unless the payload is kept: nobody is recorded to have read what was gone by then. */
  | { readonly kind: 'payload.read'; readonly record: number; readonly role: PayloadRole }
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
  /**
   * All leaves of one call, of the question asked about it and of its erasures, ascending; or, by its id, those of a
   * campaign itself (`campaign.*`).
   */
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
  readonly sessions: (query: PageByIndex) => Promise<readonly SessionSummary[]>
  /** What the intents of a session that are stored brought into it, in order of the alphabet. */
  readonly sessionLabels: (session: string) => Promise<readonly string[]>
  /**
   * Intents older than `olderThan` (Unix ms) that have no ending: what a crash left behind. Of this instance, and
   * of those that are gone; never of another one that lives.
   */
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
  /** As `sessionLabels`. */
  readonly labels: readonly string[]
  readonly firstIndex: number
  readonly lastIndex: number
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly lastAt: number
}

export type Payloads = {
  /**
   * The clear bytes of one payload of one leaf; undefined when it was not kept. Throws `PayloadDamaged` when what is
   * kept is not what was stored. The caller records the reading.
   */
  readonly payload: (index: number, role: PayloadRole) => Promise<Uint8Array | undefined>
  /** The same with the salt of its commitment before it: what shows a third party that it is the one. */
  readonly saltedPayload: (index: number, role: PayloadRole) => Promise<Uint8Array | undefined>
  /** Why a payload that the record commits to was destroyed; undefined when it was not. */
  readonly payloadGone: (index: number, role: PayloadRole) => Promise<PayloadGone | undefined>
  readonly payloadsDue: PayloadsDue
  /**
   * The first record from index `from` on that explains why payloads of earlier ones are gone: they were erased,
   * expired, or lost with a database. Undefined when there is none.
   */
  readonly firstLoss: (from: number) => Promise<number | undefined>
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
  readonly erasures: (query: Page) => Promise<readonly Erasure[]>
}

/** What has to be told to people, and how far that came. Nothing of it is a record: the change it is about is one. */
export type Outbox = {
  /**
   * Notices whose time has come, oldest first, at most `limit`; each is this caller's until `now + leaseMs`, and
   * then anybody's again.
   */
  readonly takeNotices: (query: {
    readonly now: number
    readonly leaseMs: number
    readonly limit: number
  }) => Promise<readonly NoticeTaken[]>
  /**
   * How an attempt ended: `reference` is the channel's own name for the message. Without effect when the notice
   * was taken again meanwhile.
   */
  readonly settleNotice: (settled: {
    readonly id: string
    readonly attempts: number
    readonly outcome: 'sent' | 'given-up' | { readonly retryAt: number }
    readonly reference?: string
  }) => Promise<void>
  /**
   * Of the `limit` oldest notices that were sent or given up, those of which that was before `settledBefore` (Unix
   * milliseconds) are no more. What is told is not a record, so nothing is lost that an auditor looks for.
   */
  readonly forgetNotices: (query: {
    readonly settledBefore: number
    readonly limit: number
  }) => Promise<void>
  /** The newest reference that this channel gave to a message about this. */
  readonly noticeReference: (channel: string, about: string) => Promise<string | undefined>
  /** How many wait to be told within a day (some are written for a day to come), and how many were given up. */
  readonly noticeCounts: () => Promise<{ readonly waiting: number; readonly givenUp: number }>
}

export type NoticeTaken = Notice & {
  /** This one included. */
  readonly attempts: number
}

export type ApiKeys = {
  readonly apiKeyByHash: (hash: string) => Promise<ApiKey | undefined>
  readonly apiKeys: (query: Page) => Promise<readonly ApiKey[]>
}

export type PrincipalLocks = {
  /** Who is locked now; newest first, below `before` (the index of a lock's record, exclusive). */
  readonly locks: (query: PageByIndex) => Promise<readonly PrincipalLock[]>
}

export type RulebookContents = {
  /** The canonical JSON whose SHA-256 is the digest (`sha256:<hex>`). */
  readonly rulebookContent: (digest: string) => Promise<string | undefined>
  /** Digests of every rulebook that was ever in force. */
  readonly rulebookDigests: () => Promise<readonly string[]>
  /** The newest records `rulebook.activated` below index `before`, newest first, at most `limit`. */
  readonly activations: (before: number, limit: number) => Promise<readonly Leaf[]>
}

/** What an intent was refused for, where it was not its own change: see `Ledger`. */
export type ConflictAbout = 'lock' | 'key' | 'grant' | 'function' | 'duty'

/** What was to be changed is no longer as the caller believed. Read again and decide again. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
  readonly about: ConflictAbout | undefined
  constructor(message: string, options: ErrorOptions & { readonly about?: ConflictAbout } = {}) {
    super(message, options)
    this.about = options.about
  }
}

/** The home cannot do this now, and the caller must not assume it was done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** What is stored of one payload is not what was stored. Nothing else is wrong with the home, as far as is known. */
export class PayloadDamaged extends Error {
  override readonly name = 'PayloadDamaged'
}
