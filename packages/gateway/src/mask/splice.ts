/** Collects what goes out for one chunk: stretches of the chunk itself, and what replaces the rest. */
export class Splice {
  #chunk: Uint8Array = nothing
  #from = 0
  #to = 0
  readonly #parts: Uint8Array[] = []

  begin(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#from = 0
    this.#to = 0
  }

  /** `chunk[from..to)` goes out as it is. Neighbouring stretches become one. */
  copy(from: number, to: number): void {
    if (from >= to) return
    if (from !== this.#to) {
      this.#flush()
      this.#from = from
    }
    this.#to = to
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#flush()
    this.#parts.push(bytes)
  }

  /** All that was collected: the chunk itself when all of it was copied and nothing written. */
  take(): Uint8Array {
    const untouched = this.#parts.length === 0 && this.#to - this.#from === this.#chunk.length
    if (untouched) return this.#chunk
    this.#flush()
    const [only] = this.#parts
    const out = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts)
    this.#parts.length = 0
    return out
  }

  #flush(): void {
    if (this.#to > this.#from) this.#parts.push(this.#chunk.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
}

const nothing: Uint8Array = new Uint8Array(0)
