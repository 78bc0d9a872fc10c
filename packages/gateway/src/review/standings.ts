import type { InForce } from '../call/in-force.ts'
import type { Limits } from '../config/limits.ts'
import type { Freshness, GrantStanding } from '../model/certification.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { GrantStandings, TimedGrants } from '../store/reviews.ts'
import type { Store } from '../store/store.ts'
import { freshnessOf } from './freshness.ts'
import { isOtherNow, tierOf } from './timed-content.ts'

/**
 * What this instance knows of where grants stand: asked for by every call, so it is kept in memory and read again
 * at every hint, and at least once a second. Nothing rests on it being new: what is revoked, has ended or is narrowed
 * to something else is refused by the store in the transaction of the intent, a certification that is seen late costs
 * an approval, and with old news every grant is taken for stale.
 */
export type Standings = {
  /** Where a grant of these rules, or a timed one, stands now. Pure over what is known here. */
  readonly freshness: (rules: InForce, grantId: string) => Freshness
  /** Those in force for one of these parties (ids) that cover the function. */
  readonly timed: (
    parties: readonly string[],
    functionId: string,
  ) => readonly { readonly party: string; readonly id: string; readonly when: readonly string[] }[]
  /** Aborted when one of these grants is revoked or ends, or was. */
  readonly revoked: (grantIds: readonly string[]) => AbortSignal
  /** Something was written here: known at once. */
  readonly took: (changed: {
    readonly standing?: GrantStanding | undefined
    readonly timed?: TimedGrant | undefined
  }) => void
  /** Reads what changed. Resolves when what was stored at the time of the call is known. */
  readonly refresh: () => Promise<void>
  readonly start: () => void
  readonly close: () => Promise<void>
}

export type StandingsNeeds = {
  readonly store: GrantStandings & TimedGrants & Pick<Store, 'onChange'>
  /** Unix milliseconds. */
  readonly now: () => number
  /** Milliseconds that have passed, whatever becomes of the wall clock. */
  readonly elapsed: () => number
  readonly limits: Pick<Limits, 'standingsLookMs' | 'standingsOldMs'>
  readonly onFailure: (cause: unknown) => void
}

export function openStandings({
  store,
  now,
  elapsed,
  limits,
  onFailure,
}: StandingsNeeds): Standings {
  const known = new Map<string, GrantStanding>()
  const given = new Map<string, TimedGrant>()
  const byParty = new Map<string, Set<TimedGrant>>()
  const cuts = openCuts((id) => isRevoked(known.get(id), given.get(id)) || isEnded(id))
  let next: number | undefined
  /** They say when a grant expires: whoever holds a signal was judged by them. */
  let judgedBy: InForce | undefined
  let readAt = Number.NEGATIVE_INFINITY

  const learn = (standing: GrantStanding) => {
    const before = known.get(standing.grant)
    if (before && before.revision >= standing.revision) return
    known.set(standing.grant, standing)
    if (standing.revoked) cuts.cut(standing.grant)
  }
  const learnTimed = (timed: TimedGrant) => {
    const before = given.get(timed.id)
    if (before && before.revision >= timed.revision) return
    if (before) byParty.get(before.party)?.delete(before)
    given.set(timed.id, timed)
    if (timed.state === 'given') {
      const own = byParty.get(timed.party) ?? new Set()
      byParty.set(timed.party, own.add(timed))
    }
    if (timed.state === 'revoked') cuts.cut(timed.id)
  }
  const isEnded = (id: string) => {
    const at = now()
    const timed = given.get(id)
    const ends = [timed?.endsAt, known.get(id)?.endsAt, judgedBy?.grant(id)?.expiresAt]
    return ends.some((end) => end !== undefined && end <= at)
  }
  /** Before anything is read: what is over ends although the store does not answer. */
  const endThose = () => {
    for (const id of cuts.held()) if (isEnded(id)) cuts.cut(id)
    forgetEnded(given, byParty, now())
  }
  const read = async () => {
    const startedAt = elapsed()
    endThose()
    const since = next === undefined ? {} : { changedSince: next }
    const { standings, upTo } = await store.grantStandings(since)
    const timed = await store.timedGrants(
      next === undefined ? { state: 'given', endsAfter: now() } : since,
    )
    for (const one of standings) learn(one)
    for (const one of timed) learnTimed(one)
    next = upTo
    readAt = startedAt
  }
  const reading = openTurns(read)
  const watch = watchStore({ store, limits, onFailure }, reading)
  const isOld = () => elapsed() - readAt > limits.standingsOldMs
  return {
    freshness: (rules, id) => {
      judgedBy = rules
      const timed = given.get(id)
      if (timed) return freshnessOfTimed(rules, timed, now())
      const grant = rules.grant(id)
      if (!grant) return unknownGrant
      const found = freshnessOf(known.get(id), grant, rules.reviews, now())
      return isOld() && !isBelow(found.state) ? { ...found, state: 'STALE' } : found
    },
    timed: (parties, functionId) =>
      [...new Set(parties)].flatMap((party) => {
        const at = now()
        return [...(byParty.get(party) ?? [])]
          .filter(({ from, endsAt, functions }) => {
            return from <= at && at < endsAt && functions.includes(functionId)
          })
          .map(({ id, when }) => ({ party, id, when }))
      }),
    revoked: cuts.signal,
    took: ({ standing, timed }) => {
      if (standing) learn(standing)
      if (timed) learnTimed(timed)
    },
    refresh: reading,
    ...watch,
  }
}

function freshnessOfTimed(rules: InForce, timed: TimedGrant, now: number): Freshness {
  const { state, from, endsAt, when } = timed
  const bare = { tier: tierOf(rules, timed), when }
  if (state === 'revoked') return { state: 'REVOKED', ...bare }
  const isNow = state === 'given' && from <= now && now < endsAt
  const dates = { staleAt: endsAt, lapsesAt: endsAt }
  return isNow
    ? { state: isOtherNow(rules, timed) ? 'STALE' : 'PROVISIONAL', ...dates, ...bare }
    : { state: 'LAPSED', ended: true, ...dates, ...bare }
}

/** No rulebook in force has it: it permits nothing. */
const unknownGrant: Freshness = { state: 'LAPSED', ended: true, tier: 'critical', when: [] }

function isBelow(state: Freshness['state']): boolean {
  return state === 'STALE' || state === 'LAPSED' || state === 'REVOKED'
}

function isRevoked(standing: GrantStanding | undefined, timed: TimedGrant | undefined): boolean {
  return standing?.revoked !== undefined || timed?.state === 'revoked'
}

/** Timed grants that are over are asked for no more; without this a year of them would be kept. Which they were. */
function forgetEnded(
  given: Map<string, TimedGrant>,
  byParty: Map<string, Set<TimedGrant>>,
  now: number,
): void {
  const ended = [...given.values()].filter(({ endsAt }) => endsAt <= now)
  for (const timed of ended) {
    byParty.get(timed.party)?.delete(timed)
    if (byParty.get(timed.party)?.size === 0) byParty.delete(timed.party)
    given.delete(timed.id)
  }
}

/** Signals by the set of grants that they are about: calls by the same grants share one. */
function openCuts(isRevoked: (id: string) => boolean): {
  readonly signal: (ids: readonly string[]) => AbortSignal
  readonly cut: (id: string) => void
  /** Grants that signals are about. */
  readonly held: () => readonly string[]
} {
  const held = new Map<string, { readonly ids: readonly string[]; readonly by: AbortController }>()
  const take = (id: string) => {
    const about = [...held].filter(([, { ids }]) => ids.includes(id))
    for (const [key] of about) held.delete(key)
    return about.map(([, { by }]) => by)
  }
  return {
    held: () => [...new Set([...held.values()].flatMap(({ ids }) => ids))],
    signal: (ids) => {
      if (ids.some(isRevoked)) return AbortSignal.abort()
      const key = JSON.stringify(ids)
      const found = held.get(key)
      if (found) return found.by.signal
      const by = new AbortController()
      held.set(key, { ids, by })
      return by.signal
    },
    cut: (id) => {
      for (const by of take(id)) by.abort()
    },
  }
}

/** One at a time; whoever asks while one is under way gets the next, which has begun after they asked. */
function openTurns(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let queued: Promise<void> | undefined
  const run = () => {
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (!running) return run()
    queued ??= running
      .catch(() => undefined)
      .then(() => {
        queued = undefined
        return run()
      })
    return queued
  }
}

function watchStore(
  { store, limits, onFailure }: Pick<StandingsNeeds, 'store' | 'limits' | 'onFailure'>,
  read: () => Promise<void>,
): { readonly start: () => void; readonly close: () => Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()
  let closed = false
  const look = () => {
    last = read().catch(onFailure)
    return last
  }
  const kinds: readonly string[] = ['grant', 'timed', 'rulebook', 'missed']
  const stopListening = store.onChange(({ kind }) => {
    if (!closed && kinds.includes(kind)) void look()
  })
  const schedule = () => {
    if (closed) return
    timer = setTimeout(() => void look().finally(schedule), limits.standingsLookMs)
    timer.unref()
  }
  return {
    start: schedule,
    close: async () => {
      closed = true
      clearTimeout(timer)
      stopListening()
      await last
    },
  }
}
