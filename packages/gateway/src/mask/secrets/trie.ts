/**
 * Which of many prefixes begin at a byte: one table walk, however many there are. Made once, of text
 * known at build time.
 */
export class PrefixTrie<Value> {
  /** `next[node * columns + column]`; 0: none, since nothing leads back to the root. */
  readonly #next: Uint16Array
  readonly #columnOf = new Uint8Array(256)
  readonly #columns: number
  readonly #valuesAt: readonly (readonly Value[] | undefined)[]

  constructor(entries: Iterable<readonly [prefix: Uint8Array, value: Value]>) {
    const list = [...entries]
    let columns = 1
    for (const [prefix] of list) {
      for (const byte of prefix) if (this.#columnOf[byte] === 0) this.#columnOf[byte] = columns++
    }
    this.#columns = columns
    const nodes: number[][] = [[]]
    const values: (Value[] | undefined)[] = [undefined]
    for (const [prefix, value] of list) {
      let node = 0
      for (const byte of prefix) {
        const row = nodes[node] ?? []
        const column = this.#columnOf[byte] ?? 0
        let next = row[column]
        if (next === undefined) {
          next = nodes.length
          row[column] = next
          nodes.push([])
          values.push(undefined)
        }
        node = next
      }
      const here = values[node]
      if (here === undefined) values[node] = [value]
      else here.push(value)
    }
    this.#next = new Uint16Array(nodes.length * columns)
    nodes.forEach((row, node) => {
      row.forEach((next, column) => {
        this.#next[node * columns + column] = next
      })
    })
    this.#valuesAt = values
  }

  /** The node after this byte; 0: no prefix goes on so. The root is 0. */
  step(node: number, byte: number): number {
    const column = this.#columnOf[byte] ?? 0
    return column === 0 ? 0 : (this.#next[node * this.#columns + column] ?? 0)
  }

  /** What ends at this node. */
  valuesAt(node: number): readonly Value[] | undefined {
    return this.#valuesAt[node]
  }
}
