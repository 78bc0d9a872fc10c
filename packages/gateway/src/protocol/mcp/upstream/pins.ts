/** How many need something as it is, beyond what is seen of them there: who asks its caller between two requests. */
export class Pins {
  #count = 0

  get size(): number {
    return this.#count
  }

  /** One more, until the returned function is called; more often does nothing. */
  take(): () => void {
    this.#count += 1
    let isPinned = true
    return () => {
      if (isPinned) this.#count -= 1
      isPinned = false
    }
  }
}
