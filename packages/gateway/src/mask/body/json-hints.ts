import { hints, topicShift } from '../detect/hint-bits.ts'
import { hintOf } from '../detect/hints.ts'

/**
 * What the keys above a value say about it: its own key's word, an array's for all of its elements, for
 * `{"name":"password","value":…}` what the name says, and for `{"card":{"number":…}}` what the object is called.
 */
export class JsonHints {
  readonly #inherited: number[] = [0]
  readonly #paired: number[] = [0]
  /** What the name of an object says. */
  readonly #parents: number[] = [0]
  /** Names of pairs of which nobody has asked yet what they say: behind most there is no `value`. */
  readonly #unread: (NameText | undefined)[] = []
  #depth = 0
  /** Of the value that comes next. */
  next = 0
  #names = false

  reset(hint: number): void {
    this.#depth = 0
    this.#inherited[0] = hint
    this.#paired[0] = 0
    this.#parents[0] = 0
    this.#unread[0] = undefined
    this.next = hint
    this.#names = false
  }

  open(array: boolean): void {
    const inherited = array ? this.next : 0
    this.#depth += 1
    this.#parents[this.#depth] = array ? 0 : this.next
    this.#inherited[this.#depth] = inherited
    this.#paired[this.#depth] = 0
    this.#unread[this.#depth] = undefined
    this.next = inherited
    this.#names = false
  }

  close(): void {
    this.#depth -= 1
    this.#names = false
  }

  /** The next element of the array that is open. */
  element(): void {
    this.next = this.#inherited[this.#depth] ?? 0
  }

  /** Whether the next string may name what comes beside it. */
  get pairs(): boolean {
    return this.#names
  }

  /** An unescaped key. */
  key(bytes: Uint8Array, from: number, to: number): void {
    this.named({ word: pairWord(bytes, from, to), hint: hintOf(bytes, from, to) })
  }

  /** A key of which it is known what it says. */
  named({ word, hint }: NameSays): void {
    this.#names = word === naming
    this.next = hint
    if (word < valuing) return
    const paired = word === valuing ? this.#pairedAt(this.#depth) : 0
    const parent = (hint & hintBits) === 0 ? (this.#parents[this.#depth] ?? 0) : 0
    if (paired !== 0) this.next = paired
    else if (word === valuing) this.next = parent === 0 ? hint : parent
    else if ((parent & numbered) !== 0) this.next = parent
  }

  /** The text of the string that has just ended, which may name what comes beside it. Its bytes stay until the chunk ends. */
  string(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#names) return
    this.#names = false
    if (to - from <= nameBytes) this.#unread[this.#depth] = { bytes, from, to }
  }

  /** The bytes of strings will be gone. */
  chunkEnds(): void {
    for (let depth = 0; depth <= this.#depth; depth += 1) this.#pairedAt(depth)
  }

  #pairedAt(depth: number): number {
    const name = this.#unread[depth]
    if (name !== undefined) {
      this.#unread[depth] = undefined
      this.#paired[depth] = hintOf(name.bytes, name.from, name.to)
    }
    return this.#paired[depth] ?? 0
  }
}

type NameText = { readonly bytes: Uint8Array; readonly from: number; readonly to: number }

/** What a key says about its value: the hint, and whether it is half of a pair. */
export type NameSays = { readonly word: number; readonly hint: number }

/** A longer text is no name. */
const nameBytes = 64
export const naming = 1
export const valuing = 2
const numbering = 3

/** The bits of a hint, without its topic. */
const hintBits = (1 << topicShift) - 1
/** What is a number, or has one that is called `number`. */
const numbered =
  hints.card |
  hints.ssn |
  hints.nationalId |
  hints.phone |
  hints.bank |
  hints.passport |
  hints.medical |
  hints.other

/** Whether a key names a pair's name (`name`, `key`, `field`, `header`), its `value`, or only says `number`. */
export function pairWord(bytes: Uint8Array, from: number, to: number): number {
  const first = (bytes[from] ?? 0) | 0x20
  if (first !== 0x6e && first !== 0x6b && first !== 0x76 && first !== 0x66 && first !== 0x68)
    return 0
  switch (to - from) {
    case 2:
      return same(bytes, from, 'no') || same(bytes, from, 'nr') ? numbering : 0
    case 3:
      if (same(bytes, from, 'num')) return numbering
      return same(bytes, from, 'key') ? naming : 0
    case 4:
      return same(bytes, from, 'name') ? naming : 0
    case 5:
      if (same(bytes, from, 'value')) return valuing
      return same(bytes, from, 'field') ? naming : 0
    case 6:
      if (same(bytes, from, 'number')) return numbering
      return same(bytes, from, 'header') ? naming : 0
    default:
      return 0
  }
}

function same(bytes: Uint8Array, from: number, word: string): boolean {
  for (let i = 0; i < word.length; i += 1) {
    if (((bytes[from + i] ?? 0) | 0x20) !== word.charCodeAt(i)) return false
  }
  return true
}
