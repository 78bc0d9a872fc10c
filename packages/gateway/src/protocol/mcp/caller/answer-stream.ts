import type { Limits } from '../../../config/limits.ts'
import {
  breakOff,
  drained,
  type HttpResponse,
  isGone,
  write,
  writeHead,
} from '../../door/response.ts'

export type AnswerStreamOptions = {
  readonly limits: Pick<
    Limits,
    'callerStallMs' | 'eventHeartbeatMs' | 'mcpReplayBytes' | 'mcpResumeGraceMs'
  >
  /** What the head of the stream says besides its type. */
  readonly headers: () => Readonly<Record<string, string>>
  /** The name that its events have in front, so that a caller whose connection broke can go on; absent: it cannot. */
  readonly resumableAs?: string | undefined
  /** The caller understands an event without data, which gives it an id to go on from (2025-11-25). */
  readonly isPrimed: boolean
}

/**
 * The event stream that answers one request (Streamable HTTP), from its first message to its answer. A caller that
 * reads slowly is waited for; one that takes nothing is cut off. Where a stream is resumable, a broken connection is
 * no farewell for a while: what was written is kept up to a bound, and what is more than that waits.
 */
export class AnswerStream {
  readonly #options: AnswerStreamOptions
  readonly #gone = new AbortController()
  #response: HttpResponse | undefined
  #isBegun = false
  #isEnded = false
  #kept: { readonly number: number; readonly bytes: Uint8Array }[] = []
  #keptBytes = 0
  /** How many events there were. */
  #count = 0
  /** Of them, how many were written to somebody. */
  #written = 0
  #isFull = false
  #isStopping = false
  #onChange: (() => void)[] = []
  #grace: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(response: HttpResponse, options: AnswerStreamOptions) {
    this.#options = options
    this.#attach(response)
  }

  /** Aborted when nobody will read the answer. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  get isBegun(): boolean {
    return this.#isBegun
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Sends the head, so that the caller knows that its request is being looked at. */
  begin(): void {
    if (this.#isBegun) return
    this.#isBegun = true
    this.#sendHead()
    // What a caller needs to go on if the connection breaks before the first message.
    const { resumableAs, isPrimed } = this.#options
    if (resumableAs !== undefined && isPrimed) this.#keep(new Uint8Array())
    this.#flush()
  }

  /** One JSON-RPC message, without line breaks. Resolves when more may come; at once when nobody reads any more. */
  async send(message: Uint8Array): Promise<void> {
    if (this.#isEnded) return
    this.begin()
    this.#keep(message)
    this.#flush()
    while (!this.#gone.signal.aborted && this.#mustWait()) await this.#changed()
  }

  /** After its last message. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#flush()
  }

  /** The caller has gone for good, or was told everything there is. */
  leave(): void {
    clearTimeout(this.#grace)
    clearInterval(this.#heartbeat)
    this.#kept = []
    this.#gone.abort(over)
    this.#change()
  }

  /** From here on nobody can come back: who is away has left. */
  stop(): void {
    this.#isStopping = true
    if (!this.#response) this.leave()
  }

  /** A new connection of the same caller, which has seen all events up to this number. False: they are not there. */
  resume(response: HttpResponse, seen: number): boolean {
    const first = this.#kept[0]?.number ?? this.#count + 1
    const { aborted } = this.#gone.signal
    if (aborted || !Number.isSafeInteger(seen) || seen + 1 < first || seen > this.#count) {
      return false
    }
    const before = this.#response
    this.#attach(response)
    if (before && !isGone(before)) breakOff(before)
    clearTimeout(this.#grace)
    this.#written = seen
    this.#sendHead()
    this.#flush()
    this.#change()
    return true
  }

  #attach(response: HttpResponse): void {
    this.#response = response
    response.on('timeout', () => breakOff(response))
    response.on('error', () => undefined)
    response.on('close', () => this.#detached(response))
    if (isGone(response)) this.#detached(response)
  }

  #detached(response: HttpResponse): void {
    if (this.#response !== response) return
    this.#response = undefined
    clearInterval(this.#heartbeat)
    const { resumableAs, limits } = this.#options
    if (resumableAs === undefined || !this.#isBegun || this.#isStopping) {
      this.leave()
      return
    }
    this.#grace = setTimeout(() => this.leave(), limits.mcpResumeGraceMs).unref()
    this.#change()
  }

  #sendHead(): void {
    const response = this.#response
    if (!response || isGone(response)) return
    writeHead(response, 200, { ...this.#options.headers(), ...eventHeaders })
    const beat = () => {
      if (!isGone(response) && response.writableLength === 0) write(response, stillThere)
    }
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(beat, this.#options.limits.eventHeartbeatMs).unref()
  }

  #keep(message: Uint8Array): void {
    const { resumableAs, limits } = this.#options
    this.#count++
    const id = resumableAs === undefined ? '' : `id: ${resumableAs}.${this.#count}\n`
    const bytes = Buffer.concat([Buffer.from(`${id}data: `), message, twoLines])
    this.#kept.push({ number: this.#count, bytes })
    this.#keptBytes += bytes.length
    for (
      let oldest = this.#kept[0];
      oldest && this.#keptBytes > limits.mcpReplayBytes && oldest.number <= this.#written;
      oldest = this.#kept[0]
    ) {
      this.#kept.shift()
      this.#keptBytes -= oldest.bytes.length
    }
  }

  /** Writes what nobody was written yet; the last of it ends the response. */
  #flush(): void {
    const response = this.#response
    if (!response || isGone(response) || response.writableEnded) return
    for (const { number, bytes } of this.#kept) {
      if (number <= this.#written) continue
      this.#written = number
      if (!write(response, bytes)) void this.#drain(response)
    }
    if (this.#options.resumableAs === undefined) {
      this.#kept = []
      this.#keptBytes = 0
    }
    if (!this.#isEnded) return
    clearInterval(this.#heartbeat)
    response.end()
    if (response.writableLength > 0) response.setTimeout(this.#options.limits.callerStallMs)
  }

  async #drain(response: HttpResponse): Promise<void> {
    if (this.#isFull) return
    this.#isFull = true
    await drained(response, this.#options.limits.callerStallMs)
    this.#isFull = false
    this.#change()
  }

  #mustWait(): boolean {
    const response = this.#response
    if (response) return this.#isFull
    return this.#keptBytes > this.#options.limits.mcpReplayBytes
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve))
  }

  #change(): void {
    const waiting = this.#onChange
    this.#onChange = []
    for (const resolve of waiting) resolve()
  }
}

const eventHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Proxies that gather answers would keep events from coming.
  'x-accel-buffering': 'no',
}

/** One for all streams: making an error for each would cost more than writing it did. */
const over = new Error('the stream is over')
const twoLines: Uint8Array = Buffer.from('\n\n')
const stillThere: Uint8Array = Buffer.from(': still there\n\n')
