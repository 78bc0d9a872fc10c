import type { ArgumentMasking, Recognise, ResultMasking } from '../mask/plan.ts'
import type { ApprovalRules } from '../model/approval-rules.ts'
import type { Freshness } from '../model/certification.ts'
import type { Decision, Question, Reason } from '../model/decision.ts'
import type { DutyConflict, DutyMark, DutySide } from '../model/duty.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import type { GrantListed } from '../model/grant.ts'
import type { JsonObject } from '../model/json.ts'
import type { Party, Principal } from '../model/principal.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { Credential } from '../model/secret.ts'
import type { Refusal } from './refusal.ts'
import type {
  ApprovalUsed,
  Approved,
  Arguments,
  Call,
  Guarded,
  Outcome,
  Raw,
  Recorded,
  RecordPosition,
  Stage,
  StreamCommitment,
} from './stage.ts'

/** A rulebook made ready to answer. Immutable: a call keeps the one it was resolved under. */
export type InForce = {
  readonly rulebook: Rulebook
  /** Pure. Never throws: what cannot be evaluated comes back as a forbid. */
  readonly decide: (question: Question) => Decision
  /** JSON pointers and what is wrong there; empty when the arguments fit. Names, never values. */
  readonly argumentProblems: (
    fn: FunctionDefinition,
    values: JsonObject,
  ) => readonly { readonly pointer: string; readonly problem: string }[]
  readonly argumentMasking: (fn: FunctionDefinition) => ArgumentMasking
  /** What a call of the function brings into its session. Absent: by these rules sessions have no labels. */
  readonly labelsBrought?: ((fn: FunctionDefinition) => readonly string[]) | undefined
  /** The masking of results of this function for these parties together, narrowed to what `fields` let through. */
  readonly resultMasking: (
    fn: FunctionDefinition,
    given: {
      readonly fields: readonly (readonly string[])[]
      readonly parties: readonly Party[]
    },
  ) => ResultMasking
  readonly approvals: ApprovalRules
  /** Whether every Cedar expression is true of this call. Pure; what cannot be evaluated is not true. */
  readonly fits: (
    fn: FunctionDefinition,
    expressions: readonly string[],
    question: Question,
  ) => boolean
  /** What is wrong with a Cedar expression over this function's arguments; undefined: nothing is. */
  readonly constraintProblem: (fn: FunctionDefinition, expression: string) => string | undefined
  readonly reviews: ReviewRules
  /** Every permit of the rulebook, in order of their ids. */
  readonly grants: readonly GrantListed[]
  readonly grant: (id: string) => GrantListed | undefined
  /** Groups of the people who stand behind an owner's name. Never empty. */
  readonly ownerGroups: (owner: string) => readonly string[]
  /** The approver group to ask for the owner's yes; its flow is in `approvals`. */
  readonly ownerFlow: (owner: string) => string
  /** The sides of duty rules with an object that a call with these arguments is on. */
  readonly dutySides: (
    fn: FunctionDefinition,
    args: Pick<Arguments, 'values' | 'exactNumber'>,
  ) => readonly DutySide[]
  /** Who has grants to both sides of a duty rule without an object; with `more`, if these were given too. */
  readonly dutyConflicts: (more?: readonly GrantSupposed[]) => readonly DutyConflict[]
}

/** A grant that somebody would have. */
export type GrantSupposed = {
  readonly id: string
  /** Party id. */
  readonly party: string
  readonly functions: readonly string[]
}

/** That a function waits for its owner; or that its upstream, which had to be asked what it is, did not say. */
export type Held = { readonly why: FunctionHold['why'] | 'unread' }

/** What the duty rules that a call touches come to. */
export type Duties = {
  /** What it does to their objects, for whom. */
  readonly marks: readonly DutyMark[]
  /** What must not have been done before: looked for again in the transaction of the intent. */
  readonly bars: readonly DutyMark[]
  /** Ids of the rules of which the other side was done already, as far as can be seen now. */
  readonly met: readonly string[]
}

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
   * `unauthenticated` when a party was locked before it in the log, `grant-revoked`, `function-quarantined` or
   * `duties-conflict` when that came before it.
   */
  readonly appendIntent: (at: Approved) => Promise<RecordPosition>
  /** Durable before it resolves. At most one per call. */
  readonly appendOutcome: (at: Recorded, outcome: Outcome) => Promise<RecordPosition>
  /** Commits to a stretch of a streamed result before it is released. */
  readonly appendChunk: (at: Recorded, soFar: StreamCommitment) => Promise<RecordPosition>
  /** A call that ended before it was forwarded, and how far it came. */
  readonly appendDenial: (at: Stage, refusal: Refusal) => Promise<RecordPosition>

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
