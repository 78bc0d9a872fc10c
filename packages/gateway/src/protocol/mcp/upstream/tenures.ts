/** For how long each connection is in force, as it is: what was begun by it ends with that. */
export class Tenures {
  readonly #ends = new Map<string, AbortController>()
  /** Undefined: nobody has said which are, so all are. */
  #inForce: ReadonlySet<string> | undefined

  /** Aborted when it is not in force any more; already, where it is not now. */
  of(key: string): AbortSignal {
    if (this.#inForce?.has(key) === false) return AbortSignal.abort()
    const end = this.#ends.get(key) ?? new AbortController()
    this.#ends.set(key, end)
    return end.signal
  }

  /** These are from now on, and no others. */
  follow(inForce: ReadonlySet<string>): void {
    this.#inForce = inForce
    for (const [key, end] of this.#ends) {
      if (inForce.has(key)) continue
      this.#ends.delete(key)
      end.abort()
    }
  }
}
