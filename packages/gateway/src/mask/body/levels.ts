import { escapeMeanings as theirEscapeMeanings, hexDigits as theirHexDigits } from '../json-word.ts'
import { type Escapes, FoldedText } from './fold.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const escapeMeanings = theirEscapeMeanings
const hexDigits = theirHexDigits

/**
 * A cell as it was unescaped and folded, what was found escaped within that, and so on. One of these
 * serves cell after cell: a text is valid until another one takes its level.
 */
export class Levels {
  readonly #texts: FoldedText[] = []
  /** How the levels have to be written again, from the cell inwards. */
  readonly escapes: Escapes[] = []
  /** How many levels stand between the text that is read and the cell. */
  depth = 0
  /** Texts that were read, and how many of their levels were written in which way. */
  readonly #read: { readonly bytes: Uint8Array; readonly json: number; readonly url: number }[] = []

  /** Reads one level deeper. Every one that is opened is closed. */
  open(bytes: Uint8Array, from: number, to: number, escapes: Escapes): FoldedText {
    const text = this.#texts[this.depth] ?? new FoldedText()
    this.#texts[this.depth] = text
    text.read(bytes, from, to, escapes)
    this.textOf(bytes)?.joints.passOn(from, to, text)
    this.escapes[this.depth] = escapes
    this.depth += 1
    return text
  }

  /** The text of the level that is read, if these are its bytes. */
  textOf(bytes: Uint8Array): FoldedText | undefined {
    const text = this.depth > 0 ? this.#texts[this.depth - 1] : undefined
    return text?.bytes === bytes ? text : undefined
  }

  close(): void {
    this.depth -= 1
  }

  /** What is unescaped next stands elsewhere in the cell. */
  forget(): void {
    if (this.#read.length > 0) this.#read.length = 0
  }

  /**
   * Whether the text of the level last opened was read before, having been unescaped in another order. `mixed`: it is
   * one of a text in which escapes of two kinds stand.
   */
  isRead({ bytes, length }: FoldedText, { mixed }: { readonly mixed: boolean }): boolean {
    if (!mixed && this.#read.length === 0) return false
    const json = this.count('json')
    const url = this.count('url')
    for (const one of this.#read) {
      // It was unescaped further than this one would be.
      const further = one.json <= json && one.url <= url
      if (further && isSame(bytes, length, one.bytes, 0, one.bytes.length)) return true
    }
    this.#read.push({ bytes: bytes.slice(0, length), json, url })
    return false
  }

  /** The cell itself as it was unescaped. */
  get first(): FoldedText | undefined {
    return this.#texts[0]
  }

  /** How many levels of what is being read were written so. */
  count(escapes: Escapes): number {
    let count = 0
    for (let level = 0; level < this.depth; level += 1) {
      if (this.escapes[level] === escapes) count += 1
    }
    return count
  }

  /** Where in the cell a byte of the level comes from. */
  origin(at: number): number {
    let place = at
    for (let level = this.depth - 1; level >= 0; level -= 1) {
      place = this.#texts[level]?.origin(place) ?? place
    }
    return place
  }
}

/** Whether something may be written `\u0040`, `\t` or `%40` in it; `50%` and `C:\dir` say nothing else. */
export function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at + 1 < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (!isEscape(byte)) continue
    const next = bytes[at + 1] ?? 0
    if (byte === backslash && (next === letterU || escapeMeanings[next] !== 0)) return true
    const last = at + 2 < to ? (bytes[at + 2] ?? 0) : 0
    if (byte === percent && hexDigits[next] !== 0 && hexDigits[last] !== 0) return true
  }
  return false
}

/** Where words begin before `at` that say what is escaped behind it; never within an escape. */
export function explainingFrom(bytes: Uint8Array, from: number, at: number): number {
  let start = Math.max(from, at - explainingBytes)
  for (let back = 1; back < escapeBytes && start - back >= from; back += 1) {
    if (isEscape(bytes[start - back] ?? 0)) start -= back
  }
  return start
}

const backslash = 0x5c
const percent = 0x25
const letterU = 0x75
const isEscape = (byte: number): boolean => byte === backslash || byte === percent
/** `\u0041`; and each byte of the words may be written so. */
const escapeBytes = 6
const explainingBytes = 64 * escapeBytes

/** The first `length` bytes say what `source[from, to)` says. */
export function isSame(
  bytes: Uint8Array,
  length: number,
  source: Uint8Array,
  from: number,
  to: number,
): boolean {
  if (length !== to - from) return false
  for (let at = 0; at < length; at += 1) if (bytes[at] !== source[from + at]) return false
  return true
}
