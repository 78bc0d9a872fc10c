import type { Refusal } from '../../../call/refusal.ts'
import type { McpResumed } from '../../../call/stage.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Credential } from '../../../model/secret.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { Watched, Watcher } from './watches.ts'

/**
 * What the gateway has with one server, over HTTP or over the pipes of a child process: requests go out, messages
 * come in. Who speaks in it is decided before (conversations.ts).
 */
export type Conversation = {
  /** `modern`: 2026-07-28, where each request stands for itself; `legacy`: after an `initialize`. */
  readonly era: 'modern' | 'legacy'
  readonly revision: string
  /** What the server said it can do, and what it says of itself. */
  readonly server: ServerSaid
  /** What its server was told for all that follows, by `logging/setLevel` (until 2025-11-25). */
  readonly told: { logLevel: string | undefined }
  /** Sends a request, once. Everything that is said about it goes to `receiver`, after this has returned. */
  readonly request: (request: UpstreamRequest, receiver: Receiver) => Wire
  /**
   * Asks its server to say when a resource changes. Rejects with a `Refusal`; the watcher hears nothing before it
   * resolves, and nothing after `onOver`.
   */
  readonly watch: (uri: string, credential: Credential, watcher: Watcher) => Promise<Watched>
  /** Whether its server is known to have ended it: then it has to be begun anew. */
  readonly isOver: () => boolean
  /** Whether a request is under way in it, or somebody has pinned it. */
  readonly isBusy: () => boolean
  /** It is busy until the returned function is called: a call may be between two requests. */
  readonly pin: () => () => void
  /** Whether anybody waits to hear of a resource in it. */
  readonly isWatched: () => boolean
  readonly close: () => Promise<void>
}

export type ServerSaid = {
  readonly capabilities: JsonObject
  readonly serverInfo: JsonObject | undefined
  readonly instructions: string | undefined
}

export type UpstreamRequest = {
  readonly method: string
  /** It stays open to hear of changes: it has no answer before its end, and none is waited for. */
  readonly stream?: 'lists' | 'resources'
  /** One JSON object, without `_meta`. */
  readonly params: Uint8Array
  /** What of `_meta` is not the transport's: progress, trace. */
  readonly wantsProgress: boolean
  readonly traceparent: string | undefined
  readonly logLevel: string | undefined
  /** Of the caller; 2026-07-28 says them with each request. */
  readonly capabilities: JsonObject
  readonly resumed: McpResumed | undefined
  readonly credential: Credential
  /** Of the call, for whoever reads both logs; absent: the gateway asks for itself. */
  readonly callId: string | undefined
  /** `Mcp-Param-…` (2026-07-28, Streamable HTTP). */
  readonly paramHeaders: readonly (readonly [name: string, value: string])[]
}

/** Whoever made a request. Nothing is called after `over`. */
export type Receiver = {
  /** Something came, if only a sign of life. */
  readonly alive: () => void
  readonly take: (message: UpstreamMessage) => void
  /** It cannot be answered any more. */
  readonly fail: (failure: UpstreamFailure) => void
}

export type UpstreamFailure = {
  readonly refusal: Refusal
  /** Of an answer over HTTP that was no answer of MCP. */
  readonly status?: number
  /** The session is not known to the server any more, so it has not looked at the request. */
  readonly sessionGone?: boolean
}

/** The way back to the server while one request is under way. */
export type Wire = {
  /** Its id, and its progress token. */
  readonly id: number
  /** Undefined where others would have to wait too. */
  readonly pause: (() => void) | undefined
  readonly resume: () => void
  /** Sends the answer to a request that its server made. */
  readonly answer: (message: Uint8Array) => void
  /** The answer came: nothing more is wanted. */
  readonly done: () => void
  /** Nobody wants the answer any more; its server is told. */
  readonly cancel: () => void
}
