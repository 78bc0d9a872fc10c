import { hintOf } from '../detect/hints.ts'
import { type NameSays, pairWord } from './json-hints.ts'
import { nameOf } from './json-trail.ts'

/** A key that is no value itself, and what it says. */
export type KnownName = NameSays & {
  readonly bytes: Uint8Array
  readonly name: string
  readonly place: number
  /** Where the key stands that came behind it last. A place and no key, which would keep forgotten ones. */
  next: number
}

/**
 * What keys say that were met before: the same few names come with every record. A fixed number of
 * places, so that hostile keys only make each other forgotten. Holds no key that was found to be a value.
 */
export class KnownNames {
  readonly #places: (KnownName | undefined)[] = new Array<KnownName | undefined>(placesCount)

  /** Undefined: this key has to be looked at. */
  find(bytes: Uint8Array, from: number, to: number): KnownName | undefined {
    if (to - from > nameBytes) return undefined
    const known = this.#places[placeOf(bytes, from, to)]
    if (known === undefined || known.bytes.length !== to - from) return undefined
    const name = known.bytes
    for (let at = 0; at < name.length; at += 1) if (name[at] !== bytes[from + at]) return undefined
    return known
  }

  /** The key behind the opening quote at `from - 1`, if it is the one that came behind `last` before. */
  after(last: KnownName, bytes: Uint8Array, from: number, to: number): KnownName | undefined {
    const known = this.#places[last.next]
    if (known === undefined) return undefined
    const name = known.bytes
    const end = from + name.length
    if (end >= to || bytes[end] !== quote) return undefined
    for (let at = 0; at < name.length; at += 1) if (name[at] !== bytes[from + at]) return undefined
    return known
  }

  /** `name` came behind `last`. */
  follows(last: KnownName, name: KnownName): void {
    last.next = name.place
  }

  /** A key without escapes in which nothing was found. */
  add(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > nameBytes) return
    const name = nameOf(bytes, from, to)
    // What may be about somebody is not remembered beyond its body.
    if (name === '*') return
    const place = placeOf(bytes, from, to)
    this.#places[place] = {
      place,
      next: place,
      bytes: Uint8Array.from(bytes.subarray(from, to)),
      name,
      word: pairWord(bytes, from, to),
      hint: hintOf(bytes, from, to),
    }
  }
}

const placesCount = 1_024
const nameBytes = 40
const quote = 0x22

function placeOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 16_777_619)
  return (hash ^ (hash >>> 15)) & (placesCount - 1)
}
