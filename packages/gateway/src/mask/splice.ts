/** Collects what goes out for one chunk: stretches of the chunk itself, and what replaces the rest. */
export class Splice {
  #chunk: Uint8Array = nothing
  #from = 0
  #to = 0
  /** What goes out before that stretch: where in the chunk, or, from -1 on, the text that replaces it. */
  readonly #stretches: number[] = []
  readonly #texts: Uint8Array[] = []
  #count = 0
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
    this.#stretches[this.#count] = -1
    this.#count += 2
    this.#texts.push(bytes)
    this.#length += bytes.length
  }

  /** All that was collected: the chunk itself when all of it was copied and nothing written. */
  take(): Uint8Array {
    const untouched = this.#count === 0 && this.#to - this.#from === this.#chunk.length
    if (untouched) return this.#chunk
    this.#flush()
    const [only] = this.#texts
    const [from = 0, to = 0] = this.#stretches
    const out = this.#count > 2 ? this.#join() : this.#count < 2 ? nothing : only
    this.#count = 0
    this.#length = 0
    this.#texts.length = 0
    return out ?? this.#chunk.subarray(from, to)
  }

  #join(): Uint8Array {
    const out = Buffer.allocUnsafe(this.#length)
    let texts = 0
    let at = 0
    for (let index = 0; index < this.#count; index += 2) {
      const from = this.#stretches[index] ?? 0
      const text = from < 0 ? this.#texts[texts++] : undefined
      if (text === undefined)
        at = copied(this.#chunk, from, this.#stretches[index + 1] ?? 0, out, at)
      else at = copied(text, 0, text.length, out, at)
    }
    return out
  }

  #flush(): void {
    if (this.#to > this.#from) {
      this.#stretches[this.#count] = this.#from
      this.#stretches[this.#count + 1] = this.#to
      this.#count += 2
      this.#length += this.#to - this.#from
    }
    this.#from = this.#to
  }
}

/** Copies `bytes[from, to)`; returns where in `out` it ends. */
function copied(bytes: Uint8Array, from: number, to: number, out: Buffer, at: number): number {
  if (to - from > shortBytes) {
    out.set(bytes.subarray(from, to), at)
    return at + to - from
  }
  let next = at
  for (let place = from; place < to; place += 1) out[next++] = bytes[place] ?? 0
  return next
}

/** So few bytes are copied sooner than a copy of them is begun. */
const shortBytes = 96
const nothing: Uint8Array = new Uint8Array(0)
