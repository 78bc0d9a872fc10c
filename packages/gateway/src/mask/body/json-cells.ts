import type { Automaton, Node } from '../automaton.ts'
import { Bytes } from '../bytes.ts'
import { classes as theirClasses } from '../detect/classes.ts'
import { limits } from '../limits.ts'
import { MaskError } from '../plan.ts'
import { unescapeJson } from '../strategy.ts'
import { utf8 } from '../utf8.ts'
import { ByteWindow } from './byte-window.ts'
import type { CellReader } from './cell-reader.ts'
import type { CellSink } from './cell-sink.ts'
import { FoldedText } from './fold.ts'
import { JsonHints } from './json-hints.ts'
import { characterEnd, digitsOf } from './json-token.ts'
import { JsonTrail } from './json-trail.ts'
import type { KnownName } from './known-names.ts'
import type { Edit } from './merged-edits.ts'
import type { RawCell } from './raw-cell.ts'
import { contextBytes, Roll } from './roll.ts'
import { traits as theirTraits } from './traits.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const classes = theirClasses
const traits = theirTraits

export type TokenKind = 'string' | 'number' | 'key'

/**
 * The strings, numbers and keys of a JSON text that streams by, each read when it is complete. What
 * begins in one chunk and ends in another is kept in between; a string longer than that is read
 * window by window.
 */
export class JsonCells {
  readonly #reader: CellReader
  readonly #sink: CellSink
  readonly #hints = new JsonHints()
  readonly #trail = new JsonTrail()
  readonly #places: Automaton | undefined
  readonly #isPiece: ((path: string) => boolean) | undefined
  readonly #nodes: Node[] = []
  #depth = 0
  #place: Node | undefined
  readonly #index: number[] = []
  readonly #begun: Bytes
  readonly #windowBytes: number
  readonly #tokenBytes: number
  readonly #keyText = new FoldedText()
  readonly #cell: RawCell
  readonly #open: (() => ReadonlySet<number> | undefined) | undefined
  /** Where the cell stands that is read. */
  readonly #stands = {
    path: (): string => this.#trail.path(),
    open: undefined as ReadonlySet<number> | undefined,
  }
  /** The last key, where it was one that is known. */
  #lastName: KnownName | undefined
  readonly #asked = { traits: 0, digits: 0, hint: 0 }
  /** A string too long to be kept: its bytes that are not settled, and how many before them only explain. */
  #roll: Roll | undefined
  readonly #window = new ByteWindow()
  #emitted = 0

  constructor(options: {
    readonly reader: CellReader
    readonly places: Automaton | undefined
    /** Without places: those that cover all of the text. */
    readonly open?: () => ReadonlySet<number> | undefined
    readonly sink: CellSink
    /** Which strings are only pieces of a text, by their path, and are read elsewhere. */
    readonly isPiece?: ((path: string) => boolean) | undefined
    /** A longer string is read so much at once. */
    readonly windowBytes?: number
  }) {
    this.#reader = options.reader
    this.#places = options.places
    this.#place = options.places?.root
    this.#sink = options.sink
    this.#isPiece = options.isPiece
    this.#windowBytes = options.windowBytes ?? limits.windowBytes
    this.#tokenBytes = options.windowBytes ?? limits.tokenBytes
    this.#begun = new Bytes(Math.max(this.#tokenBytes, limits.windowBytes))
    this.#open = options.open
    this.#cell = {
      bytes: nothing,
      from: 0,
      to: 0,
      kind: 'string',
      hint: 0,
      traits: 0,
      digits: 0,
      escapes: 'json',
      place: this.#stands,
    }
  }

  /** Bytes kept from one chunk to the next. */
  get retainedBytes(): number {
    return this.#begun.length + this.#window.length
  }

  /** Another text begins. */
  reset(): void {
    this.#hints.reset(0)
    this.#trail.reset()
    this.#depth = 0
    this.#place = this.#places?.root
  }

  open(array: boolean): void {
    this.#hints.open(array)
    this.#trail.open(array)
    if (this.#places === undefined || this.#place === undefined) return
    this.#depth += 1
    this.#nodes[this.#depth] = this.#place
    this.#index[this.#depth] = 0
    if (array) this.#place = this.#places.element(this.#place, 0)
  }

  close(): void {
    this.#hints.close()
    this.#trail.close()
    if (this.#places !== undefined) this.#depth -= 1
  }

  /** The next element of an array. */
  element(): void {
    this.#hints.element()
    const node = this.#nodes[this.#depth]
    if (this.#places === undefined || node === undefined) return
    const index = (this.#index[this.#depth] ?? 0) + 1
    this.#index[this.#depth] = index
    this.#place = this.#places.element(node, index)
  }

  /** A chunk ends within a token that began in it at `from`, or before it. */
  suspend(chunk: Uint8Array, from: number, to: number, kind: TokenKind, seen: Seen): void {
    this.#sink.emit(from)
    this.#sink.hold(to)
    if (this.#roll === undefined && this.#begun.length + to - from <= this.#tokenBytes) {
      this.#begun.add(chunk, from, to)
      return
    }
    this.#rollOn(this.#roll ?? this.#beginRoll(kind, seen), chunk, from, to, seen)
  }

  /** What was kept of a string turns out to be too long to be read at once. */
  #beginRoll(kind: TokenKind, seen: Seen): Roll {
    if (kind !== 'string') throw new MaskError('A key or number is too long to be looked at.')
    const roll = new Roll(this.#reader)
    this.#roll = roll
    const begun = this.#begun.take()
    this.#rollOn(roll, begun, 0, begun.length, seen)
    return roll
  }

  /** The chunk will be gone; the keys that lead here are still needed. */
  chunkEnds(): void {
    this.#trail.chunkEnds()
    this.#hints.chunkEnds()
  }

  /** The key that begins at `from`, if it is the one that followed the last key before: see `JsonTokens`. */
  foretold(chunk: Uint8Array, from: number, to: number): number {
    const known = this.#lastName && this.#reader.names.after(this.#lastName, chunk, from + 1, to)
    if (known === undefined) return -1
    this.#named(known)
    return from + known.bytes.length + 2
  }

  /** A key that is whole in the chunk. Names of fields come again and again. */
  key(chunk: Uint8Array, from: number, to: number, seen: number): void {
    const { names } = this.#reader
    const known = this.#places === undefined ? names.find(chunk, from + 1, to - 1) : undefined
    if (known !== undefined) {
      if (this.#lastName !== undefined) names.follows(this.#lastName, known)
      this.#named(known)
      return
    }
    this.#lastName = undefined
    this.#whole(chunk, from, to, 'key', seen, digitsOf(chunk, from, to, seen))
  }

  #named(known: KnownName): void {
    this.#lastName = known
    this.#trail.named(known.name)
    this.#hints.named(known)
  }

  /** A string that is whole in the chunk. */
  string(chunk: Uint8Array, from: number, to: number, seen: number): void {
    const hints = this.#hints
    if (hints.pairs || this.#isPiece !== undefined || to - from > this.#windowBytes) {
      this.#whole(chunk, from, to, 'string', seen, digitsOf(chunk, from, to, seen))
      return
    }
    const digits = digitsOf(chunk, from, to, seen)
    const asked = this.#asked
    asked.traits = seen
    asked.digits = digits
    asked.hint = hints.next
    if (!this.#reader.mayFindIn(chunk, from + 1, to - 1, asked)) return
    this.#whole(chunk, from, to, 'string', seen, digits)
  }

  /** A number that is whole in the chunk. */
  number(chunk: Uint8Array, from: number, to: number): void {
    const hint = this.#hints.next
    if (hint === 0 && to - from < fewestDigits) return
    if (!this.#reader.mayBeNumber(chunk, from, to, hint)) return
    this.#whole(chunk, from, to, 'number', classes.digit, to - from)
  }

  /** A token ends before `to`; it began in the chunk at `from`, or before the chunk. */
  end(chunk: Uint8Array, from: number, to: number, kind: TokenKind, seen: Seen): void {
    const { length } = this.#begun
    if (this.#roll === undefined && length === 0) {
      this.#whole(chunk, from, to, kind, seen.traits, seen.digits)
      return
    }
    this.#sink.emit(from)
    this.#sink.hold(to)
    if (this.#roll !== undefined || length + to - from > this.#tokenBytes) {
      this.#rollOut(this.#roll ?? this.#beginRoll(kind, seen), chunk, from, to, seen)
      return
    }
    this.#begun.add(chunk, from, to)
    const token = this.#begun.take()
    this.#see(kind, seen.traits, seen.digits)
    this.#write(token, this.#read(token, 0, token.length, kind, { borrowed: false }))
  }

  #whole(
    chunk: Uint8Array,
    from: number,
    to: number,
    kind: TokenKind,
    seen: number,
    digits: number,
  ): void {
    if (to - from > this.#tokenBytes && kind === 'string') {
      this.#rollWithin(chunk, from + 1, to - 1, { traits: seen, digits })
      return
    }
    this.#see(kind, seen, digits)
    const edits = this.#read(chunk, from, to, kind, borrowed)
    for (let at = 0; at < edits.length; at += 1) {
      const edit = edits[at]
      if (edit === undefined) continue
      this.#sink.emit(edit.start)
      this.#sink.put(edit.text, edit.end - edit.start, edit.end)
    }
  }

  #see(kind: TokenKind, seen: number, digits: number): void {
    this.#cell.kind = kind
    this.#cell.traits = seen
    this.#cell.digits = digits
  }

  #read(
    bytes: Uint8Array,
    from: number,
    to: number,
    kind: TokenKind,
    { borrowed }: { readonly borrowed: boolean },
  ): readonly Edit[] {
    const cell = this.#cell
    cell.bytes = bytes
    cell.quoted = kind === 'string'
    this.#stands.open = this.#place?.open ?? this.#open?.()
    if (kind === 'number') {
      cell.from = from
      cell.to = to
      cell.hint = this.#hints.next
      cell.traits = classes.digit
      cell.digits = to - from
      return this.#reader.read(cell)
    }
    cell.from = from + 1
    cell.to = to - 1
    const escaped = (cell.traits & traits.backslash) !== 0
    if (kind === 'string') {
      cell.hint = this.#hints.next
      this.#hints.string(bytes, from + 1, to - 1)
      if (this.#isPiece?.(this.#trail.path()) === true) return noEdits
      return this.#reader.read(cell)
    }
    cell.hint = 0
    this.#trail.hiddenKey()
    const edits = this.#reader.read(cell)
    this.#key(bytes, from, to, { escaped, borrowed, hidden: edits.length > 0 })
    return edits
  }

  #key(
    bytes: Uint8Array,
    from: number,
    to: number,
    { escaped, borrowed, hidden }: { escaped: boolean; borrowed: boolean; hidden: boolean },
  ): void {
    if (hidden) this.#trail.hiddenKey()
    else if (borrowed) this.#trail.key(bytes, from + 1, to - 1)
    else this.#trail.keptKey(bytes, from + 1, to - 1)
    if (escaped) {
      this.#keyText.read(bytes, from + 1, to - 1, 'json')
      this.#hints.key(this.#keyText.bytes, 0, this.#keyText.length)
    } else {
      this.#hints.key(bytes, from + 1, to - 1)
      if (!this.#reader.foundAny) this.#reader.names.add(bytes, from + 1, to - 1)
    }
    const node = this.#nodes[this.#depth]
    if (this.#places === undefined || node === undefined) return
    this.#place = escaped
      ? this.#places.memberNamed(node, unescapeJson(utf8(bytes, from, to)))
      : this.#places.member(node, bytes, from + 1, to - 1)
  }

  /** A token that was kept, with what changes in it. */
  #write(token: Uint8Array, edits: readonly Edit[], from = 0, to = token.length): void {
    let at = from
    for (const { start, end, text } of edits) {
      if (start > at) this.#sink.kept(token.subarray(at, start))
      this.#sink.put(text, end - start)
      at = end
    }
    if (to > at) this.#sink.kept(token.subarray(at, to))
  }

  /** A string that is whole in the chunk, but too long to be read at once. */
  #rollWithin(chunk: Uint8Array, from: number, to: number, seen: Seen): void {
    const roll = new Roll(this.#reader)
    for (let at = from; at < to; ) {
      const end = characterEnd(chunk, at, Math.min(to, at + this.#windowBytes), seen.traits)
      const last = end >= to || to - at <= this.#windowBytes
      const cell = this.#windowCell(chunk, Math.max(from, at - contextBytes), last ? to : end, seen)
      const settled = roll.settle(cell, at, { last, full: true })
      for (const edit of roll.edits) {
        this.#sink.emit(edit.start)
        this.#sink.put(edit.text, edit.end - edit.start, edit.end)
      }
      at = settled
    }
  }

  /** More of a long string. The opening quote is the first byte of all. */
  #rollOn(roll: Roll, chunk: Uint8Array, from: number, to: number, seen: Seen): void {
    this.#window.add(chunk, from, to)
    while (this.#window.length - this.#emitted >= this.#windowBytes + contextBytes) {
      const cut = this.#emitted + this.#windowBytes
      const end = characterEnd(this.#window.bytes, this.#emitted, cut, seen.traits)
      this.#settle(roll, end, seen, { last: false })
    }
  }

  #rollOut(roll: Roll, chunk: Uint8Array, from: number, to: number, seen: Seen): void {
    this.#rollOn(roll, chunk, from, to, seen)
    this.#settle(roll, this.#window.length, seen, { last: true })
    this.#roll = undefined
    this.#window.clear()
    this.#emitted = 0
  }

  #settle(roll: Roll, to: number, seen: Seen, { last }: { readonly last: boolean }): void {
    const window = this.#window.bytes
    const before = this.#emitted
    const cell = this.#windowCell(window, 0, to, seen)
    const settled = roll.settle(cell, before, { last, full: true })
    this.#write(window, roll.edits, before, settled)
    const keep = Math.max(0, settled - contextBytes)
    this.#window.drop(keep)
    this.#emitted = settled - keep
  }

  #windowCell(bytes: Uint8Array, from: number, to: number, seen: Seen): RawCell {
    const cell = this.#cell
    this.#stands.open = this.#place?.open ?? this.#open?.()
    cell.bytes = bytes
    cell.from = from
    cell.to = to
    cell.kind = 'string'
    cell.quoted = false
    cell.hint = this.#hints.next
    cell.traits = seen.traits
    cell.digits = seen.digits
    return cell
  }
}

/** What a scanner saw of a string: see `JsonScanner`. */
export type Seen = { readonly traits: number; readonly digits: number }

const nothing: Uint8Array = new Uint8Array(0)
const noEdits: readonly Edit[] = []
const borrowed = { borrowed: true } as const
/** Shorter numbers are nobody's. */
const fewestDigits = 4
