/** Bytes gathered across chunks up to a limit; beyond it they are forgotten and only that is known. */
export class Bytes {
  readonly #max: number
  /** Grows by doubling: single bytes cost neither an object each nor a copy of all before them. */
  #buffer: Buffer = nothing
  length = 0
  overflown = false

  constructor(max: number) {
    this.#max = max
  }

  add(chunk: Uint8Array, from: number, to: number): void {
    if (this.overflown || from >= to) return
    const before = this.length
    this.length += to - from
    this.overflown = this.length > this.#max
    if (this.overflown) {
      this.#buffer = nothing
      return
    }
    if (this.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.length, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, before))
      this.#buffer = larger
    }
    // A copy: the chunk belongs to whoever pushed it, and is large beside what is kept of it.
    this.#buffer.set(chunk.subarray(from, to), before)
  }

  /** What was gathered; it is whose it was given to, and gathering begins anew. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.length)
    this.clear()
    return bytes
  }

  clear(): void {
    if (this.length === 0) return
    this.#buffer = nothing
    this.length = 0
    this.overflown = false
  }
}

const nothing: Buffer = Buffer.alloc(0)
