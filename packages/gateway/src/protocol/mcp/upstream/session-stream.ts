import { limits } from '../../../config/limits.ts'
import type { Credential } from '../../../model/secret.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { HttpLine } from './http-line.ts'
import type { HttpReceiver, HttpWire, Resume } from './post.ts'
import type { UnderWay } from './under-way.ts'

type StreamTerms = {
  readonly line: HttpLine
  /** Those of the session. */
  readonly headers: readonly string[]
  readonly credential: Credential
  readonly underWay: UnderWay
  /** It is over, and was not closed by whoever opened it. */
  readonly onOver: () => void
}

/**
 * The stream over which a server says what belongs to no request (2025-11-25, basic/transports, listening for
 * messages). Many servers ask callers over it. Where there is none, nothing is missed that was promised.
 */
export class SessionStream implements HttpReceiver {
  readonly #terms: StreamTerms
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  #http: HttpWire | undefined
  #wasOpen = false
  #isOver = false
  #attempts = 0
  #timer: NodeJS.Timeout | undefined

  constructor(terms: StreamTerms) {
    this.#terms = terms
    this.#open([])
  }

  /** Resolves when its server listens, or will not: what it says before that could be lost. */
  async opened(withinMs: number): Promise<void> {
    const late = setTimeout(() => this.#opened.resolve(), withinMs)
    await this.#opened.promise
    clearTimeout(late)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  close(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#http?.abort()
  }

  head(status: number): void {
    this.#opened.resolve()
    if (status === 200) this.#wasOpen = true
    else if (this.#wasOpen) this.#giveUp()
    // Most say 405: they have none.
    else this.close()
  }

  alive(): void {}

  message(message: UpstreamMessage): void {
    if (this.#isOver) return
    this.#attempts = 0
    // An answer belongs to the stream of its request.
    if (message.kind === 'result' || message.kind === 'error') return
    if (!this.#terms.underWay.take(message)) this.#giveUp()
  }

  end(resume: Resume | undefined): void {
    this.#opened.resolve()
    if (this.#isOver) return
    if (this.#attempts === limits.mcpResumptions) {
      this.#giveUp()
      return
    }
    this.#attempts += 1
    const waitMs = Math.min(resume?.retryMs ?? limits.mcpResumeMs, limits.mcpResumeMsMax)
    const from = resume === undefined ? [] : ['last-event-id', resume.lastEventId]
    this.#timer = setTimeout(() => this.#open(from), waitMs)
    this.#timer.unref()
  }

  fail(_refusal: unknown, _status: number | undefined, resume: Resume | undefined): void {
    this.end(resume)
  }

  #giveUp(): void {
    this.close()
    this.#terms.onOver()
  }

  #open(from: readonly string[]): void {
    const { line, headers, credential } = this.#terms
    this.#http = line.listen({ method: 'GET', headers: [...headers, ...from], credential }, this)
  }
}
