/**
 * The way down to a value, as the record names it: names of fields as they are, positions and
 * everything that could be a value itself as `*`.
 */
export class JsonTrail {
  readonly #array: boolean[] = []
  readonly #bytes: (Uint8Array | undefined)[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #names: string[] = []
  /** The path down to each depth; undefined: not asked for since it changed. */
  readonly #paths: (string | undefined)[] = ['$']
  /** The paths that names were last a part of: the same few are asked for again and again. */
  readonly #joined = new Map<string, { readonly before: string; readonly path: string }>()
  #depth = 0

  reset(): void {
    this.#depth = 0
  }

  open(array: boolean): void {
    this.#depth += 1
    this.#array[this.#depth] = array
    this.#bytes[this.#depth] = undefined
    this.#names[this.#depth] = '*'
    this.#paths[this.#depth] = undefined
  }

  close(): void {
    this.#depth -= 1
  }

  /** A key whose bytes stay until the chunk ends. */
  key(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes[this.#depth] = bytes
    this.#from[this.#depth] = from
    this.#to[this.#depth] = to
    this.#paths[this.#depth] = undefined
  }

  /** A key whose bytes will not stay. */
  keptKey(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes[this.#depth] = undefined
    this.#names[this.#depth] = nameOf(bytes, from, to)
    this.#paths[this.#depth] = undefined
  }

  /** A key by its name, as `nameOf` tells it. */
  named(name: string): void {
    this.#bytes[this.#depth] = undefined
    this.#names[this.#depth] = name
    this.#paths[this.#depth] = undefined
  }

  /** A key that is a value itself. */
  hiddenKey(): void {
    this.#bytes[this.#depth] = undefined
    this.#names[this.#depth] = '*'
    this.#paths[this.#depth] = undefined
  }

  chunkEnds(): void {
    for (let depth = 1; depth <= this.#depth; depth += 1) this.#name(depth)
  }

  path(): string {
    let known = this.#depth
    while (this.#paths[known] === undefined && known > 0) known -= 1
    let path = this.#paths[known] ?? '$'
    for (let depth = known + 1; depth <= this.#depth; depth += 1) {
      path = this.#join(path, this.#array[depth] === true ? '*' : this.#name(depth))
      this.#paths[depth] = path
    }
    return path
  }

  #join(before: string, name: string): string {
    const last = this.#joined.get(name)
    if (last?.before === before) return last.path
    const path = name === '*' ? `${before}[*]` : `${before}.${name}`
    if (this.#joined.size >= joinedMax) this.#joined.clear()
    this.#joined.set(name, { before, path })
    return path
  }

  #name(depth: number): string {
    const bytes = this.#bytes[depth]
    if (bytes !== undefined) {
      this.#names[depth] = nameOf(bytes, this.#from[depth] ?? 0, this.#to[depth] ?? 0)
      this.#bytes[depth] = undefined
    }
    return this.#names[depth] ?? '*'
  }
}

/** Names of fields are short words without long numbers; anything else may be about somebody. */
export function nameOf(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > nameBytes) return '*'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
  return /^[A-Za-z_]\w*$/.test(text) && !/\d{4}/.test(text) ? text : '*'
}

const nameBytes = 40
/** More names in which something is found are no names of fields. */
const joinedMax = 256
