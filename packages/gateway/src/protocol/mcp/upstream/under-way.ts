import { limits } from '../../../config/limits.ts'
import { isJsonObject } from '../../../model/json.ts'
import { composeAnswer } from '../message/compose.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { Receiver, UpstreamRequest } from './conversation.ts'

/**
 * The requests that are under way in one conversation, and to which of them belongs what its server says without
 * saying to which: over the pipes of a child, or over the stream of a session.
 */
export class UnderWay {
  /** By id, the newest last. */
  readonly #receivers = new Map<number, Receiver>()
  /** Of these, those that hear of changes only: what belongs to no request is not theirs. */
  readonly #streams = new Set<number>()
  readonly #isShared: boolean
  readonly #mayAsk: () => boolean
  readonly #answer: (message: Uint8Array) => void
  readonly #onNews: OnNews
  #strays = 0

  /**
   * `isShared`: of several callers, so that nothing may be taken for one of them. `mayAsk`: by its revision, as far as
   * it is known, the server may make requests of its own.
   */
  constructor({
    isShared,
    mayAsk,
    answer,
    onNews,
  }: {
    readonly isShared: boolean
    readonly mayAsk: () => boolean
    readonly answer: (message: Uint8Array) => void
    readonly onNews: OnNews
  }) {
    this.#isShared = isShared
    this.#mayAsk = mayAsk
    this.#answer = answer
    this.#onNews = onNews
  }

  /** Requests that have an answer. */
  get size(): number {
    return this.#receivers.size - this.#streams.size
  }

  add(id: number, receiver: Receiver, { stream }: Pick<UpstreamRequest, 'stream'>): void {
    this.#receivers.set(id, receiver)
    if (stream) this.#streams.add(id)
  }

  /** False: it was over already. */
  remove(id: number): boolean {
    this.#streams.delete(id)
    return this.#receivers.delete(id)
  }

  /** All of them, which are over from now on. */
  clear(): readonly Receiver[] {
    const all = [...this.#receivers.values()]
    this.#receivers.clear()
    this.#streams.clear()
    return all
  }

  /** Hands on one message. False when there were too many in a row that belonged to nobody. */
  take(message: UpstreamMessage): boolean {
    this.#strays += 1
    if (message.kind === 'request') this.#takeRequest(message)
    else this.#handOn(message)
    return this.#strays <= limits.mcpStrays
  }

  #handOn(message: Exclude<UpstreamMessage, { kind: 'request' }>): void {
    if (message.kind === 'result' || message.kind === 'error') {
      // An id that was answered already, was never given, or is of another type is nobody's.
      this.#giveTo(message.id, message)
    } else if (message.method === 'notifications/progress') {
      this.#giveTo(message.values.progressToken, message)
    } else if (this.#onNews(message)) this.#strays = 0
    else if (this.#streams.size > 0 && subscriptionOf(message) !== undefined) {
      this.#giveTo(subscriptionOf(message), message)
    } else if (message.method === 'notifications/cancelled') {
      for (const receiver of [...this.#receivers.values()]) receiver.take(message)
    } else this.#newest()?.take(message)
  }

  #giveTo(id: unknown, message: UpstreamMessage): void {
    const receiver = typeof id === 'number' ? this.#receivers.get(id) : undefined
    if (receiver === undefined) return
    if (typeof id === 'number' && !this.#streams.has(id)) this.#strays = 0
    receiver.take(message)
  }

  /** It belongs to no request that can be told, so only where all are of one caller is it anybody's. */
  #takeRequest(request: Extract<UpstreamMessage, { kind: 'request' }>): void {
    const newest = this.#newest()
    // Nobody's call is broken for it: whose it would be cannot be told.
    if (!this.#mayAsk()) this.#answer(composeAnswer(request.id, noRequests))
    else if (request.method === 'ping') this.#answer(composeAnswer(request.id, emptyResult))
    else if (newest === undefined) this.#answer(composeAnswer(request.id, nobodyThere))
    else newest.take(request)
  }

  #newest(): Receiver | undefined {
    if (this.#isShared) return undefined
    return [...this.#receivers].findLast(([id]) => !this.#streams.has(id))?.[1]
  }
}

type Notification = Extract<UpstreamMessage, { kind: 'notification' }>
/** Takes what a server says of changes; true where it was news to anybody. */
export type OnNews = (message: Notification) => boolean

/** 2026-07-28, basic/patterns/subscriptions: which stream it is of. */
function subscriptionOf({ values }: Notification): unknown {
  const meta = values._meta
  return isJsonObject(meta) ? meta['io.modelcontextprotocol/subscriptionId'] : undefined
}

const emptyResult: Uint8Array = Buffer.from('{"result":{}}')
const noRequests: Uint8Array = Buffer.from(
  '{"error":{"code":-32601,"message":"A server of this revision makes no requests."}}',
)
const nobodyThere: Uint8Array = Buffer.from(
  '{"error":{"code":-32601,"message":"Nobody is there who could be asked."}}',
)
