import { hintOf } from '../detect/hints.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { Splice } from '../splice.ts'
import type { CellReader } from './cell-reader.ts'
import { same } from './text-body.ts'
import { TextCells } from './text-cells.ts'
import { traitsOf } from './traits.ts'

/**
 * CSV (RFC 4180) and its kin, cell by cell; the first row may name the columns. Without a separator
 * given, the first of comma, semicolon, tab and bar that stands outside of quotes is the one.
 */
export function tableBody(reader: CellReader, separator?: number): Framing {
  const out = new Splice()
  const cells = new TextCells(reader, out, limits.windowBytes)
  let between = separator
  let traits = 0
  let digits = 0
  const columns = new Columns()
  /** In a quoted cell; `closed` after its second quote, which another one would undo. */
  let quoted: 'no' | 'open' | 'closed' = 'no'
  /** The chunk before ended with what may be the quote that closes the cell. */
  let heldQuote = false
  /** Of the cell being read: nothing of it was seen yet. */
  let fresh = true

  const add = (chunk: Uint8Array, from: number, to: number, ends: boolean) => {
    if (ends && columns.naming) columns.name(cells.retained, chunk.subarray(from, to))
    if (from < to || cells.begun) {
      const { hint, path } = columns
      const how = { kind: 'string', hint, escapes: 'table', path } as const
      cells.add(chunk, from, to, { ...how, traits, digits, ends })
    }
    if (!ends) return
    if (heldQuote) out.write(quoteMark)
    heldQuote = false
    traits = 0
    digits = 0
    quoted = 'no'
    fresh = true
  }
  const separates = (byte: number): boolean => {
    if (between !== undefined) return byte === between
    if (byte !== 0x2c && byte !== 0x3b && byte !== 0x09 && byte !== 0x7c) return false
    between = byte
    return true
  }
  return {
    push: (chunk) => {
      out.begin(chunk)
      let from = 0
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0
        if (columns.isMark(byte)) {
          out.copy(at, at + 1)
          from = at + 1
          continue
        }
        const inside = quoted === 'open'
        const rowEnds = !inside && (byte === 0x0a || byte === 0x0d)
        if (!rowEnds && (inside || !separates(byte))) {
          if (heldQuote) {
            heldQuote = false
            add(quoteMark, 0, 1, false)
          }
          if (byte === 0x22) {
            if (fresh) {
              // The quotes themselves are outside of the cell.
              out.copy(at, at + 1)
              from = at + 1
              quoted = 'open'
            } else if (quoted !== 'no') quoted = quoted === 'open' ? 'closed' : 'open'
          }
          const ofByte = traitsOf[byte] ?? 0
          traits |= ofByte
          digits += ofByte & 1
          fresh = false
          continue
        }
        const close = quoted === 'closed' && at > from && chunk[at - 1] === 0x22 ? at - 1 : at
        add(chunk, from, close, true)
        out.copy(close, at + 1)
        from = at + 1
        if (columns.next(rowEnds) === 'comment') between = separator
      }
      heldQuote ||= quoted === 'closed' && chunk.length > from && chunk.at(-1) === 0x22
      add(chunk, from, heldQuote ? Math.max(from, chunk.length - 1) : chunk.length, false)
      return same(out.take(), chunk)
    },
    end: () => {
      out.begin(nothing)
      add(nothing, 0, 0, true)
      return out.take()
    },
  }
}

const nothing: Uint8Array = new Uint8Array(0)
const quoteMark: Uint8Array = Uint8Array.of(0x22)

const byteOrderMark: Uint8Array = Uint8Array.of(0xef, 0xbb, 0xbf)

/** What columns are called, by the first row that is no blank line, comment or `sep=;`. */
class Columns {
  at = 0
  /** In the row that says so, or in one before it. */
  naming = true
  readonly #hints: number[] = []
  readonly #paths: string[] = []
  #row: 'names' | 'comment' | 'separator' = 'names'
  #first = ''
  /** Bytes of a byte order mark that came; all: none can come. */
  #marked = 0

  /** Whether the byte is one of a byte order mark, before everything else. */
  isMark(byte: number): boolean {
    const isNext = byte === byteOrderMark[this.#marked]
    this.#marked = isNext ? this.#marked + 1 : byteOrderMark.length
    return isNext
  }

  /** The path of the column's values, as the record names it. Those of the first columns are asked for in every row. */
  get path(): string {
    const known = this.#paths[this.at]
    if (known !== undefined) return known
    const path = `$[*][${this.at}]`
    if (this.at < pathsMax) this.#paths[this.at] = path
    return path
  }

  /** What is said of the values of the column. */
  get hint(): number {
    return this.naming ? 0 : (this.#hints[this.at] ?? 0)
  }

  /** The cell that ends in a row of names. */
  name(begun: Uint8Array, rest: Uint8Array): void {
    const text = Buffer.concat([begun, rest])
    if (this.at === 0) {
      this.#first = Buffer.from(text.subarray(0, firstBytes)).toString('latin1')
      // `#id` is a name, `# of all clients` is none.
      if (/^#[ #]/.test(this.#first)) this.#row = 'comment'
      else if (/^sep=.?$/i.test(this.#first)) this.#row = 'separator'
    }
    this.#hints[this.at] = hintOf(text, 0, text.length)
  }

  /** A cell, and with it a row perhaps, has ended; what the row was, if it did: a comma in a comment separates nothing. */
  next(rowEnds: boolean): 'names' | 'comment' | 'separator' | undefined {
    if (!rowEnds) {
      this.at += 1
      return undefined
    }
    const alone = this.at === 0
    this.at = 0
    if (!this.naming) return undefined
    const row = alone && this.#first.startsWith('#') ? 'comment' : this.#row
    this.naming = row !== 'names' || (alone && this.#first === '')
    this.#row = 'names'
    if (this.naming) this.#hints.length = 0
    return row
  }
}

/** Tables of people have fewer columns. */
const pathsMax = 64
/** So many bytes of a row tell what it is. */
const firstBytes = 8
