import type { Splice } from '../splice.ts'
import { ByteWindow } from './byte-window.ts'
import type { CellReader } from './cell-reader.ts'
import { type Escapes, mustFold } from './fold.ts'
import type { Place, RawCell } from './raw-cell.ts'
import { contextBytes, Roll } from './roll.ts'

/** How one cell of a text is read. */
export type CellKind = { kind: RawCell['kind']; hint: number; escapes: Escapes; path: string }

/**
 * The cells of a text that streams by. One that begins in one chunk and ends in another is kept in
 * between; one longer than `bytesMax` is read window by window.
 */
export class TextCells {
  readonly #reader: CellReader
  readonly #out: Splice
  readonly #bytesMax: number
  readonly #cell: RawCell
  #path = '$'
  readonly #window = new ByteWindow()
  /** Where the chunk begins in the body, and the window. */
  chunkAt = 0
  #windowAt = 0
  /** How much of the window has gone out and only explains what follows. */
  #emitted = 0
  #roll: Roll

  constructor(reader: CellReader, out: Splice, bytesMax: number) {
    this.#reader = reader
    this.#out = out
    this.#bytesMax = bytesMax
    this.#roll = new Roll(reader)
    const place: Place = { path: () => this.#path, open: undefined }
    const how = { kind: 'line', hint: 0, traits: 0, digits: 0, escapes: 'none' } as const
    this.#cell = { bytes: nothing, from: 0, to: 0, ...how, place }
  }

  /** Whether a cell has begun that did not end yet. */
  get begun(): boolean {
    return this.#window.length > 0
  }

  /** Bytes kept of the cell that has begun. */
  get retained(): Buffer {
    return this.#window.bytes
  }

  /** `chunk[from, to)` belongs to the cell that has begun, or begins one. Its traits are those of all of it so far. */
  add(
    chunk: Uint8Array,
    from: number,
    to: number,
    how: CellKind & { readonly traits: number; readonly digits: number; readonly ends: boolean },
  ): void {
    const { ends } = how
    if (ends && this.#window.length === 0 && to - from <= this.#bytesMax) {
      this.#inPlace(chunk, from, to, how)
      return
    }
    if (this.#window.length === 0) this.#windowAt = this.chunkAt + from
    this.#window.add(chunk, from, to)
    while (this.#window.length - this.#emitted >= this.#bytesMax) {
      const cut = this.#emitted + this.#bytesMax
      this.#settle(how, characterEnd(this.#window.bytes, cut), { last: false })
    }
    if (!ends) return
    this.#settle(how, this.#window.length, { last: true })
    this.#window.clear()
    this.#emitted = 0
    this.#roll = new Roll(this.#reader)
  }

  #inPlace(
    chunk: Uint8Array,
    from: number,
    to: number,
    how: CellKind & { readonly traits: number; readonly digits: number },
  ): void {
    let at = from
    const folds = (how.traits & mustFold[how.escapes]) !== 0
    if (!folds && !this.#reader.mayFind(how.traits, how.digits, to - from, how.hint)) {
      this.#out.copy(from, to)
      return
    }
    this.#reader.telling.begin = this.chunkAt
    for (const { start, end, text } of this.#reader.read(this.#prepared(chunk, from, to, how))) {
      this.#out.copy(at, start)
      this.#out.write(text)
      at = end
    }
    this.#out.copy(at, to)
  }

  #settle(
    how: CellKind & { readonly traits: number; readonly digits: number },
    to: number,
    { last }: { readonly last: boolean },
  ): void {
    const window = this.#window.bytes
    const cell = this.#prepared(window, 0, to, how)
    this.#reader.telling.begin = this.#windowAt
    const settled = this.#roll.settle(cell, this.#emitted, { last, full: true })
    let at = this.#emitted
    for (const { start, end, text } of this.#roll.edits) {
      this.#out.write(window.subarray(at, start))
      this.#out.write(text)
      at = end
    }
    this.#out.write(window.subarray(at, settled))
    const keep = Math.max(0, settled - contextBytes)
    this.#window.drop(keep)
    this.#windowAt += keep
    this.#emitted = settled - keep
  }

  #prepared(
    bytes: Uint8Array,
    from: number,
    to: number,
    how: CellKind & { readonly traits: number; readonly digits: number },
  ): RawCell {
    const cell = this.#cell
    cell.bytes = bytes
    cell.from = from
    cell.to = to
    cell.kind = how.kind
    cell.hint = how.hint
    cell.escapes = how.escapes
    cell.traits = how.traits
    cell.digits = how.digits
    this.#path = how.path
    return cell
  }
}

const nothing: Uint8Array = new Uint8Array(0)

/** The last place up to `to` that is not within a character, a reference or a percent escape. */
function characterEnd(bytes: Uint8Array, to: number): number {
  let at = to
  while (at > 0 && at > to - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1
  for (let back = 1; back <= 12 && back < at; back += 1) {
    const byte = bytes[at - back]
    if (byte === 0x26 || (byte === 0x25 && back <= 2)) return at - back
    if (byte === 0x20 || byte === 0x3b) break
  }
  return at
}
