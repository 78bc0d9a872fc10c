import type { Dispatcher } from 'undici'
import { Refusal, type RefusalCode } from '../../call/refusal.ts'
import type { Raw } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import { headersForCaller } from './header.ts'

type Promised = {
  readonly resolve: (raw: Raw) => void
  readonly reject: (refusal: Refusal) => void
}
type Waiting = {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void
  readonly reject: (refusal: Refusal) => void
}

/**
 * One answer of an upstream, from undici's dispatch events to a body that is pulled. Keeps at most a
 * few chunks: the upstream is paused while the caller does not read. `return()` lets go of the upstream
 * whether or not anything was read.
 */
export class UpstreamAnswer implements Dispatcher.DispatchHandler, AsyncIterator<Uint8Array> {
  readonly #head: Promised
  readonly #chunks: Uint8Array[] = []
  #queuedBytes = 0
  #waiting: Waiting | undefined
  #controller: Dispatcher.DispatchController | undefined
  #state: 'requested' | 'answering' | 'ended' | 'failed' = 'requested'
  #failure: Refusal | undefined
  onOver: () => void = () => {}

  constructor(head: Promised) {
    this.#head = head
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure) controller.abort(this.#failure)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      // Masking works on plain bytes; we asked for identity, and what we cannot open we do not pass.
      this.abandon(
        new Refusal('upstream-failed', { detail: 'It encoded its answer although asked not to.' }),
      )
      return
    }
    const contentType = headers['content-type']
    if (Array.isArray(contentType)) {
      // We would mask by one of them, and the caller could read by the other.
      this.abandon(new Refusal('upstream-failed', { detail: 'It named two content types.' }))
      return
    }
    this.#state = 'answering'
    this.#head.resolve({
      state: 'raw',
      head: {
        status,
        headers: headersForCaller(headers),
        mediaType: mediaTypeOf(contentType),
      },
      body: { [Symbol.asyncIterator]: () => this },
    })
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
    this.#fail(error instanceof Refusal ? error : refusalFor(error, this.#state))
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#chunks.shift()
    if (value) {
      this.#queuedBytes -= value.length
      if (this.#chunks.length === 0 && this.#controller?.paused) this.#controller.resume()
      return { value }
    }
    if (this.#failure) throw this.#failure
    if (this.#state === 'ended') return { done: true, value: undefined }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks.length = 0
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
    this.onOver()
    this.#head.reject(refusal)
    this.#waiting?.reject(refusal)
    this.#waiting = undefined
  }

  #hand(result: IteratorResult<Uint8Array>): void {
    this.#waiting?.resolve(result)
    this.#waiting = undefined
  }
}

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
const tooSlow = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** What the caller is told; undici's own error stays the private cause. */
function refusalFor(cause: Error & { code?: string }, state: string): Refusal {
  const { code = '' } = cause
  const known: RefusalCode = unreachable.has(code)
    ? 'upstream-unreachable'
    : tooSlow.has(code)
      ? 'upstream-timeout'
      : 'upstream-failed'
  const detail =
    state === 'answering'
      ? 'It broke off in the middle of its answer.'
      : known === 'upstream-failed'
        ? 'It closed the connection or answered something that is not HTTP.'
        : undefined
  return new Refusal(known, { ...(detail !== undefined && { detail }), cause })
}
