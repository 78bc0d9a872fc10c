import type { Recognise } from '../mask/plan.ts'
import type { Freshness } from '../model/certification.ts'
import type { Reason } from '../model/decision.ts'
import type { Duties, DutySide } from '../model/duty.ts'
import type { Held } from '../model/function-hold.ts'
import type { Principal } from '../model/principal.ts'
import type { Credential } from '../model/secret.ts'
import type { InForce } from './in-force.ts'
import type { Refusal } from './refusal.ts'
import type {
  ApprovalUsed,
  Approved,
  Call,
  Guarded,
  Outcome,
  Raw,
  Recorded,
  RecordPosition,
  Stage,
  StreamCommitment,
  Unforwarded,
} from './stage.ts'

export type ApprovalVerdict =
  | { readonly state: 'approved' }
  | { readonly state: 'denied' | 'expired' | 'pending' | 'withdrawn' | 'superseded' }

export type StreamHasher = {
  readonly update: (bytes: Uint8Array) => void
  readonly soFar: () => StreamCommitment
}

/**
 * Everything the pipeline asks of the outside world. serve.ts builds one from the real rooms; a
 * test builds one from literals and changes one field.
 */
export type Gate = {
  readonly now: () => number
  /** A steady clock, in microseconds from any moment; for what took how long. */
  readonly micros: () => number
  /**
   * Resolves when all that waits in this thread has had its turn. Those who wait for one get it one after the other: no
   * more of them go on in one turn the more there are.
   */
  readonly turn: () => Promise<void>
  readonly newId: () => string
  /**
   * Refuses `unauthenticated`; of a proof that counts, whoever is locked; `scope-exceeded`, with `scopes` among its
   * facts, for a token that lacks one of `scopes`.
   */
  readonly identify: (
    call: Pick<Call, 'proof' | 'sessionName' | 'audience' | 'scopes'>,
  ) => Promise<Principal>
  /** The rules in force at this moment; undefined when none were ever activated. */
  readonly rules: () => InForce | undefined
  /** Others have been on their way into force for so long that nothing more may be authorised by these. */
  readonly rulesEnding: () => boolean
  /**
   * Where a grant of these rules, or a timed one, stands at this moment. Pure over what is known here; a grant
   * that nothing is known about is stale.
   */
  readonly freshness: (rules: InForce, grantId: string) => Freshness
  /** Timed grants of these parties (ids) that are in force and cover the function. */
  readonly timedGrants: (
    parties: readonly string[],
    functionId: string,
  ) => readonly { readonly party: string; readonly id: string; readonly when: readonly string[] }[]
  /**
   * Whether the function waits for its owner. A fast answer: the intent is refused by what is stored. A promise
   * while its upstream, which stated another definition, is being looked at.
   */
  readonly isHeld: (functionId: string) => Held | undefined | Promise<Held | undefined>
  /** What the calls of a session that were forwarded so far have brought into it. Rejects rather than guess. */
  readonly sessionLabels: (session: string) => Promise<readonly string[]>
  /** The duties of a call that is on these sides, each with an object. Rejects rather than guess. */
  readonly duties: (at: Omit<Guarded, 'stage'>, sides: readonly DutySide[]) => Promise<Duties>
  /** Aborted when one of these grants is revoked, or was: what was allowed by it is cut off. One for many calls. */
  readonly revokedGrant: (grantIds: readonly string[]) => AbortSignal
  /** The upstream said on the wire which definition it has: `definitionHeader` of the connection. Returns at once. */
  readonly onWire: (connection: string, stated: string) => void

  /**
   * Claims a clearance that stands for more than one call and fits this one: a window, a session, a broken
   * glass. Undefined when there is none.
   */
  readonly claimStanding: (
    at: Guarded,
    approverGroups: readonly string[],
  ) => Promise<ApprovalUsed | undefined>
  /** The id of an approval that was given to exactly this call and that nobody has claimed; undefined: there is none. */
  readonly approvalGiven: (at: Guarded) => Promise<string | undefined>
  /**
   * Opens the question, or joins the identical one that is pending. Recorded before it resolves. Refuses
   * `approval-denied`, `approval-impossible`, `overloaded`, and `request-malformed` where more is asked for than
   * may be. `reasons`: what people are told of why they are asked.
   */
  readonly openApproval: (
    at: Guarded,
    approverGroups: readonly string[],
    reasons: readonly Reason[],
  ) => Promise<{ readonly id: string; readonly digest: string }>
  /**
   * Waits until the question is settled, the time is over or the caller leaves; says where it stands. With
   * as many calls of this caller held as may be, says so at once.
   */
  readonly awaitVerdict: (
    approvalId: string,
    options: { readonly caller: string; readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<ApprovalVerdict>
  /**
   * Claims the clearance for exactly this call, once: one compare-and-set, recorded with it. Refuses
   * `approval-unusable` naming the fields that differ, `approval-denied`, or `approval-required` while pending.
   */
  readonly claimClearance: (at: Guarded, approvalId: string) => Promise<ApprovalUsed>
  /**
   * Says that the call that claimed it is over, after its ending is durable. Returns at once. `until`: what the call
   * has begun goes on until then, and `revoked` still ends it.
   */
  readonly clearanceDone: (used: ApprovalUsed, callId: string, until?: AbortSignal) => void
  /** How long a caller is held for an approval when it does not say, and at most. Milliseconds. */
  readonly holdMs: { readonly default: number; readonly max: number }

  /**
   * Durable when it resolves: after a crash the record is there. Rejects rather than guess. Refuses
   * `unauthenticated` when a party was locked, or the API key revoked, before it in the log, `grant-revoked`, `function-quarantined` or
   * `duties-conflict` when that came before it.
   */
  readonly appendIntent: (at: Approved) => Promise<RecordPosition>
  /** Durable before it resolves. At most one per call. */
  readonly appendOutcome: (at: Recorded, outcome: Outcome) => Promise<RecordPosition>
  /** Commits to a stretch of a streamed result before it is released. */
  readonly appendChunk: (at: Recorded, soFar: StreamCommitment) => Promise<RecordPosition>
  /** A call that ended before it was forwarded, and how far it came. */
  readonly appendDenial: (at: Unforwarded, refusal: Refusal) => Promise<RecordPosition>

  readonly credential: (at: Recorded) => Promise<Credential>
  /**
   * Refuses `upstream-…`; `caller-left` when the call's signal, or `grantsRevoked`, aborts. The body's `return()` lets
   * go of the upstream, started or not.
   */
  readonly forward: (at: Recorded, credential: Credential) => Promise<Raw>
  /** A fresh salted commitment over a result that is too long to hold. */
  readonly commitStream: () => StreamHasher
  /** Faults and causes, for the operator. */
  readonly logFault: (at: Stage, refusal: Refusal) => void

  readonly maskKey: Uint8Array
  /** Asks the external recogniser. Absent: none is configured, and a result that needs one is withheld. */
  readonly recognise?: Recognise | undefined
  readonly limits: {
    /** A result up to this many bytes is held until its outcome is durable; a longer one is streamed with chunk commitments. */
    readonly heldResultBytes: number
    /** How much of a streamed result one chunk commitment may cover. */
    readonly chunkCommitBytes: number
  }
}
