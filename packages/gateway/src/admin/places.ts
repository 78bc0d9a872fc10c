import type { Limits } from '../config/limits.ts'
import { Refused } from './problem.ts'

/**
 * Places for what stays open: event streams, reads that wait. `party` takes one and is given what leaves it again.
 * Refuses `overloaded` when all are taken, or as many as one person may have, so that nobody keeps others out.
 */
export type Places = (party: string) => () => void

export function openPlaces({
  eventStreams,
  eventStreamsPerPerson,
}: Pick<Limits, 'eventStreams' | 'eventStreamsPerPerson'>): Places {
  const taken = new Map<string, number>()
  let all = 0
  return (party) => {
    const own = taken.get(party) ?? 0
    if (all >= eventStreams || own >= eventStreamsPerPerson) throw new Refused('overloaded')
    all += 1
    taken.set(party, own + 1)
    return () => {
      all -= 1
      const left = (taken.get(party) ?? 1) - 1
      if (left > 0) taken.set(party, left)
      else taken.delete(party)
    }
  }
}
