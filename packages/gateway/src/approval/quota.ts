import type { Limits } from '../config/limits.ts'
import type { Approval } from '../model/approval.ts'

export type Quota = {
  /**
   * Keeps a place for the question with this digest until `release`; else says what is full. Taken before the
   * question is written, so that many calls at once cannot pass the same last place. Identical calls share
   * one place, and so do a question and the one that replaces it. `taken`: some of the questions that it is full
   * of, others each time; who sees that one was settled elsewhere says so, and asks again.
   */
  readonly reserve: (
    asked: Asked,
  ) =>
    | { readonly release: () => void }
    | { readonly full: string; readonly taken: readonly string[] }
  readonly opened: (approval: Approval) => void
  readonly settled: (approval: Approval) => void
}

type Asked = {
  readonly caller: string
  readonly digest: string
  readonly groups: readonly string[]
}

type Place = Omit<Asked, 'digest'> & {
  /** How many calls are asking at this moment. */
  asking: number
  question: Pick<Approval, 'id' | 'decideBy'> | undefined
}

/**
 * How many questions wait for people, of one caller, for one group and in all, so that no agent buries its
 * approvers. Counts what was opened through this process since it started: after a restart, or beside other
 * gateways, it is lenient, never strict. People were told of a question that was taken back as of any other: for a
 * while it goes on counting.
 */
export function openQuota({
  now,
  limits,
}: {
  readonly now: () => number
  readonly limits: Pick<
    Limits,
    | 'approvalCoolDownMs'
    | 'approvalsPending'
    | 'approvalsPendingPerCaller'
    | 'approvalsPendingPerGroup'
  >
}): Quota {
  /** By the digest of what is asked: of one digest there is one pending question at most. */
  const places = new Map<string, Place>()
  const takenBack = openTakenBack(now, limits.approvalCoolDownMs)
  const forget = (digest: string, place: Place) => {
    if (place.asking === 0 && !place.question) places.delete(digest)
  }
  const forgetExpired = () => {
    for (const [digest, place] of places) {
      if (place.question && place.question.decideBy <= now()) place.question = undefined
      forget(digest, place)
    }
  }
  const takenBy = ({ caller, groups }: Asked): readonly string[] => {
    const taken = [...places]
      .filter(([, place]) => place.question)
      .filter(
        ([, place]) =>
          places.size >= limits.approvalsPending ||
          place.caller === caller ||
          place.groups.some((group) => groups.includes(group)),
      )
      .toSorted(
        ([, one], [, other]) => Number(other.caller === caller) - Number(one.caller === caller),
      )
      .slice(0, takenMax)
    for (const [digest, place] of taken) {
      places.delete(digest)
      places.set(digest, place)
    }
    return taken.flatMap(([, { question }]) => question?.id ?? [])
  }
  const fullFor = ({ caller, groups }: Asked): string | undefined => {
    if (places.size >= limits.approvalsPending) return 'Too many questions wait for people.'
    let theirs = takenBack.count(caller)
    const ofGroup = new Map(groups.map((group) => [group, 0]))
    for (const place of places.values()) {
      if (place.caller === caller) theirs += 1
      for (const group of place.groups) {
        const count = ofGroup.get(group)
        if (count !== undefined) ofGroup.set(group, count + 1)
      }
    }
    if (theirs >= limits.approvalsPendingPerCaller) {
      return 'Too many questions of this caller wait for people, or were taken back just now.'
    }
    const counts = [...ofGroup.values()]
    return counts.some((count) => count >= limits.approvalsPendingPerGroup)
      ? 'Too many questions wait for the same people.'
      : undefined
  }
  return {
    reserve: (asked) => {
      const { caller, digest, groups } = asked
      if (!places.has(digest) && fullFor(asked) !== undefined) {
        forgetExpired()
        const full = fullFor(asked)
        if (full !== undefined) return { full, taken: takenBy(asked) }
      }
      const place = places.get(digest) ?? { caller, groups, asking: 0, question: undefined }
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
    settled: ({ id, digest, state }) => {
      const place = places.get(digest)
      if (place?.question?.id !== id) return
      if (state === 'WITHDRAWN') takenBack.note(place.caller)
      place.question = undefined
      forget(digest, place)
    },
  }
}

/** How many questions a caller took back within `forMs`. */
function openTakenBack(
  now: () => number,
  forMs: number,
): {
  readonly note: (caller: string) => void
  readonly count: (caller: string) => number
} {
  /** By caller: until when each counts. */
  const untils = new Map<string, readonly number[]>()
  const count = (caller: string): number => {
    const fresh = (untils.get(caller) ?? []).filter((until) => until > now())
    if (fresh.length === 0) untils.delete(caller)
    else untils.set(caller, fresh)
    return fresh.length
  }
  return {
    count,
    note: (caller) => {
      for (const known of [...untils.keys()]) count(known)
      untils.set(caller, [...(untils.get(caller) ?? []), now() + forMs])
    },
  }
}

/** Each costs a look into the store. */
const takenMax = 64
