import { Refusal } from '../../call/refusal.ts'
import type { Call } from '../../call/stage.ts'

export type Place = {
  /** As `Call.admit`. Who is counted already is not counted again. */
  readonly admit: Call['admit']
  /**
   * Waits for what these parties send before it is known what it is: answers that their calls wait for have to arrive
   * while as many calls as may be are under way. Refuses `overloaded` when as many of theirs are arriving.
   */
  readonly receive: <T>(parties: readonly string[], arrival: () => Promise<T>) => Promise<T>
  /** The call is over, however it ended. Once. */
  readonly leave: () => void
}

/** The calls under way at one port, whatever room they are of: a number of them, and some of these for one party. */
export class Places {
  readonly #callsMax: number
  readonly #callsPerCaller: number
  readonly #underWayOf = new Map<string, number>()
  readonly #arrivingOf = new Map<string, number>()
  #underWay = 0
  #onIdle: () => void = () => {}

  constructor(bounds: { readonly concurrentCalls: number; readonly callsPerCaller: number }) {
    this.#callsMax = bounds.concurrentCalls
    this.#callsPerCaller = bounds.callsPerCaller
  }

  /** A place for one call; undefined when there is none. */
  take(): Place | undefined {
    if (this.#underWay >= this.#callsMax) return undefined
    this.#underWay++
    let admitted: readonly string[] | undefined
    return {
      admit: (parties) => {
        if (admitted) return
        this.#enter(this.#underWayOf, parties)
        admitted = parties
      },
      receive: async (parties, arrival) => {
        this.#enter(this.#arrivingOf, parties)
        try {
          return await arrival()
        } finally {
          count(this.#arrivingOf, parties, -1)
        }
      },
      leave: () => {
        count(this.#underWayOf, admitted ?? [], -1)
        this.#underWay--
        if (this.#underWay === 0) this.#onIdle()
      },
    }
  }

  #enter(counts: Map<string, number>, parties: readonly string[]): void {
    if (parties.some((party) => (counts.get(party) ?? 0) >= this.#callsPerCaller)) {
      throw new Refusal('overloaded', { detail: 'Too many calls of this caller are under way.' })
    }
    count(counts, parties, 1)
  }

  /** Resolves when no call is under way, or after `graceMs`. */
  idle(graceMs: number): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function count(counts: Map<string, number>, parties: readonly string[], by: 1 | -1): void {
  for (const party of parties) {
    const sum = (counts.get(party) ?? 0) + by
    if (sum === 0) counts.delete(party)
    else counts.set(party, sum)
  }
}
