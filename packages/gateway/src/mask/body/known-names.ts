import { hintOf } from '../detect/hints.ts'
import { type NameSays, pairWord } from './json-hints.ts'
import { nameOf } from './json-trail.ts'

/** A key that is no value itself, and what it says. */
type KnownName = NameSays & { readonly bytes: Uint8Array; readonly name: string }

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

  /** A key without escapes in which nothing was found. */
  add(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > nameBytes) return
    const name = nameOf(bytes, from, to)
    // What may be about somebody is not remembered beyond its body.
    if (name === '*') return
    this.#places[placeOf(bytes, from, to)] = {
      bytes: Uint8Array.from(bytes.subarray(from, to)),
      name,
      word: pairWord(bytes, from, to),
      hint: hintOf(bytes, from, to),
    }
  }
}

const placesCount = 1_024
const nameBytes = 40

function placeOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 16_777_619)
  return (hash ^ (hash >>> 15)) & (placesCount - 1)
}
