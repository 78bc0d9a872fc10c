import type {
  ApprovalClosed,
  ApprovalCountered,
  ApprovalDecided,
  ApprovalEscalated,
  ApprovalRequested,
  BreakGlassOpened,
  BreakGlassReviewed,
  ClearanceClaimed,
  ClearanceClosed,
  ClearanceReturned,
  DeferralChanged,
  DelegationMade,
} from './record-approval.ts'
import type { GrantUsed, ReviewRecord } from './record-review.ts'
import type { RefusalWord, Words } from './record-words.ts'

export type { Terms } from './record-approval.ts'

/**
 * What a leaf of the evidence log holds. A *draft* is written by the gateway; the log completes it
 * with its place in the emitter's chain and with the commitments to its payloads, and stores the
 * canonical bytes. Strings and safe integers only; times are RFC 3339 UTC with milliseconds.
 */
export const recordVersion = 'evd/1'

/** `prev` of the first leaf of a boot: there is nothing before it. */
export const chainStart: string = `sha256:${'0'.repeat(64)}`

/** A leaf longer than this is shortened in its lists, and says so (`truncated`). */
export const leafBytesMax = 8192

/** Code units in one string: room for every id and digest, none for a payload in disguise. */
export const textMax = 1024

/** `iss` is the issuer's configured name, `sub` its name for the party: together `iss:sub`. */
export type Party = { readonly iss: string; readonly sub: string }

/** Arguments as received and as forwarded, result as received and as returned. */
export type PayloadRole = 'args' | 'forwarded' | 'result' | 'returned'
export const payloadRoles: readonly PayloadRole[] = ['args', 'forwarded', 'result', 'returned']

/** Salted commitment to a byte string kept outside the leaf. `c` is base64url of 32 bytes. */
export type Commitment = {
  readonly alg: 'HMAC-SHA-256'
  readonly c: string
  readonly len: number
  readonly mt: string
}
export type Commitments = Readonly<Partial<Record<PayloadRole, Commitment>>>

export type Masking = {
  /** Of a value that was found by what it looks like: how sure that is, its type, and what proved it. */
  readonly band?: 'low' | 'medium' | 'high'
  readonly entity?: string
  readonly how: string
  readonly n: number
  readonly path: string
  readonly rule: string
  readonly validator?: string
  /** The detector's own rule that found it, such as `ip/v4`. */
  readonly detector?: string
  /** Which wording of the rule it was. */
  readonly version?: string
}

/** What looked for values in a result: the digest of its patterns and rules, and how long it took. */
export type Masker = { readonly digest: string; readonly micros: number }

export type CallFacts = {
  readonly call: string
  readonly session?: string
  /**
   * Who made the call: the current actor, or the subject when nobody acts for them. Absent before
   * identification.
   */
  readonly caller?: Party & { readonly authn: string; readonly cred: string }
  /** On whose behalf: the subject first, then earlier actors; empty when the subject called. */
  readonly obo?: readonly Party[]
  readonly fn?: { readonly name: string; readonly schema: string; readonly server: string }
  readonly decision?: {
    readonly effect: 'allow' | 'deny' | 'hold'
    readonly obligations: readonly string[]
    /** The rulebook's digest. */
    readonly policy: string
    /** Ids of the policies that determined it. */
    readonly rules: readonly string[]
    /** The moment policy was asked about: what `context.time` was. */
    readonly time?: string
  }
  /** Where the request came from: the peer's address and the protocol it spoke. */
  readonly source?: { readonly ip: string; readonly protocol: string }
  readonly trace?: string
  /** The grants that it counted on, in the order of the parties, as far as it came. */
  readonly grants?: readonly GrantUsed[]
  /** Ids of rules of separated duties that it goes against, and that let it pass flagged or approved. */
  readonly duties?: readonly string[]
  /** What the session was labelled with when policy was asked: what `context.session.labels` was. Absent: nothing. */
  readonly labels?: readonly string[]
  /** `subscribe`: to hear when what the function reads changes, and not to read it. Absent: a call of the function, or one of which no function is known. */
  readonly wants?: Words['wants']
}

type CallAuthorized = CallFacts & {
  readonly type: 'call.authorized'
  readonly masked: readonly Masking[]
  /** Who had said yes, and to which approval (or in which broken glass). */
  readonly approvals: readonly { readonly by: string; readonly id: string }[]
  /** The clearance that this call claimed. */
  readonly clearance?: string
  /** What the session is labelled with besides from now on. */
  readonly brings?: readonly string[]
}

type CallDenied = CallFacts & {
  readonly type: 'call.denied'
  readonly code: RefusalWord
  readonly stage: Words['stage']
  readonly approval?: string
}

/** What follows an intent: `intent` is the index of its leaf. */
type AfterIntent = { readonly call: string; readonly session: string; readonly intent: number }

type CallOutcome = AfterIntent & {
  readonly type: 'call.outcome'
  readonly ending: 'done' | 'aborted' | RefusalWord
  /** 0 when there was no reply. */
  readonly status: number
  readonly masked: readonly Masking[]
  /** Absent where nothing was looked for. */
  readonly masker?: Masker
}

type RulebookActivated = {
  readonly type: 'rulebook.activated'
  readonly digest: string
  readonly previous: string
  readonly by: string
}

type KeyIssued = {
  readonly type: 'key.issued'
  readonly key: string
  readonly name: string
  readonly scope: readonly string[]
  readonly expires: string
  readonly by: string
}

/** What policy knew of the parties of a session; written again when it changed. */
type SessionOpened = {
  readonly type: 'session.opened'
  readonly session: string
  /** The subject first, then who acts for them, the current actor before earlier ones. */
  readonly parties: readonly (Party & {
    readonly groups: readonly string[]
    readonly kind: 'user' | 'agent' | 'workload' | 'service'
  })[]
}

type ErasureRequested = {
  readonly type: 'erasure.requested'
  readonly erasure: string
  /** Index of the leaf whose payloads are to be erased. */
  readonly record: number
  readonly roles: readonly PayloadRole[]
  readonly reason: string
  readonly by: string
}

/** Two people wanted it: `by` agreed to what `requestedBy` had asked for. */
type PayloadErased = {
  readonly type: 'payload.erased'
  readonly erasure: string
  readonly record: number
  readonly roles: readonly PayloadRole[]
  readonly requestedBy: string
  readonly by: string
}

/** Kept as long as their retention class says, and then no longer. */
type PayloadExpired = {
  readonly type: 'payload.expired'
  readonly class: string
  /** How long payloads of this class were to be kept at that moment, milliseconds. */
  readonly period: number
  /** Indexes of the leaves whose payloads are gone. */
  readonly records: readonly number[]
}

type EvidenceExported = {
  readonly type: 'evidence.exported'
  readonly by: string
  readonly scope: Words['exported']
  /** First index and the first one after the last. */
  readonly from: number
  readonly to: number
  /** Of which session, where the scope is one. */
  readonly session?: string
  /** Whether payloads went with it in clear. */
  readonly payloads: boolean
}

/** Why nothing could be written for a while. */
export type OutageReason = 'disk-full' | 'read-only' | 'unwritable'
export const outageReasons: readonly OutageReason[] = ['disk-full', 'read-only', 'unwritable']

export type RecordDraft = { readonly time: string } & (
  | CallAuthorized
  | CallDenied
  | CallOutcome
  | (AfterIntent & { readonly type: 'call.chunk' })
  | (AfterIntent & {
      readonly type: 'reconcile.indeterminate'
      readonly reason: Words['reconciled']
    })
  | ApprovalRequested
  | ApprovalDecided
  | ApprovalCountered
  | ApprovalEscalated
  | ApprovalClosed
  | ClearanceClaimed
  | ClearanceReturned
  | ClearanceClosed
  | BreakGlassOpened
  | BreakGlassReviewed
  | DelegationMade
  | { readonly type: 'delegation.ended'; readonly delegation: string; readonly by: string }
  | DeferralChanged
  | ReviewRecord
  | RulebookActivated
  | KeyIssued
  | { readonly type: 'key.revoked'; readonly key: string; readonly by: string }
  | { readonly type: 'admin.signed-in'; readonly by: string; readonly method: Words['signIn'] }
  /** From here on no call of which `principal` is a party is authorised. */
  | {
      readonly type: 'principal.locked'
      readonly principal: string
      readonly reason: string
      readonly by: string
    }
  | { readonly type: 'principal.unlocked'; readonly principal: string; readonly by: string }
  | {
      readonly type: 'payload.read'
      readonly record: number
      readonly role: PayloadRole
      readonly by: string
    }
  | SessionOpened
  | ErasureRequested
  | PayloadErased
  | PayloadExpired
  | EvidenceExported
  /** The first leaf of a log: its name, and the key (note verifier key) it begins with. */
  | { readonly type: 'log.genesis'; readonly origin: string; readonly key: string }
  /** From here on checkpoints are signed with `key`; for a while with `previous` as well. */
  | {
      readonly type: 'key.rotated'
      readonly key: string
      readonly previous: string
      readonly by: string
    }
  /** Written at a fixed interval. `elapsed`: milliseconds by the monotonic clock since this boot's start. */
  | { readonly type: 'heartbeat'; readonly elapsed: number; readonly interval: number }
  /** `after`: the last leaf of this instance's boot before, absent when there was none. */
  | {
      readonly type: 'emitter.start'
      readonly version: string
      /** Names the configuration that the gateway runs with; says nothing of what is in it. */
      readonly config?: string
      readonly after?: BootEnd
    }
  | { readonly type: 'emitter.stop' }
  /** The first leaf after a time in which nothing could be written. `from`: the time of the leaf before. */
  | { readonly type: 'outage.ended'; readonly from: string; readonly reason: OutageReason }
  /**
   * Right after the first start from a database that was rebuilt from what was published: leaves from index
   * `kept` on, below `size`, lost their payloads.
   */
  | { readonly type: 'log.recovered'; readonly kept: number; readonly size: number }
)
export type RecordType = RecordDraft['type']

/** Where the chain of an earlier boot ended: its last place, and that leaf's hash. */
export type BootEnd = { readonly boot: string; readonly hash: string; readonly seq: number }

/** What the log adds: the instance's gapless chain. `prev` is `sha256:` and the leaf hash of its previous leaf. */
export type Emitter = {
  readonly boot: string
  readonly instance: string
  readonly prev: string
  readonly seq: number
}

/** A leaf as read back. `truncated` counts the list entries that were left out to fit. */
export type LeafRecord = RecordDraft &
  Commitments & { readonly emitter: Emitter; readonly v: string; readonly truncated?: number }

/** The one form in which a party is compared and listed. */
export function partyId(party: Party): string {
  return party.iss === '' ? party.sub : `${party.iss}:${party.sub}`
}
