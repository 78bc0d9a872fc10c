import type { CellReader } from './cell-reader.ts'
import type { Edit } from './merged-edits.ts'
import type { RawCell } from './raw-cell.ts'

/**
 * Reads a text of which more is to come, or that is too long to be read at once. What is settled no
 * later text can make part of a value. A value of which the buffer cannot hold the end is hidden as far
 * as it goes, and what follows of it is swallowed.
 */
export class Roll {
  readonly #reader: CellReader
  /** What changes in the stretch settled last, ascending. */
  readonly edits: Edit[] = []
  /** In a private key, or in a run without blanks, whose end is still to come. */
  #swallowing: 'no' | 'key' | 'run' = 'no'
  /** What went out last is a mark, which stands for what follows of its value as well. */
  #endsInMark = false

  constructor(reader: CellReader) {
    this.#reader = reader
  }

  /**
   * Settles what it can of the cell from `emitted` on, and says where that ends. What the cell holds
   * before `emitted` has gone out, and only explains what follows. A buffer that is `full` is never
   * settled nowhere: whoever calls would read the same again and again.
   */
  settle(
    cell: RawCell,
    emitted: number,
    { last, full }: { readonly last: boolean; readonly full: boolean },
  ): number {
    this.edits.length = 0
    if (!this.#isReading) {
      const swallowed = this.#swallow(cell, emitted, last)
      // What is last is settled to its end, or it would be lost.
      const goesOn = last || swallowed === emitted
      return goesOn && this.#isReading ? this.#read(cell, swallowed, { last, full }) : swallowed
    }
    return this.#read(cell, emitted, { last, full })
  }

  get #isReading(): boolean {
    return this.#swallowing === 'no'
  }

  #read(
    cell: RawCell,
    emitted: number,
    { last, full }: { readonly last: boolean; readonly full: boolean },
  ): number {
    const edits = this.#reader.look(cell)
    const continues = this.#endsInMark
    let settled = last ? cell.to : Math.max(emitted, this.#reader.hold())
    for (let at = 0; at < edits.length; at += 1) {
      const edit = edits[at]
      if (edit === undefined || edit.end <= emitted) continue
      if (edit.start >= settled) break
      const start = Math.max(edit.start, emitted)
      if (edit.end > settled) settled = start
      else {
        const stands = edit.start < emitted && this.#endsInMark
        const whole = edit.start === start
        this.edits.push(whole ? edit : { start, end: edit.end, text: stands ? nothing : edit.text })
      }
    }
    if (settled > emitted) this.#endsInMark = this.edits.at(-1)?.end === settled
    if (last || settled > emitted || !full) {
      this.#tell(emitted, settled, continues)
      return settled
    }
    this.#tell(emitted, cell.to, continues)
    return this.#overflow(cell, emitted, edits[0])
  }

  /** Counts what is settled now: a text is read again until it is, and again where it explains what follows. */
  #tell(from: number, to: number, continues: boolean): void {
    const { told, telling } = this.#reader
    for (let at = 0; at < told.length; at += 1) {
      const one = told[at]
      if (one === undefined) continue
      const known = one.end <= from || (one.start < from && continues)
      if (!known && one.end <= to) telling.tell(one)
    }
  }

  /** Nothing could be settled of a whole buffer. Its tail is hidden rather than let out. */
  #overflow(cell: RawCell, emitted: number, found: Edit | undefined): number {
    const text = Buffer.from(cell.bytes.buffer, cell.bytes.byteOffset + emitted, cell.to - emitted)
    this.#swallowing = text.includes(keyBegin) ? 'key' : 'run'
    this.#endsInMark = true
    if (found === undefined) this.#reader.telling.unsettled()
    this.edits.push({ start: emitted, end: cell.to, text: found?.text ?? unknown })
    return cell.to
  }

  #swallow(cell: RawCell, emitted: number, last: boolean): number {
    const text = Buffer.from(cell.bytes.buffer, cell.bytes.byteOffset + emitted, cell.to - emitted)
    if (this.#swallowing === 'run') return this.#swallowRun(cell, emitted)
    const end = text.indexOf(keyEnd)
    if (end < 0) {
      const settled = last ? cell.to : Math.max(emitted, cell.to - keyEnd.length)
      this.edits.push({ start: emitted, end: settled, text: nothing })
      return settled
    }
    const dashes = text.indexOf('-----', end + keyEnd.length)
    const settled = emitted + (dashes < 0 ? end + keyEnd.length : dashes + 5)
    this.#swallowing = 'no'
    this.edits.push({ start: emitted, end: settled, text: nothing })
    return settled
  }

  /** To what ends a word in every way a cell may be written: never within an escape. */
  #swallowRun({ bytes, to }: RawCell, emitted: number): number {
    let settled = emitted
    while (settled < to && endsRun[bytes[settled] ?? 0] === 0) settled += 1
    if (settled < to) this.#swallowing = 'no'
    if (settled > emitted) this.edits.push({ start: emitted, end: settled, text: nothing })
    return settled
  }
}

/** So much before what is read explains it: words that say what a number is. */
export const contextBytes = 96

const keyBegin = '-----BEGIN'
const endsRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\s,<>]/.test(String.fromCharCode(byte)) && byte < 0x80 ? 1 : 0,
)
const keyEnd = '-----END'
const nothing: Uint8Array = new Uint8Array(0)
const unknown: Uint8Array = Buffer.from('[REDACTED:SECRET]')
