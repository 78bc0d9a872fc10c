/**
 * Bytes that are added behind and dropped in front, each copied a bounded number of times. What `bytes`
 * gave out is never written to again.
 */
export class ByteWindow {
  #buffer: Buffer = nothing
  #from = 0
  #to = 0

  get length(): number {
    return this.#to - this.#from
  }

  /** What it holds now. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to)
  }

  add(chunk: Uint8Array, from: number, to: number): void {
    if (from >= to) return
    if (this.#to + to - from > this.#buffer.length) this.#makeRoom(to - from)
    this.#buffer.set(chunk.subarray(from, to), this.#to)
    this.#to += to - from
  }

  /** The first `count` bytes are not needed any more. */
  drop(count: number): void {
    this.#from += count
    if (this.#from >= this.#to) this.clear()
  }

  clear(): void {
    this.#buffer = nothing
    this.#from = 0
    this.#to = 0
  }

  #makeRoom(bytes: number): void {
    const { length } = this
    const large = Buffer.allocUnsafe(2 * (length + bytes))
    large.set(this.bytes)
    this.#buffer = large
    this.#from = 0
    this.#to = length
  }
}

const nothing: Buffer = Buffer.alloc(0)
