/** Collects what goes out for one chunk: stretches of the chunk itself, and what replaces the rest. */
export class Splice {
  #chunk: Uint8Array = nothing
  /** The stretch of the chunk that goes out next, and may still grow. */
  #from = 0
  #to = 0
  /** What goes out before that. Nothing is written here before something changes. */
  #out: Uint8Array = nothing
  #length = 0

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
    this.#put(bytes, 0, bytes.length)
  }

  /** All that was collected: a part of the chunk itself where that is one stretch and nothing was written. */
  take(): Uint8Array {
    if (this.#length === 0) {
      const [from, to] = [this.#from, this.#to]
      this.#from = to
      return to - from === this.#chunk.length ? this.#chunk : this.#chunk.subarray(from, to)
    }
    this.#flush()
    const out = this.#out.subarray(0, this.#length)
    this.#out = nothing
    this.#length = 0
    return out
  }

  #flush(): void {
    if (this.#to > this.#from) this.#put(this.#chunk, this.#from, this.#to)
    this.#from = this.#to
  }

  #put(bytes: Uint8Array, from: number, to: number): void {
    const end = this.#length + to - from
    if (end > this.#out.length) this.#grow(end)
    const out = this.#out
    if (to - from > shortBytes) out.set(bytes.subarray(from, to), this.#length)
    else {
      let next = this.#length
      for (let place = from; place < to; place += 1) out[next++] = bytes[place] ?? 0
    }
    this.#length = end
  }

  /** Most marks are about as long as what they stand for, so the first room is mostly the last. */
  #grow(least: number): void {
    const before = this.#out
    const room = before.length === 0 ? this.#chunk.length + leastRoom : 2 * before.length
    this.#out = Buffer.allocUnsafe(Math.max(room, least))
    this.#out.set(before.subarray(0, this.#length))
  }
}

/** So few bytes are copied sooner than a copy of them is begun. */
const shortBytes = 96
const leastRoom = 1_024
const nothing: Uint8Array = new Uint8Array(0)
