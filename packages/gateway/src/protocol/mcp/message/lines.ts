import { Gathered } from './gathered.ts'

/**
 * Cuts bytes that come in pieces into lines, without their ends. A line may be as long as `bytesMax`; after a longer
 * one `push` is false and nothing that follows counts. Every byte is looked at once, however small the pieces.
 */
export class Lines {
  readonly #onLine: (line: Uint8Array) => void
  readonly #bytesMax: number
  readonly #endsAtReturn: boolean
  readonly #begun = new Gathered()
  #skipsLineFeed = false
  #isTooLong = false

  /** `endsAtReturn`: a carriage return ends a line too, alone or before a line feed. */
  constructor(given: {
    readonly onLine: (line: Uint8Array) => void
    readonly bytesMax: number
    readonly endsAtReturn: boolean
  }) {
    this.#onLine = given.onLine
    this.#bytesMax = given.bytesMax
    this.#endsAtReturn = given.endsAtReturn
  }

  push(chunk: Uint8Array): boolean {
    let from = 0
    if (this.#skipsLineFeed && chunk.length > 0) {
      this.#skipsLineFeed = false
      if (chunk[0] === lineFeed) from = 1
    }
    const endFrom = endsIn(chunk, this.#endsAtReturn)
    for (let end = endFrom(from); end < chunk.length; end = endFrom(from)) {
      if (!this.#end(chunk.subarray(from, end))) return false
      from = end + 1
      if (chunk[end] !== carriageReturn) continue
      if (from === chunk.length) this.#skipsLineFeed = true
      else if (chunk[from] === lineFeed) from += 1
    }
    this.#add(chunk.subarray(from))
    return !this.#isTooLong
  }

  /** The last piece of a line. */
  #end(piece: Uint8Array): boolean {
    if (this.#begun.length > 0) {
      this.#add(piece)
      if (this.#isTooLong) return false
      this.#onLine(this.#begun.take())
      return true
    }
    this.#isTooLong ||= piece.length > this.#bytesMax
    if (this.#isTooLong) return false
    this.#onLine(piece)
    return true
  }

  #add(piece: Uint8Array): void {
    if (piece.length === 0 || this.#isTooLong) return
    this.#isTooLong = this.#begun.length + piece.length > this.#bytesMax
    if (this.#isTooLong) this.#begun.take()
    else this.#begun.add(piece)
  }
}

/** Where the next line ends, or the chunk. Asked from the front to the back it looks at each byte once. */
function endsIn(chunk: Uint8Array, endsAtReturn: boolean): (from: number) => number {
  let feed = -1
  let back = endsAtReturn ? -1 : chunk.length
  const next = (known: number, byte: number, from: number) => {
    if (known >= from) return known
    const at = chunk.indexOf(byte, from)
    return at < 0 ? chunk.length : at
  }
  return (from) => {
    feed = next(feed, lineFeed, from)
    back = next(back, carriageReturn, from)
    return Math.min(feed, back)
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
