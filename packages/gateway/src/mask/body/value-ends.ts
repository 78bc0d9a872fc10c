/** Which bytes of a JSON text stand within a string; followed across chunks. */
class Strings {
  #inString = false
  #escaped = false

  /** Whether this byte, which comes next, belongs to a string; its quotes do. */
  holds(byte: number): boolean {
    if (!this.#inString) {
      this.#inString = byte === quote
      return this.#inString
    }
    if (this.#escaped) this.#escaped = false
    else if (byte === backslash) this.#escaped = true
    else if (byte === quote) this.#inString = false
    return true
  }
}

/** Finds where an object begins; a brace in a string begins none. */
export class ElementBegin {
  readonly #strings = new Strings()

  /** Its brace; -1: none in this chunk. */
  find(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (!this.#strings.holds(byte) && byte === openBrace) return at
    }
    return -1
  }
}

/** Follows a value to its closing bracket. */
export class ListEnd {
  readonly #strings = new Strings()
  #depth = 0

  /** Behind the bracket; -1: more has to come. */
  find(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (this.#strings.holds(byte)) continue
      if (byte === openBrace || byte === 0x5b) this.#depth += 1
      else if (byte === 0x7d || byte === 0x5d) {
        this.#depth -= 1
        if (this.#depth === 0) return at + 1
      }
    }
    return -1
  }
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
