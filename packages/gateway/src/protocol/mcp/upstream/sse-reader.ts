import { Gathered } from '../message/gathered.ts'
import { Lines } from '../message/lines.ts'

/** One event of a `text/event-stream`. */
export type ServerEvent = {
  readonly data: Uint8Array
  /** Absent: `message`. */
  readonly type: string | undefined
}

/**
 * Reads a stream of server-sent events (WHATWG HTML section 9.2) in whatever pieces it comes. A line, and all lines of
 * data of one event, may be as long as `bytesMax`; after more `push` is false and nothing that follows counts.
 */
export class SseReader {
  readonly #onEvent: (event: ServerEvent) => void
  readonly #bytesMax: number
  readonly #lines: Lines
  #isFirst = true
  readonly #data = new Gathered()
  #hasData = false
  /** Of its lines as they came: those without anything in them cost as much as others. */
  #size = 0
  #type: string | undefined
  /** As stated last, for `Last-Event-ID`. */
  lastEventId: string | undefined
  /** Milliseconds before the stream is to be taken up again, as stated last. */
  retryMs: number | undefined

  constructor({
    onEvent,
    bytesMax,
  }: {
    readonly onEvent: (event: ServerEvent) => void
    readonly bytesMax: number
  }) {
    this.#onEvent = onEvent
    this.#bytesMax = bytesMax
    const onLine = (line: Uint8Array) => this.#line(line)
    this.#lines = new Lines({ onLine, bytesMax, endsAtReturn: true })
  }

  push(chunk: Uint8Array): boolean {
    return this.#lines.push(chunk) && this.#size <= this.#bytesMax
  }

  #line(received: Uint8Array): void {
    const line = this.#isFirst ? withoutMark(received) : received
    this.#isFirst = false
    if (line.length === 0) {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(0x3a)
    if (colon === 0) return
    const name = textOf(colon < 0 ? line : line.subarray(0, colon))
    const from = colon < 0 ? line.length : line[colon + 1] === 0x20 ? colon + 2 : colon + 1
    const value = line.subarray(from)
    if (name === 'data') {
      // Too long already: only counted, so that nothing of it is kept.
      this.#size += line.length
      if (this.#size > this.#bytesMax) return
      if (this.#hasData) this.#data.add(lineFeed)
      this.#data.add(value)
      this.#hasData = true
    } else if (name === 'event') this.#type = textOf(value)
    else if (name === 'id' && !value.includes(0)) this.lastEventId = textOf(value)
    else if (name === 'retry' && /^\d{1,9}$/.test(textOf(value))) {
      this.retryMs = Number(textOf(value))
    }
  }

  #dispatch(): void {
    if (this.#size > this.#bytesMax) return
    const data = this.#data.take()
    const type = this.#type
    this.#hasData = false
    this.#size = 0
    this.#type = undefined
    // Without data it only says an id (section 9.2.6).
    if (data.length > 0) this.#onEvent({ data, type })
  }
}

/** A byte order mark may stand before the first line. */
function withoutMark(line: Uint8Array): Uint8Array {
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

const lineFeed: Uint8Array = Uint8Array.of(0x0a)
