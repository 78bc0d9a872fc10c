import type { MaskRule } from '../model/function.ts'
import { limits } from './limits.ts'
import type { Path, Segment, Selector } from './path.ts'
import { compileStrategy, type Strategy } from './strategy.ts'

export type Rule = {
  readonly id: string
  readonly path: string
  readonly strategy: Strategy
}

/**
 * Where a value stands with every path at once: the determinised state of all paths together, worked
 * out when first reached. Immutable but for what it remembers.
 */
export type Node = {
  readonly positions: readonly number[]
  /** The most hiding of the rules that name this value. */
  readonly hit: Rule | undefined
  /** The same for a null, which only `drop` and `replace` touch: a null hides nothing. */
  readonly nullHit: Rule | undefined
  /** What the allow-lists say: all of it, only what lies deeper, or nothing. */
  readonly fields: 'all' | 'deeper' | 'nothing'
  /** The lists that let all of this value through, by number. */
  readonly open: ReadonlySet<number>
  /** Nothing below this value can change. */
  readonly idle: boolean
  /** A child of this value may have to be dropped. */
  readonly mayDrop: boolean
  /** Child names that matter, by length in UTF-8 bytes and by text. */
  readonly namesByLength: readonly (readonly Name[] | undefined)[]
  readonly namesByText: ReadonlyMap<string, Name>
  /** Children by index or slice; empty when the position of an element does not matter. */
  readonly positional: readonly Selector[]
  /** What the last steps found, by selector. */
  readonly known: { otherMember?: Node; readonly elements: Map<string, Node> }
}

export type Name = { readonly text: string; readonly bytes: Uint8Array; next: Node | undefined }

/** All rules and allow-lists of one function as one automaton over the way down into a value. */
export class Automaton {
  readonly root: Node
  /** No quoted spelling of a name that matters is longer: at most six bytes for each of its own. */
  readonly keyBytesMax: number
  readonly #segments: (Segment | undefined)[] = []
  /** For each position, the rule it belongs to or the number of its allow-list. */
  readonly #owners: (Rule | number)[] = []
  readonly #lists: number
  readonly #nodes = new Map<string, Node>()

  constructor(
    rules: readonly { readonly rule: MaskRule; readonly path: Path }[],
    fields: readonly (readonly Path[])[],
  ) {
    const starts = rules.map(({ rule: { id, path: text, strategy }, path }) =>
      this.#add(path, { id, path: text, strategy: compileStrategy(strategy) }),
    )
    fields.forEach((paths, list) => {
      for (const path of paths) starts.push(this.#add(path, list))
    })
    this.#lists = fields.length
    this.keyBytesMax =
      2 + 6 * this.#segments.reduce((max, one) => Math.max(max, longestName(one)), 0)
    this.root = this.#intern(new Set(starts))
  }

  /** The member whose key's bytes, free of escapes, are `bytes[from..to)`. */
  member(node: Node, bytes: Uint8Array, from: number, to: number): Node {
    const names = node.namesByLength[to - from]
    if (names !== undefined && names.length > limits.namesCompared) {
      return this.memberNamed(
        node,
        Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString(),
      )
    }
    if (names !== undefined) {
      for (const name of names)
        if (sameBytes(name.bytes, bytes, from)) return this.#named(node, name)
    }
    return this.otherMember(node)
  }

  /** The member with this unescaped key. */
  memberNamed(node: Node, key: string): Node {
    const name = node.namesByText.get(key)
    return name === undefined ? this.otherMember(node) : this.#named(node, name)
  }

  /** A member whose key no path names. */
  otherMember(node: Node): Node {
    const known = node.known.otherMember
    if (known !== undefined) return known
    const next = this.#step(node, (selector) => selector.kind === 'wildcard')
    if (this.#remembered(next)) node.known.otherMember = next
    return next
  }

  element(node: Node, index: number): Node {
    let which = ''
    for (const selector of node.positional) which += hasIndex(selector, index) ? '1' : '0'
    const known = node.known.elements.get(which)
    if (known !== undefined) return known
    const next = this.#step(
      node,
      (selector) => selector.kind === 'wildcard' || hasIndex(selector, index),
    )
    // Bounded twice: by the nodes that are remembered at all, and here for patterns that share a node.
    if (this.#remembered(next) && node.known.elements.size < limits.automatonNodes) {
      node.known.elements.set(which, next)
    }
    return next
  }

  #add(path: Path, owner: Rule | number): number {
    const start = this.#segments.length
    for (const segment of [...path.segments, undefined]) {
      this.#segments.push(segment)
      this.#owners.push(owner)
    }
    return start
  }

  #named(node: Node, name: Name): Node {
    if (name.next !== undefined) return name.next
    const matches = (selector: Selector) =>
      selector.kind === 'wildcard' || (selector.kind === 'name' && selector.name === name.text)
    const next = this.#step(node, matches)
    if (this.#remembered(next)) name.next = next
    return next
  }

  #step(node: Node, matches: (selector: Selector) => boolean): Node {
    const next = new Set<number>()
    for (const position of node.positions) {
      const segment = this.#segments[position]
      if (segment === undefined) {
        // What an allow-list lets through it lets through whole. A rule's end is never walked past.
        if (typeof this.#owners[position] === 'number') next.add(position)
        continue
      }
      if (segment.descendant) next.add(position)
      if (segment.selectors.some(matches)) next.add(position + 1)
    }
    return this.#intern(next)
  }

  #remembered(node: Node): boolean {
    return this.#nodes.get(node.positions.join()) === node
  }

  #intern(reached: ReadonlySet<number>): Node {
    const open = new Set<number>()
    for (const position of reached) {
      const owner = this.#owners[position]
      if (typeof owner === 'number' && this.#segments[position] === undefined) open.add(owner)
    }
    const positions = [...reached]
      .filter((position) => {
        const owner = this.#owners[position]
        const settled = typeof owner === 'number' && open.has(owner)
        return !settled || this.#segments[position] === undefined
      })
      .sort((a, b) => a - b)
    const name = positions.join()
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    const node = this.#describe(positions, open)
    if (this.#nodes.size < limits.automatonNodes) this.#nodes.set(name, node)
    return node
  }

  #describe(positions: readonly number[], open: ReadonlySet<number>): Node {
    const openLists = open.size
    const hits: Rule[] = []
    const alive = new Set<number>()
    const selectors: Selector[] = []
    let rulesBelow = false
    let dropBelow = openLists < this.#lists
    for (const position of positions) {
      const segment = this.#segments[position]
      const owner = this.#owners[position]
      if (typeof owner === 'number') alive.add(owner)
      if (segment !== undefined) selectors.push(...segment.selectors)
      if (typeof owner !== 'object') continue
      if (segment === undefined) hits.push(owner)
      rulesBelow ||= segment !== undefined
      dropBelow ||=
        owner.strategy.kind === 'drop' &&
        segment !== undefined &&
        this.#segments[position + 1] === undefined
    }
    hits.sort((a, b) => a.strategy.rank - b.strategy.rank)
    const names = namesOf(selectors)
    return {
      positions,
      hit: hits[0],
      nullHit: hits.find(({ strategy }) => strategy.hidesNull),
      fields: alive.size < this.#lists ? 'nothing' : openLists < this.#lists ? 'deeper' : 'all',
      open,
      idle: !rulesBelow && openLists === this.#lists,
      mayDrop: dropBelow,
      namesByLength: byLength(names),
      namesByText: new Map(names.map((name) => [name.text, name])),
      positional: selectors.filter(({ kind }) => kind === 'index' || kind === 'slice'),
      known: { elements: new Map() },
    }
  }
}

function longestName(segment: Segment | undefined): number {
  const names = segment?.selectors.map((one) => (one.kind === 'name' ? one.name : '')) ?? []
  return Math.max(0, ...names.map((name) => Buffer.byteLength(name)))
}

function sameBytes(name: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < name.length; i += 1) if (name[i] !== bytes[from + i]) return false
  return true
}

function hasIndex(selector: Selector, index: number): boolean {
  if (selector.kind === 'index') return selector.index === index
  if (selector.kind !== 'slice') return false
  const { start, end, step } = selector
  return index >= start && (end === undefined || index < end) && (index - start) % step === 0
}

function namesOf(selectors: readonly Selector[]): Name[] {
  const texts = new Set<string>()
  for (const selector of selectors) if (selector.kind === 'name') texts.add(selector.name)
  return [...texts].map((text) => ({ text, bytes: Buffer.from(text), next: undefined }))
}

function byLength(names: readonly Name[]): (Name[] | undefined)[] {
  const table = new Array<Name[] | undefined>(
    1 + names.reduce((max, name) => Math.max(max, name.bytes.length), -1),
  ).fill(undefined)
  for (const name of names) {
    const row = table[name.bytes.length]
    if (row === undefined) table[name.bytes.length] = [name]
    else row.push(name)
  }
  return table
}
