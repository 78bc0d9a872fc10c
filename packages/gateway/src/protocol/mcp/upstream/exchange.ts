import { Refusal } from '../../../call/refusal.ts'
import type { McpExchange, McpResumed, Raw } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { McpConnection } from '../../../model/connection.ts'
import { composeAnswer } from '../message/compose.ts'
import { type Ask, gatherInput, inputRequestsOf } from '../message/input-required.ts'
import { isLoudEnough } from '../message/log-level.ts'
import { rpcCodes } from '../message/problem.ts'
import type { MessageId, UpstreamMessage } from '../message/upstream-message.ts'
import type { Conversation, Receiver, UpstreamFailure, Wire } from './conversation.ts'

type Given = {
  readonly asked: Pick<
    McpExchange,
    'ask' | 'wantsProgress' | 'logLevel' | 'capabilities' | 'takesInputRequired'
  >
  readonly connection: McpConnection
  readonly era: Conversation['era']
  readonly method: string
  /** Between two signs of life, milliseconds. */
  readonly idleMs: number
  /** From here to the answer, whatever it reports on the way, milliseconds. */
  readonly requestMs: number
  /** Of the call: when any of them is aborted, its caller is gone. */
  readonly signals: readonly AbortSignal[]
  /** The upstream's credential in every form it could be echoed in. */
  readonly echoes: readonly Uint8Array[]
}

type Hooks = {
  /** Makes the same request again, with the answers that its upstream wants. */
  readonly again: (resumed: McpResumed) => void
  /** Told once: nothing is sent for it any more. */
  readonly over: () => void
}

/**
 * One request to an upstream, from its messages to frames that are pulled: see `McpOutbound` for what a frame is.
 * A single answer becomes one JSON frame; as soon as something comes before it, lines. Keeps at most
 * `limits.queuedBodyBytes` and one message. `return()` lets go of the upstream, whether or not anything was read.
 */
export class UpstreamExchange implements Receiver, AsyncIterator<Uint8Array> {
  readonly raw: Promise<Raw>
  readonly #given: Given
  readonly #hooks: Hooks
  readonly #whole: NodeJS.Timeout
  readonly #asks = new Map<MessageId, AbortController>()
  /** Withdrawn ones as well, until its caller has taken what it was told of them. */
  #untaken = 0
  readonly #chunks: Uint8Array[] = []
  #wire: Wire | undefined
  #resolve: (raw: Raw) => void = () => {}
  #reject: (refusal: Refusal) => void = () => {}
  #isLive: boolean | undefined
  #queuedBytes = 0
  #isPaused = false
  #messages = 0
  #rounds = 0
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined
  #failure: Refusal | undefined
  #isAnswered = false
  #idle: NodeJS.Timeout | undefined

  constructor(given: Given, hooks: Hooks) {
    this.#given = given
    this.#hooks = hooks
    this.raw = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever waits for it hears of it; nobody may be waiting yet.
    this.raw.catch(() => {})
    const late = () => this.abandon(new Refusal('upstream-timeout'))
    this.#whole = setTimeout(late, given.requestMs)
    for (const signal of given.signals) signal.addEventListener('abort', this.#giveUp)
    if (given.signals.some(({ aborted }) => aborted)) this.#giveUp()
    this.#watch()
  }

  get isOver(): boolean {
    return this.#isAnswered || this.#failure !== undefined
  }

  /** The request was sent, or sent anew: messages come over this one. */
  attach(wire: Wire): void {
    this.#wire = wire
    if (this.#failure) wire.cancel()
  }

  alive(): void {
    this.#idle?.refresh()
  }

  take(message: UpstreamMessage): void {
    if (this.isOver) return
    this.#messages += 1
    if (this.#messages > limits.mcpMessagesPerRequest) {
      this.#break(endless)
      return
    }
    this.alive()
    if (message.kind === 'result') this.#takeResult(message)
    else if (message.kind === 'error') this.#takeError(message)
    else if (message.kind === 'request') this.#takeRequest(message)
    else this.#takeNotification(message)
  }

  fail({ refusal }: UpstreamFailure): void {
    this.#end(refusal)
  }

  /** Lets go of the upstream, for this reason, unless it is over already. */
  abandon(refusal: Refusal): void {
    if (this.isOver) return
    this.#end(refusal)
    this.#wire?.cancel()
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#queuedBytes > 0) return Promise.resolve({ value: this.#takeQueued() })
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#isAnswered) return Promise.resolve({ done: true, value: undefined })
    this.#waiting ??= Promise.withResolvers()
    return this.#waiting.promise
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks.length = 0
    this.#queuedBytes = 0
    this.abandon(new Refusal('caller-left'))
    return { done: true, value: undefined }
  }

  #takeResult(message: Extract<UpstreamMessage, { kind: 'result' }>): void {
    // Of another request, or of none: an id of another type is another id.
    if (message.id !== this.#wire?.id) return
    const type = message.value.resultType ?? 'complete'
    if (type === 'complete') {
      this.#answer(frame('result', message.bytes), 200)
      return
    }
    const mayAsk = this.#given.era === 'modern' && askingMethods.has(this.#given.method)
    if (type !== 'input_required' || !mayAsk) {
      this.#break(unknownResult)
      return
    }
    if (this.#given.asked.takesInputRequired) {
      this.#answer(frame('result', message.bytes), 200)
      return
    }
    this.#gatherInput(message.bytes)
  }

  #takeError({ id, code, bytes }: Extract<UpstreamMessage, { kind: 'error' }>): void {
    if (id !== this.#wire?.id) return
    // Questions beside those that are governed: nobody is asked to open anything by an error.
    if (code === rpcCodes.urlElicitation) this.#break(askedByError)
    else this.#answer(frame('error', bytes), 500)
  }

  /** The caller cannot be asked to come back: what is wanted of it is asked now, and the request made again. */
  #gatherInput(result: Uint8Array): void {
    this.#rounds += 1
    const wanted = inputRequestsOf(result)
    if (wanted === undefined) {
      this.#break(unknownResult)
      return
    }
    if (this.#rounds > limits.mcpInputRounds) {
      this.#break(endless)
      return
    }
    const abort = new AbortController()
    // A server of this era makes no requests, so no id of one is the same.
    this.#asks.set('input_required', abort)
    this.#watch()
    this.#wire?.done()
    const ask: Ask = (request) => this.#ask(request, abort.signal)
    void gatherInput(wanted, ask).then((resumed) => {
      if (!this.#asks.delete('input_required') || this.isOver) return
      this.#watch()
      this.#hooks.again(resumed)
    })
  }

  #takeRequest(request: Extract<UpstreamMessage, { kind: 'request' }>): void {
    const { id, method } = request
    // 2026-07-28: a server makes no requests; what it wants stands in its result.
    if (this.#given.era === 'modern') {
      this.#break(ownRequest)
      return
    }
    if (this.#asks.has(id)) return
    const answer = (bytes: Uint8Array) => this.#wire?.answer(composeAnswer(id, bytes))
    if (method === 'ping') {
      answer(emptyResult)
      return
    }
    if (!askableMethods.has(method)) {
      answer(unknownMethod)
      return
    }
    if (this.#untaken >= limits.mcpAsksPerRequest) {
      answer(tooMany)
      return
    }
    const abort = new AbortController()
    this.#asks.set(id, abort)
    this.#watch()
    this.#untaken += 1
    void this.#ask(request, abort.signal).then((bytes) => {
      this.#untaken -= 1
      // It was withdrawn, or the call is over: nobody wants an answer.
      if (!this.#asks.delete(id) || this.isOver) return
      this.#watch()
      answer(bytes)
    })
  }

  /** Puts a request of the upstream's to the caller, as a call of its own. One frame; never rejects. */
  #ask(
    { method, params }: { readonly method: string; readonly params: Uint8Array },
    withdrawn: AbortSignal,
  ): Promise<Uint8Array> {
    const { asked, connection, signals, echoes } = this.#given
    const signal = AbortSignal.any([withdrawn, ...signals, AbortSignal.timeout(limits.mcpAskMs)])
    return asked.ask({ connection, method, params, signal, echoes })
  }

  #takeNotification({
    method,
    params,
    values,
  }: Extract<UpstreamMessage, { kind: 'notification' }>): void {
    const { asked, era } = this.#given
    if (method === 'notifications/progress') {
      if (asked.wantsProgress && values.progressToken === this.#wire?.id) {
        this.#notify(method, params)
      }
    } else if (method === 'notifications/message') {
      if (isLoudEnough(values.level, asked.logLevel)) this.#notify(method, params)
    } else if (method === 'notifications/cancelled' && era === 'legacy') {
      const id = values.requestId
      if (typeof id !== 'string' && typeof id !== 'number') return
      const withdrawn = this.#asks.get(id)
      this.#asks.delete(id)
      withdrawn?.abort()
      this.#watch()
    } else if (method === 'notifications/elicitation/complete') this.#notify(method, params)
  }

  #notify(method: string, params: Uint8Array): void {
    // Where it cannot be asked to wait, a slow caller misses what it is told on the way, never the answer.
    if (this.#queuedBytes > limits.queuedBodyBytes && !this.#wire?.pause) return
    this.#push(
      Buffer.concat([Buffer.from(`{"method":"${method}","params":`), params, closingBrace]),
    )
  }

  #answer(bytes: Uint8Array, status: number): void {
    if (this.#isLive === undefined) this.#begin({ live: false, status })
    this.#isAnswered = true
    this.#push(bytes)
    this.#over()
    this.#wire?.done()
  }

  #push(bytes: Uint8Array): void {
    if (this.#isLive === undefined) this.#begin({ live: true, status: 200 })
    const chunk = this.#isLive ? Buffer.concat([bytes, lineFeed]) : bytes
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ value: this.#takeQueued() })
    if (this.#queuedBytes > limits.queuedBodyBytes && !this.#isPaused && this.#wire?.pause) {
      this.#isPaused = true
      this.#wire.pause()
      this.#watch()
    }
  }

  #begin({ live, status }: { readonly live: boolean; readonly status: number }): void {
    this.#isLive = live
    const mediaType = live ? 'application/x-ndjson' : 'application/json'
    this.#resolve({
      state: 'raw',
      head: { status, headers: [], mediaType },
      fragment: false,
      body: { [Symbol.asyncIterator]: () => this },
    })
  }

  #takeQueued(): Uint8Array {
    const [only = nothing] = this.#chunks
    const value = this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks)
    this.#chunks.length = 0
    this.#queuedBytes = 0
    if (this.#isPaused) {
      this.#isPaused = false
      this.#wire?.resume()
      this.#watch()
    }
    return value
  }

  /** Silence counts while the upstream has something to say: not while it waits for the caller. */
  #watch(): void {
    clearTimeout(this.#idle)
    if (this.isOver || this.#asks.size > 0 || this.#isPaused) return
    const late = () => this.abandon(new Refusal('upstream-timeout'))
    this.#idle = setTimeout(late, this.#given.idleMs)
  }

  readonly #giveUp = (): void => this.abandon(new Refusal('caller-left'))

  #break(detail: string): void {
    this.abandon(new Refusal('upstream-failed', { detail }))
  }

  #end(refusal: Refusal): void {
    if (this.isOver) return
    this.#failure = refusal
    this.#over()
    this.#reject(refusal)
    this.#waiting?.reject(refusal)
    this.#waiting = undefined
  }

  #over(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#whole)
    for (const signal of this.#given.signals) signal.removeEventListener('abort', this.#giveUp)
    for (const ask of this.#asks.values()) ask.abort()
    this.#asks.clear()
    this.#hooks.over()
  }
}

/** `{"result":…}` or `{"error":…}`. */
function frame(member: 'result' | 'error', bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"${member}":`), bytes, closingBrace])
}

/** 2026-07-28, basic/patterns/mrtr: of these a server may ask for input first. */
const askingMethods: ReadonlySet<string> = new Set(['tools/call', 'resources/read', 'prompts/get'])
/** What a server may ask of a caller. */
export const askableMethods: ReadonlySet<string> = new Set([
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
])

const closingBrace: Uint8Array = Buffer.from('}')
const lineFeed: Uint8Array = Buffer.from('\n')
const nothing: Uint8Array = new Uint8Array(0)
const emptyResult: Uint8Array = Buffer.from('{"result":{}}')
const unknownMethod: Uint8Array = Buffer.from(
  '{"error":{"code":-32601,"message":"The gateway has no such method."}}',
)
const tooMany: Uint8Array = Buffer.from(
  '{"error":{"code":-32603,"message":"Too many requests wait for the caller."}}',
)
const endless = 'It sent messages without end.'
const unknownResult = 'It sent a result of a kind that it was not asked for.'
const askedByError = 'It asked the caller to open a page, in an error.'
const ownRequest = 'It made a request of its own in the middle of an answer.'
