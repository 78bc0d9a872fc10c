import { Refusal } from '../../call/refusal.ts'

type Entrant = {
  readonly send: () => void
  readonly refuse: (refusal: Refusal) => void
}

/** One call's place: it holds a socket, or it waits, or it has left. */
type Place = Entrant & { holdsSocket: boolean; timer: NodeJS.Timeout | undefined }

/**
 * The calls to one upstream: as many at once as it has sockets, the others in a line, first come first
 * served. The line is ours and not the pool's, so that a call that leaves it takes its body with it.
 */
export class UpstreamLine {
  #socketsFree: number
  readonly #waitMs: number
  readonly #waiting = new Set<Place>()

  constructor({ sockets, waitMs }: { readonly sockets: number; readonly waitMs: number }) {
    this.#socketsFree = sockets
    this.#waitMs = waitMs
  }

  /**
   * Holds a socket at once, or waits: then `send` is called when it holds one, or `refuse` when none was
   * free in time. Whatever happens, `leave` has to follow.
   */
  enter({ send, refuse }: Entrant): Place {
    const place: Place = { send, refuse, holdsSocket: this.#socketsFree > 0, timer: undefined }
    if (place.holdsSocket) this.#socketsFree -= 1
    else {
      this.#waiting.add(place)
      place.timer = setTimeout(() => refuse(busy()), this.#waitMs)
    }
    return place
  }

  leave(place: Place): void {
    clearTimeout(place.timer)
    this.#waiting.delete(place)
    if (!place.holdsSocket) return
    place.holdsSocket = false
    const [next] = this.#waiting
    if (next === undefined) {
      this.#socketsFree += 1
      return
    }
    clearTimeout(next.timer)
    this.#waiting.delete(next)
    next.holdsSocket = true
    next.send()
  }

  close(): void {
    for (const place of this.#waiting) place.refuse(busy())
  }
}

function busy(): Refusal {
  return new Refusal('overloaded', { detail: 'Every connection to the upstream is in use.' })
}
