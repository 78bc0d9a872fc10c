/** A sign of a text that may join the groups of a number, and may as well part two values. */
type Joint = { readonly at: number; readonly joining: number; readonly parting: number }

/**
 * The signs of one text of which nobody knows what they do: `4111•1111•1111•1111` is one value, and
 * `203.0.113.7•198.51.100.9` is two. The text has them as what joins, and is read once more with what parts in their
 * places. Many cells may stand in one text, so none is asked about those of another.
 */
export class Joints {
  /** In ascending order. */
  readonly #list: Joint[] = []

  clear(): void {
    while (this.#list.length > 0) this.#list.pop()
  }

  /** Behind all that were added before. */
  add(at: number, joining: number, parting: number): void {
    this.#list.push({ at, joining, parting })
  }

  /** A text that was read from `[from, to)` of this one has them too. */
  passOn(from: number, to: number, text: ReadText): void {
    const theirs = text.joints.#list
    const own = theirs.length
    this.#each(from, to, ({ at, joining, parting }) => {
      const place = firstFrom(at, text.length, (one) => text.origin(one))
      const isThere = text.origin(place) === at && text.bytes[place] === joining
      if (isThere) text.joints.add(place, joining, parting)
    })
    if (own > 0 && theirs.length > own) theirs.sort((one, other) => one.at - other.at)
  }

  /** Whether any stands in `[from, to)`. */
  stand(from: number, to: number): boolean {
    return (this.#list[this.#first(from)]?.at ?? to) < to
  }

  /** Writes those of `[from, to)` into their text. */
  write(bytes: Uint8Array, from: number, to: number, how: 'joining' | 'parting'): void {
    this.#each(from, to, (joint) => {
      bytes[joint.at] = joint[how]
    })
  }

  #each(from: number, to: number, then: (joint: Joint) => void): void {
    for (let index = this.#first(from); index < this.#list.length; index += 1) {
      const joint = this.#list[index]
      if (joint === undefined || joint.at >= to) return
      then(joint)
    }
  }

  #first(from: number): number {
    return firstFrom(from, this.#list.length, (index) => this.#list[index]?.at ?? from)
  }
}

type ReadText = {
  readonly joints: Joints
  readonly bytes: Uint8Array
  readonly length: number
  /** Where a byte comes from; ascending. */
  origin(at: number): number
}

/** The first of so many places, in ascending order, that is `least` or behind it. */
function firstFrom(least: number, count: number, placeAt: (index: number) => number): number {
  let from = 0
  let to = count
  while (from < to) {
    const middle = (from + to) >>> 1
    if (placeAt(middle) < least) from = middle + 1
    else to = middle
  }
  return from
}
