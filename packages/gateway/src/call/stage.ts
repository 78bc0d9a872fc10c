import type { Finding } from '../mask/plan.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import type { Connection } from '../model/connection.ts'
import type { Decision, PartyGrants } from '../model/decision.ts'
import type { Duties } from '../model/duty.ts'
import type { FunctionDefinition, McpMethod } from '../model/function.ts'
import type { Held } from '../model/function-hold.ts'
import type { GrantInUse } from '../model/grant.ts'
import type { JsonObject } from '../model/json.ts'
import type { Principal } from '../model/principal.ts'
import type { Arguments, MaskedArguments } from './arguments.ts'
import type { InForce } from './in-force.ts'
import type { RefusalCode } from './refusal.ts'

/**
 * A call grows one fact at a time: each stage is the one before it plus what that step learned. A
 * step takes only the stage the step before it returns, so leaving one out does not compile.
 */

export type Protocol = 'http' | 'mcp'
export type Chunk = Uint8Array

/** Proof of identity as presented. Compared and hashed, never logged. */
export type Proof =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'api-key'; readonly key: string }
  /** Of a call that the gateway kept and makes itself: who had proved to be its caller. Never read from a wire. */
  | { readonly kind: 'kept'; readonly principal: Principal }

/** What a protocol room hands to the pipeline. Nothing in it has been checked yet. */
export type Call = {
  readonly protocol: Protocol
  readonly proof: Proof | undefined
  readonly source: { readonly protocol: string; readonly ip: string }
  /** What an access token has to be meant for (RFC 8707), where the room says so; absent: as its issuer is configured. */
  readonly audience?: readonly string[]
  /** Scopes an access token has to carry, all of them (RFC 6749 section 3.3); an API key has a scope of its own. */
  readonly scopes?: readonly string[]
  /** The caller's own name for this conversation, when it gave one. */
  readonly sessionName: string | undefined
  /** The id of an approval the caller presents. */
  readonly approvalId: string | undefined
  /** How long the caller is willing to be held for an approval, milliseconds; absent: the gateway's default. */
  readonly waitMs: number | undefined
  /** What the caller asks people to allow; absent: exactly this call, once. */
  readonly clearanceTerms?: ClearanceTerms
  /** The caller comes back by itself: it is held only when it says for how long. */
  readonly respondAsync?: boolean
  /**
   * The caller cannot say which approval it means: a call that was approved before and never made is found by being
   * the identical one, by the identical parties.
   */
  readonly repeats?: boolean
  /** The gateway is to make this call by itself once people approve it; or only where its function is deferrable. */
  readonly deferred?: boolean | 'if-deferrable'
  /** Told when the call begins to wait for people, so that its room can tell the caller. */
  readonly onHeld?: (question: HeldQuestion) => void
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string | undefined
  /** Aborted when the caller leaves. */
  readonly signal: AbortSignal
  /**
   * Counts this call, until it is over, among those its parties have under way. Refuses `overloaded` when
   * one of them has as many as it may.
   */
  readonly admit: (parties: readonly string[]) => void
  /**
   * The room's reading of the wire against the rules in force: which function, which arguments.
   * Receives the body, within limits, the first time; asked again under other rules, reads the same bytes
   * by those. Refuses `function-unknown`, `request-malformed`, `request-too-large`.
   */
  readonly read: (rules: InForce) => Promise<Reading>
  /**
   * The call, once it was read, as bytes from which its room makes it again; without its proof. Undefined where
   * its body is not held.
   */
  readonly kept?: () => Uint8Array | undefined
}

/** The question that a call waits for. */
export type HeldQuestion = {
  /** Of the approval. */
  readonly id: string
  /** Whose yes is needed. */
  readonly groups: readonly string[]
  /** The gateway makes the call by itself. */
  readonly deferred: boolean
}

/** What will be sent to the upstream, before its credential is added. One member per protocol. */
export type Outbound = HttpOutbound | McpOutbound

export type HttpOutbound = {
  readonly protocol: 'http'
  readonly method: string
  /** Path and query below the upstream's origin. */
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
}

/**
 * One MCP request. Its answer is frames: JSON objects with one of `{"result":…}`, `{"error":…}`,
 * `{"method":"notifications/…","params":…}`, the last of which is a result or an error. A single frame has the media
 * type `application/json`; several are `application/x-ndjson`, a line each.
 */
export type McpOutbound = {
  readonly protocol: 'mcp'
  readonly method: McpMethod | 'resources/subscribe'
  /** One JSON object; without `_meta`, which is the hop's. */
  readonly params: Uint8Array
  /** No header of the caller's goes on. */
  readonly headers: readonly []
} & (
  | { readonly to: 'upstream'; readonly exchange: McpExchange }
  /** A request in the other direction, which the upstream's server made; the caller answers with one frame. */
  | { readonly to: 'caller'; readonly deliver: McpDeliver }
  /** A wish to hear when a resource changes: one frame says whether its server will say so. */
  | { readonly to: 'watch'; readonly watch: McpWatch }
)

/** What a caller that watches a resource wants, beside an answer. */
export type McpWatch = {
  /** As `McpExchange`: what is said to one caller is said in the conversation in which it calls. */
  readonly capabilities: JsonObject
  /** The server says that it has changed, or may have. */
  readonly onChanged: () => void
  /** Nothing more will be heard of it. */
  readonly onOver: () => void
  /** Aborted when nobody wants to hear of it any more; it outlives its call. */
  readonly until: AbortSignal
}

/** What an upstream may want of the caller while it is at one request. */
export type McpExchange = {
  /** `clientCapabilities` as the caller declared them. */
  readonly capabilities: JsonObject
  /** The caller wants to hear of its progress. */
  readonly wantsProgress: boolean
  /** The least severe log messages the caller wants (RFC 5424 words); absent: none were asked for. */
  readonly logLevel: string | undefined
  /** W3C `traceparent`, passed on in `_meta`. */
  readonly traceparent: string | undefined
  /** Answers to what the upstream had asked for with `input_required`, and its own state of that; governed already. */
  readonly resumed: McpResumed | undefined
  /**
   * An `input_required` result of the upstream's is passed on as any other result: its caller's room puts what it asks
   * to the caller, who comes back with answers (`resumed`). False: each of its requests is put to `ask`, and the request
   * is made again with the answers.
   */
  readonly takesInputRequired: boolean
  /**
   * Has a request of the upstream's governed as a call of its own and, if it may, answered by the caller. Resolves
   * with one frame: a refusal is an `error` frame. Never rejects.
   */
  readonly ask: (asked: McpAsked) => Promise<Uint8Array>
}

export type McpResumed = {
  /** `inputResponses`, one JSON object; absent: the caller only came back. */
  readonly inputResponses: Uint8Array | undefined
  /** As the upstream wrote it. */
  readonly requestState: string | undefined
}

export type McpAsked = {
  readonly connection: Connection
  readonly method: string
  readonly params: Uint8Array
  /** Aborted when the upstream does not want an answer any more. */
  readonly signal: AbortSignal
  /** The upstream's credential in every form it could be echoed in; absent where what it asks was looked through. */
  readonly echoes?: readonly Uint8Array[]
}

export type McpDeliver = (params: Uint8Array, signal: AbortSignal) => Promise<Raw>

export type Reading = {
  readonly fn: FunctionDefinition
  readonly connection: Connection
  readonly args: Arguments
  /** What is hidden in the arguments already, from everybody. */
  readonly hidden?: readonly Finding[]
  readonly outbound: Outbound
  /** The same request carrying these argument values instead; for arguments hidden from upstream or record. */
  readonly rewrite: (masked: MaskedArguments) => {
    readonly outbound: Outbound
    readonly bytes: Uint8Array
  }
}

type Then<Before, Name extends string, Learned = unknown> = Omit<Before, 'stage'> &
  Readonly<Learned> & { readonly stage: Name }

export type Accepted = {
  readonly stage: 'accepted'
  /** UUIDv7. */
  readonly id: string
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly call: Call
}
export type Identified = Then<Accepted, 'identified', { principal: Principal }>
/** `held`: the function waits for its owner, and why. `labels`: of the session, as policy sees it. */
export type Resolved = Then<
  Identified,
  'resolved',
  Reading & { rules: InForce; held: Held | undefined; labels: readonly string[] }
>
/** `decidedAt`: the moment policy was asked about, Unix milliseconds; what `context.time` was. */
export type Authorized = Then<
  Resolved,
  'authorized',
  { decision: Exclude<Decision, { effect: 'forbid' }>; decidedAt: number }
>
/**
 * `grants`: those of the decision that the call is made by. `fields`: the response fields they let through; absent
 * means all. `used`: the same grants, with where each stood. `stale`: those of them whose owner has to agree.
 */
export type Reviewed = Then<
  Authorized,
  'reviewed',
  {
    grants: readonly PartyGrants[]
    fields: readonly FieldScope[]
    used: readonly GrantInUse[]
    stale: readonly StaleGrant[]
  }
>
/** `group`: the approver group that stands for the owner. */
export type StaleGrant = { readonly grant: string; readonly owner: string; readonly group: string }
/** One party's allow-list of response fields. A result member must be inside every scope. */
export type FieldScope = readonly string[]
/** `recordedArgs` and `forwardedArgs`: what the record may keep of the arguments as received and as forwarded. */
export type Guarded = Then<
  Reviewed,
  'guarded',
  { argumentFindings: readonly Finding[]; forwardedArgs: Uint8Array; recordedArgs: Uint8Array }
>
/**
 * `duties`: of the rules with an object that it touches; `met` are those that went before and that people agreed to,
 * or that are only flagged. `grantsRevoked`: aborted when a grant it is made by is revoked; one for many calls. Who
 * forwards it gives up then, as if the caller had left.
 */
export type Approved = Then<
  Guarded,
  'approved',
  {
    approval: ApprovalUsed | undefined
    duties: Duties | undefined
    grantsRevoked: AbortSignal
  }
>
export type Recorded = Then<Approved, 'recorded', { intent: RecordPosition }>

/** The clearance that this call has claimed, and what it came of. */
export type ApprovalUsed = {
  /** Of the approval, or of the glass that was broken. */
  readonly id: string
  readonly clearance: string
  /** Who said yes. */
  readonly by: readonly string[]
  /** The groups whose approval it stands for. */
  readonly groups: readonly string[]
  /** Aborted when the clearance is revoked: the call is cut off, and what it has begun. */
  readonly revoked: AbortSignal
}

/** A durable record's place: `origin#index`. */
export type RecordPosition = { readonly origin: string; readonly index: number }

export type Stage =
  | Accepted
  | Identified
  | Resolved
  | Authorized
  | Reviewed
  | Guarded
  | Approved
  | Recorded

/** Not forwarded, and never will be if it ends here. */
export type Unforwarded = Exclude<Stage, Recorded>

/** What an upstream answered, in the only order it may be handled: raw, masked, then witnessed to its end. */
export type ReplyHead = {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** As the upstream wrote it, with its parameters; empty when it said nothing. */
  readonly mediaType: string
}
type Body<State extends string> = {
  readonly state: State
  readonly head: ReplyHead
  readonly body: AsyncIterable<Chunk>
}
/**
 * `fragment`: the upstream says that the body is only a part of the result. `stated`: which definition it says it has,
 * where it says so on the wire. `isClosed`: it is encoded in a way that its room does not open. `bytes`: so many are
 * to come, where that is said before.
 */
export type Raw = Body<'raw'> & {
  readonly fragment: boolean
  readonly bytes?: number
  readonly isClosed?: boolean
  readonly stated?: string
}
/** `findings`, `looked` and `received` are complete when the body has ended. */
export type Masked = Body<'masked'> & {
  readonly findings: () => readonly Finding[]
  readonly looked: () => Looked | undefined
  /** The result as received, kept for the record while it stayed within the payload limit. */
  readonly received: () => Uint8Array | undefined
}
export type Reply = Body<'witnessed'> & {
  readonly callId: string
  /** The newest record that was durable when the head was ready: the outcome of a short reply, the intent of a streamed one. */
  readonly record: RecordPosition
  /** Bytes in the body, where the whole of it is held; absent for a stream. */
  readonly length: number | undefined
  /** A review of a grant it was made by is due soon. */
  readonly review?: 'due-soon'
}

/** What looked for values in a result, by the digest of its patterns and rules, and for how long. Absent: nothing did. */
export type Looked = { readonly digest: string; readonly micros: number }

/** How a call that was forwarded ended. */
export type Outcome = {
  readonly ending: 'done' | 'aborted' | RefusalCode
  readonly head: ReplyHead | undefined
  readonly findings: readonly Finding[]
  readonly looked?: Looked | undefined
  /** Absent where it was too long to keep; `streamed` then commits to it. */
  readonly received: Uint8Array | undefined
  readonly returned: Uint8Array | undefined
  readonly streamed: StreamCommitment | undefined
}

/** Salted running commitment over a streamed result, so far. */
export type StreamCommitment = {
  readonly salt: Uint8Array
  readonly hmac: Uint8Array
  readonly bytes: number
}
