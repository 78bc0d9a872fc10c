import { Splice } from '../splice.ts'
import type { Change } from './inner-text.ts'

/** Collects what changes in a text that is read at once, rather than what goes out of it. */
export class ChangeList extends Splice {
  #changes: Change[] = []
  #pending: Uint8Array[] = []
  /** How far the text is settled. */
  #to = 0
  /** Where what is being read began in all of the text. */
  #base = 0
  #length = 0

  override begin(chunk: Uint8Array): void {
    this.#base += this.#length
    this.#length = chunk.length
  }

  override copy(from: number, to: number): void {
    if (from >= to) return
    this.#settle(this.#base + from)
    this.#to = this.#base + to
  }

  override write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pending.push(bytes)
  }

  override take(): Uint8Array {
    return nothing
  }

  /** All changes of the text that ends here; another may begin. */
  end(): readonly Change[] {
    this.#settle(this.#base + this.#length)
    const changes = this.#changes
    this.#changes = []
    this.#pending = []
    this.#to = 0
    this.#base = 0
    this.#length = 0
    return changes
  }

  #settle(at: number): void {
    if (this.#pending.length === 0 && at === this.#to) return
    this.#changes.push({ start: this.#to, end: at, text: Buffer.concat(this.#pending) })
    this.#pending = []
    this.#to = at
  }
}

const nothing: Uint8Array = new Uint8Array(0)
