import { openInBoth } from '../detection.ts'
import { limits } from '../limits.ts'
import { ByteWindow } from './byte-window.ts'
import type { CellReader } from './cell-reader.ts'
import type { DeltaPiece } from './delta-pieces.ts'
import { type Escapes, FoldedText } from './fold.ts'
import { JsonText } from './json-text.ts'
import type { Edit } from './merged-edits.ts'
import type { Place, RawCell } from './raw-cell.ts'
import { contextBytes, Roll } from './roll.ts'
import { sameOffset } from './telling.ts'
import { traitsOf } from './traits.ts'
import { escapeText } from './write-text.ts'

/** Who holds pieces: how many of them are not settled yet, and what changes in them. */
export type PieceHolder = {
  waiting: number
  readonly edits: Edit[]
  /** Where in the body a byte of what is held stands. */
  readonly locate: (at: number) => number
}

type Piece = {
  readonly held: PieceHolder
  /** Where it stands in what is held, and in the channel. */
  readonly from: number
  readonly at: number
  readonly end: number
}

/** A piece of JSON text as it was unescaped: where it begins, and where each of its bytes comes from. */
type Decoded = { readonly at: number; readonly rawAt: number; readonly origin: Int32Array }

/** One text that comes in pieces. Offsets are of all of it, as it is written in the pieces. */
export class Channel {
  readonly #reader: CellReader
  readonly #roll: Roll
  readonly #window = new ByteWindow()
  /** Where the window begins, and up to where all is settled. */
  #base = 0
  #settled = 0
  readonly #pieces: Piece[] = []
  readonly #cell: RawCell
  readonly #folded = new FoldedText()
  /** Reads the text as JSON, as long as it is; undefined before its first character and when it is none. */
  #json: JsonText | undefined
  #begun = false
  readonly #decoded: Decoded[] = []

  #open: ReadonlySet<number> | undefined
  #lastOpen: ReadonlySet<number> | undefined
  /** Something came that was not read yet. */
  #unread = false
  /** As long as only a run goes on, it is not read again before so much of it is not settled. */
  #readsFrom = 0

  constructor(
    reader: CellReader,
    escapes: Escapes,
    { path, open }: { readonly path: string; readonly open: ReadonlySet<number> | undefined },
  ) {
    this.#reader = reader
    this.#roll = new Roll(reader)
    this.#open = open
    this.#lastOpen = open
    const covering = () => this.#open
    const place: Place = {
      path: () => path,
      get open() {
        return covering()
      },
    }
    const how = { kind: 'string', hint: 0, traits: 0, digits: 0, escapes } as const
    this.#cell = { bytes: new Uint8Array(0), from: 0, to: 0, ...how, place }
  }

  get #end(): number {
    return this.#base + this.#window.length
  }

  /** A piece of `payload`, and the places of rules that cover it. */
  add(
    held: PieceHolder,
    payload: Uint8Array,
    { from, to, open }: Pick<DeltaPiece, 'from' | 'to' | 'open'>,
  ): void {
    if (from === to) return
    // How it begins and what covers it is asked of what came before as it is settled.
    if (!this.#begun || open !== this.#lastOpen) this.read()
    this.#lastOpen = open
    this.#open = openInBoth(this.#reader.detection, this.#open, open)
    const at = this.#end
    this.#window.add(payload, from, to)
    this.#pieces.push({ held, from, at, end: this.#end })
    held.waiting += 1
    for (let place = from; place < to; place += 1) {
      const byte = payload[place] ?? 0
      const ofByte = traitsOf[byte] ?? 0
      this.#cell.traits |= ofByte & 0x7fff
      this.#cell.digits += ofByte & 1
      if (inRun[byte] === 0) this.#readsFrom = 0
    }
    this.#unread = true
    if (!this.#begun) this.#begin(payload, from, to)
    if (this.#json !== undefined) this.#goOn(this.#json, payload, from, to, at)
    else if (this.#end - this.#settled >= limits.channelReadBytes) this.read()
  }

  /** Settles what can be settled of all that came. Once for all the pieces of a chunk: each reading costs the same. */
  read(): void {
    const unsettled = this.#end - this.#settled
    if (!this.#unread || this.#json !== undefined) return
    // A run that went on and was not settled before is not settled by each of its characters.
    if (unsettled < Math.min(this.#readsFrom, limits.channelBytes)) return
    this.#located((at) => this.#locate(this.#base + at), { last: false })
    const left = this.#end - this.#settled
    this.#readsFrom = left < longRun ? 0 : left + left / 4
  }

  /** The text is complete. If more comes all the same, what is out only explains it. */
  end(): void {
    this.#json = undefined
    this.#decoded.length = 0
    this.#begun = false
    this.#located((at) => this.#locate(this.#base + at), { last: true })
  }

  #located(locate: (at: number) => number, how: { readonly last: boolean }): void {
    this.#reader.telling.locate = locate
    this.#settle(how)
    this.#reader.telling.locate = sameOffset
    this.#unread = false
  }

  /** Where in the body a byte of the channel stands. */
  #locate(at: number): number {
    const piece = this.#pieces[this.#pieceBehind(at)] ?? this.#pieces.at(-1)
    return piece === undefined ? at : piece.held.locate(piece.from + Math.max(0, at - piece.at))
  }

  /** The first piece that ends behind `at`. */
  #pieceBehind(at: number): number {
    let [from, to] = [0, this.#pieces.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#pieces[middle]?.end ?? 0) > at) to = middle
      else from = middle + 1
    }
    return from
  }

  /** What is not settled becomes a mark. */
  hide(): void {
    this.#readsFrom = 0
    this.read()
    if (this.#settled === this.#end) return
    this.#json = undefined
    this.#reader.telling.unsettled()
    this.#apply({ start: this.#settled, end: this.#end, text: hiddenTail })
    this.#settleTo(this.#end)
  }

  /** Tells by its first character whether the text may be JSON. */
  #begin(payload: Uint8Array, from: number, to: number): void {
    this.#folded.read(payload, from, to, this.#cell.escapes)
    const { bytes, length } = this.#folded
    let first = 0
    while (first < length && (bytes[first] ?? 0) <= 0x20) first += 1
    if (first === length) return
    this.#begun = true
    const json = bytes[first] === 0x7b || bytes[first] === 0x5b
    if (json && this.#settled === this.#end - (to - from)) {
      const open = () => this.#open
      this.#json = new JsonText(this.#reader, { windowBytes: limits.channelWindowBytes, open })
    }
  }

  #goOn(json: JsonText, payload: Uint8Array, from: number, to: number, at: number): void {
    this.#folded.read(payload, from, to, this.#cell.escapes)
    const { length } = this.#folded
    const origin = Int32Array.from({ length: length + 1 }, (_, n) => this.#folded.origin(n) - from)
    const last = this.#decoded.at(-1)
    const begin = last === undefined ? json.settled : last.at + last.origin.length - 1
    this.#decoded.push({ at: begin, rawAt: at, origin })
    // What is found in JSON is told where its piece begins: that it is there is what is counted.
    this.#reader.telling.locate = () => this.#locate(at)
    const goesOn = json.push(this.#folded.bytes.slice(0, length))
    this.#reader.telling.locate = sameOffset
    let edited = this.#settled
    for (const { start, end, text } of json.edits.splice(0)) {
      const written = escapeText(Buffer.from(text).toString(), this.#cell.escapes)
      const edit = { start: this.#raw(start), end: this.#raw(end), text: Buffer.from(written) }
      this.#apply(edit)
      edited = edit.end
    }
    this.#settleTo(this.#wordBegin(edited, this.#raw(json.settled)))
    const done = this.#decoded.findIndex(({ at, origin }) => at + origin.length > json.settled)
    this.#decoded.splice(0, done < 0 ? this.#decoded.length : done)
    if (goesOn) return
    this.#json = undefined
    this.#decoded.length = 0
    this.read()
  }

  /**
   * Where the digits begin that end the stretch: behind them may still come what is no JSON, and makes
   * them the begin of something else.
   */
  #wordBegin(from: number, to: number): number {
    const window = this.#window.bytes
    let at = to
    while (at > from && to - at < numberBytes && inNumber[window[at - 1 - this.#base] ?? 0] === 1) {
      at -= 1
    }
    return at
  }

  /** Where an unescaped byte comes from. */
  #raw(at: number): number {
    for (const { at: begin, rawAt, origin } of this.#decoded) {
      if (at < begin + origin.length - 1) return rawAt + (origin[Math.max(0, at - begin)] ?? 0)
    }
    return this.#end
  }

  #settle({ last }: { readonly last: boolean }): void {
    const cell = this.#cell
    cell.bytes = this.#window.bytes
    cell.to = this.#window.length
    const emitted = this.#settled - this.#base
    const full = cell.to - emitted >= limits.channelBytes
    const settled = this.#roll.settle(cell, emitted, { last, full })
    for (const { start, end, text } of this.#roll.edits) {
      this.#apply({ start: this.#base + start, end: this.#base + end, text })
    }
    this.#settleTo(this.#base + settled)
  }

  #settleTo(settled: number): void {
    this.#settled = settled
    let count = 0
    for (const { held, end } of this.#pieces) {
      if (end > settled) break
      held.waiting -= 1
      count += 1
    }
    this.#pieces.splice(0, count)
    const drop = settled - contextBytes - this.#base
    if (drop <= 0) return
    this.#window.drop(drop)
    this.#base += drop
  }

  /** The edit goes to the pieces it covers: its text to the first one. */
  #apply({ start, end, text }: Edit): void {
    let stand = text
    for (let which = this.#pieceBehind(start); which < this.#pieces.length; which += 1) {
      const piece = this.#pieces[which]
      if (piece === undefined || piece.at >= end) break
      const { held, from, at, end: pieceEnd } = piece
      const [first, last] = [Math.max(start, at), Math.min(end, pieceEnd)]
      held.edits.push({ start: from + first - at, end: from + last - at, text: stand })
      stand = nothing
    }
  }
}

const nothing: Uint8Array = new Uint8Array(0)
/** A run that waits for its end, and is longer than most words. */
const longRun = 256
const inRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\w+/=-]/.test(String.fromCharCode(byte)) && byte < 0x80 ? 1 : 0,
)
/** Longer numbers identify nobody. */
const numberBytes = 64
const inNumber = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\d\s.eE+-]/.test(String.fromCharCode(byte)) && byte < 0x80 ? 1 : 0,
)
const hiddenTail: Uint8Array = Buffer.from('[REDACTED:SECRET]')
