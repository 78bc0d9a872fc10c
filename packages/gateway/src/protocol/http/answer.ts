import type { Dispatcher } from 'undici'
import { Refusal } from '../../call/refusal.ts'
import type { Raw } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import { refusalFor } from '../upstream-failure.ts'
import { type AnswerHeaders, readHead } from './answer-head.ts'
import { type OpenOptions, openBody } from './content-coding.ts'

type Promised = {
  readonly resolve: (raw: Raw) => void
  readonly reject: (refusal: Refusal) => void
}
type Waiting = {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void
  readonly reject: (refusal: Refusal) => void
}

/**
 * One answer of an upstream, from undici's dispatch events to a body that is pulled. Keeps at most
 * `limits.queuedBodyBytes` and one read: the upstream is paused while the caller does not read. `return()`
 * lets go of the upstream whether or not anything was read.
 */
export class UpstreamAnswer implements Dispatcher.DispatchHandler, AsyncIterator<Uint8Array> {
  readonly #head: Promised
  readonly #read: Parameters<typeof readHead>[2]
  readonly #chunks: Uint8Array[] = []
  #queuedBytes = 0
  #announcements = 0
  #waiting: Waiting | undefined
  #controller: Dispatcher.DispatchController | undefined
  #state: 'requested' | 'answering' | 'ended' | 'failed' = 'requested'
  #failure: Refusal | undefined
  /** Called, perhaps again, when undici has let go of the request. */
  onOver: () => void = () => {}

  /** `hidden`: something of the result may be hidden, so no digest of it passes. */
  constructor(head: Promised, read: Parameters<typeof readHead>[2]) {
    this.#head = head
    this.#read = read
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure) controller.abort(this.#failure)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: AnswerHeaders,
  ): void {
    const read = status < 200 ? this.#announced() : readHead(status, headers, this.#read)
    if (read === undefined) return
    if ('problem' in read) {
      this.abandon(new Refusal('upstream-failed', { detail: read.problem }))
      return
    }
    this.#state = 'answering'
    const { codings, ...head } = read
    const body = { [Symbol.asyncIterator]: () => openBody(this, codings, opening) }
    this.#head.resolve({ state: 'raw', ...head, body })
  }

  /** Each of these starts the time until the head anew: without a bound they could go on for ever. */
  #announced(): { readonly problem: string } | undefined {
    this.#announcements += 1
    if (this.#announcements <= limits.upstreamAnnouncements) return undefined
    return { problem: 'It announced an answer without end.' }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#waiting) this.#hand({ value: chunk })
    else {
      this.#chunks.push(chunk)
      this.#queuedBytes += chunk.length
      if (this.#queuedBytes > limits.queuedBodyBytes) controller.pause()
    }
  }

  onResponseEnd(): void {
    this.#state = 'ended'
    this.onOver()
    this.#hand({ done: true, value: undefined })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const answering = this.#state === 'answering'
    this.#fail(error instanceof Refusal ? error : refusalFor(error, { answering }))
    this.onOver()
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#queuedBytes > 0) return Promise.resolve({ value: this.#takeQueued() })
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** All at once: an upstream that sends single bytes costs nobody a step, or an object, for each. */
  #takeQueued(): Uint8Array {
    const [only = nothing] = this.#chunks
    const value = this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks)
    this.#chunks.length = 0
    this.#queuedBytes = 0
    if (this.#controller?.paused) this.#controller.resume()
    return value
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks.length = 0
    this.#queuedBytes = 0
    this.abandon(new Refusal('caller-left'))
    return { done: true, value: undefined }
  }

  /** Lets go of the upstream, for this reason, unless it is over already. */
  abandon(refusal: Refusal): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    this.#fail(refusal)
    this.#controller?.abort(refusal)
  }

  #fail(refusal: Refusal): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    this.#state = 'failed'
    this.#failure = refusal
    this.#head.reject(refusal)
    this.#waiting?.reject(refusal)
    this.#waiting = undefined
  }

  #hand(result: IteratorResult<Uint8Array>): void {
    this.#waiting?.resolve(result)
    this.#waiting = undefined
  }
}

const nothing: Uint8Array = new Uint8Array(0)

const opening: OpenOptions = {
  bytesMax: limits.streamedBodyBytes,
  refuse: (why, cause) => {
    const detail =
      why === 'long'
        ? 'It is compressed, and more comes of it than may be opened.'
        : 'It is not what its Content-Encoding says, so it could not be read.'
    return new Refusal('result-withheld', { detail, cause })
  },
}
