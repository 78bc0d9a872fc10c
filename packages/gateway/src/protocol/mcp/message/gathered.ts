/**
 * Bytes that come in pieces, however small: a peer that sends them one by one makes neither an object nor a copy of
 * all before out of each. Whoever adds has a limit.
 */
export class Gathered {
  #buffer: Uint8Array = nothing
  length = 0

  /** Copied: a piece keeps the whole chunk alive that it was cut from. */
  add(piece: Uint8Array): void {
    const before = this.length
    this.length += piece.length
    if (this.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.length, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, before))
      this.#buffer = larger
    }
    this.#buffer.set(piece, before)
  }

  /** What came since the last time. It is never written to again. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.length)
    this.#buffer = nothing
    this.length = 0
    return bytes
  }
}

const nothing: Uint8Array = new Uint8Array(0)
