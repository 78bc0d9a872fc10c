import type { Approval } from '../model/approval.ts'

export type Quota = {
  /**
   * Keeps a place for the question with this digest until `release`; undefined when this caller has none
   * left. Taken before the question is written, so that many calls at once cannot pass the same last
   * place. Identical calls share one place, and so do a question and the one that replaces it.
   */
  readonly reserve: (caller: string, digest: string) => { readonly release: () => void } | undefined
  readonly opened: (approval: Approval) => void
  readonly settled: (approval: Approval) => void
}

type Place = {
  readonly caller: string
  /** How many calls are asking at this moment. */
  asking: number
  question: Pick<Approval, 'id' | 'decideBy'> | undefined
}

/**
 * How many questions wait for people, of one caller and in all, so that no agent buries its approvers.
 * Counts what was opened through this process since it started: after a restart it is lenient, never
 * strict.
 */
export function openQuota({
  now,
  pendingMax,
}: {
  readonly now: () => number
  readonly pendingMax: number
}): Quota {
  /** By the digest of what is asked: of one digest there is one pending question at most. */
  const places = new Map<string, Place>()
  const forget = (digest: string, place: Place) => {
    if (place.asking === 0 && !place.question) places.delete(digest)
  }
  const forgetExpired = () => {
    for (const [digest, place] of places) {
      if (place.question && place.question.decideBy <= now()) place.question = undefined
      forget(digest, place)
    }
  }
  const isFull = (caller: string) => {
    if (places.size >= pendingMax) return true
    if (places.size < pendingPerCallerMax) return false
    let theirs = 0
    for (const place of places.values()) if (place.caller === caller) theirs += 1
    return theirs >= pendingPerCallerMax
  }
  return {
    reserve: (caller, digest) => {
      if (!places.has(digest) && isFull(caller)) {
        forgetExpired()
        if (isFull(caller)) return undefined
      }
      const place = places.get(digest) ?? { caller, asking: 0, question: undefined }
      places.set(digest, place)
      place.asking += 1
      return {
        release: () => {
          place.asking -= 1
          forget(digest, place)
        },
      }
    },
    opened: ({ id, digest, decideBy }) => {
      const place = places.get(digest)
      if (place) place.question = { id, decideBy }
    },
    settled: ({ id, digest }) => {
      const place = places.get(digest)
      if (place?.question?.id !== id) return
      place.question = undefined
      forget(digest, place)
    },
  }
}

/** A caller that waits for this many answers has asked enough. */
const pendingPerCallerMax = 20
