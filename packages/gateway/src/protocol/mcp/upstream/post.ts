import type { Dispatcher, Pool } from 'undici'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import { refusalFor } from '../../upstream-failure.ts'
import { Gathered } from '../message/gathered.ts'
import {
  readUpstreamBatch,
  readUpstreamMessage,
  type UpstreamMessage,
} from '../message/upstream-message.ts'
import { SseReader } from './sse-reader.ts'

export type HttpRequest = {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Uint8Array | undefined
  /** Revision 2025-03-26: several messages may stand in one array. */
  readonly takesBatches: boolean
}

/** What is told of one answer, in this order: `head`, any of the middle ones, then `end` or `fail`, once. */
export type HttpReceiver = {
  readonly head: (status: number, headers: Headers) => void
  /** Bytes came. */
  readonly alive: () => void
  readonly message: (message: UpstreamMessage) => void
  /** The answer ended as it should. `resume`: of a stream of events, where it could be taken up again. */
  readonly end: (resume: Resume | undefined) => void
  /** `status`: of an answer that was none of MCP. */
  readonly fail: (refusal: Refusal, status: number | undefined, resume: Resume | undefined) => void
}

export type Resume = { readonly lastEventId: string; readonly retryMs: number | undefined }

type Headers = Readonly<Record<string, string | string[] | undefined>>

export type HttpWire = {
  readonly pause: () => void
  readonly resume: () => void
  /** Lets go of the connection; nothing more is told. */
  readonly abort: () => void
}

/**
 * One request over HTTP and the messages that come back, as one JSON text or as a stream of events. Nothing is sent
 * twice, no redirect is followed. No time is kept here; whoever asks decides how long is too long.
 */
export function send(pool: Pool, request: HttpRequest, receiver: HttpReceiver): HttpWire {
  const answer = new HttpAnswer(receiver, request.takesBatches)
  const { method, path, headers, body } = request
  try {
    pool.dispatch({ method, path, headers: [...headers], body: body ?? null }, answer)
  } catch (cause) {
    queueMicrotask(() => answer.fail(new Refusal('upstream-failed', { cause })))
  }
  return answer
}

class HttpAnswer implements Dispatcher.DispatchHandler, HttpWire {
  readonly #receiver: HttpReceiver
  readonly #takesBatches: boolean
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #announcements = 0
  #reads: 'nothing' | 'json' | 'events' = 'nothing'
  #events: SseReader | undefined
  readonly #body = new Gathered()
  /** Of the answer; of an event stream, since its last message. */
  #size = 0
  #isOver = false

  constructor(receiver: HttpReceiver, takesBatches: boolean) {
    this.#receiver = receiver
    this.#takesBatches = takesBatches
  }

  pause = (): void => {
    if (!this.#isOver) this.#controller?.pause()
  }

  resume = (): void => {
    if (this.#controller?.paused) this.#controller.resume()
  }

  abort = (): void => {
    if (this.#isOver) return
    this.#isOver = true
    this.#controller?.abort(new Refusal('caller-left'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(new Refusal('caller-left'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    if (this.#isOver) return
    if (status < 200) {
      this.#announcements += 1
      if (this.#announcements > limits.upstreamAnnouncements) this.#break(noAnswer)
      return
    }
    this.#status = status
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      this.#break(encoded)
      return
    }
    this.#receiver.head(status, headers)
    if (this.#isOver) return
    const type = essenceOf(headers['content-type'])
    if (type === 'text/event-stream' && status === 200) this.#readEvents()
    else if (type === 'application/json') this.#reads = 'json'
  }

  #readEvents(): void {
    this.#reads = 'events'
    this.#events = new SseReader({
      bytesMax: limits.mcpFrameBytes,
      onEvent: ({ data, type }) => {
        if (type !== undefined && type !== 'message') return
        this.#size = 0
        this.#read(data)
      },
    })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#receiver.alive()
    this.#size += chunk.length
    if (this.#events) {
      // Comments, and events of other kinds, are no messages however many they are.
      const isNoise = this.#size > limits.mcpFrameBytes + limits.mcpStreamNoiseBytes
      if (isNoise) this.#break(noise)
      else if (!this.#events.push(chunk)) this.#break(tooLong)
      return
    }
    if (this.#size > limits.mcpFrameBytes) this.#break(tooLong)
    else if (this.#reads === 'json') this.#body.add(chunk)
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    if (this.#reads === 'json') this.#read(this.#body.take())
    // What was read may have been no message, or the last that was waited for.
    if (this.#isOver) return
    this.#isOver = true
    this.#receiver.end(this.#resume())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error instanceof Refusal ? error : refusalFor(error, { answering: this.#status > 0 }))
  }

  fail(refusal: Refusal): void {
    if (this.#isOver) return
    this.#isOver = true
    const status = this.#status > 0 ? this.#status : undefined
    this.#receiver.fail(refusal, status, this.#resume())
  }

  #read(bytes: Uint8Array): void {
    if (this.#isOver) return
    const message = readUpstreamMessage(bytes)
    const messages = message ? [message] : this.#takesBatches ? readUpstreamBatch(bytes) : undefined
    // With another status the body may be anything; the status is what counts.
    if (messages === undefined) {
      this.#status === 200 ? this.#break(notMcp) : undefined
      return
    }
    for (const one of messages) if (!this.#isOver) this.#receiver.message(one)
  }

  #break(detail: string): void {
    const controller = this.#controller
    this.fail(new Refusal('upstream-failed', { detail }))
    controller?.abort(new Refusal('upstream-failed', { detail }))
  }

  #resume(): Resume | undefined {
    const { lastEventId, retryMs } = this.#events ?? {}
    return lastEventId === undefined || lastEventId === '' ? undefined : { lastEventId, retryMs }
  }
}

function essenceOf(contentType: string | string[] | undefined): string {
  if (typeof contentType !== 'string') return ''
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

const noAnswer = 'It announced an answer without end.'
const encoded = 'It encoded its answer although asked not to.'
const tooLong = `It sent a message of more than ${limits.mcpFrameBytes} bytes.`
const noise = 'It sent an event stream that holds no message.'
const notMcp = 'It sent something that is not a message of MCP.'
