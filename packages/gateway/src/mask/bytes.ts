/** Bytes gathered across chunks up to a limit; beyond it they are forgotten and only that is known. */
export class Bytes {
  readonly #max: number
  #parts: Uint8Array[] = []
  length = 0
  overflown = false

  constructor(max: number) {
    this.#max = max
  }

  add(chunk: Uint8Array, from: number, to: number): void {
    if (this.overflown || from >= to) return
    this.length += to - from
    this.overflown = this.length > this.#max
    if (this.overflown) this.#parts = []
    // A copy: the chunk belongs to whoever pushed it, and is large beside what is kept of it.
    else this.#parts.push(chunk.slice(from, to))
  }

  take(): Buffer {
    return Buffer.concat(this.#parts)
  }

  clear(): void {
    if (this.length === 0) return
    this.#parts = []
    this.length = 0
    this.overflown = false
  }
}
