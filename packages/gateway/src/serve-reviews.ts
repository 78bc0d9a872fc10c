import { randomUUIDv7 } from 'node:crypto'
import type { Logger } from 'pino'
import { limits } from './config/limits.ts'
import type { Identity } from './identity/open-identity.ts'
import { faultOf } from './log/fault.ts'
import type { Keys } from './log/key-file.ts'
import type { Message } from './model/message.ts'
import type { Notice } from './model/notice.ts'
import { openReviewDesk, type ReviewDesk } from './review/desk.ts'
import { reviewTelling } from './review/message.ts'
import { openStandings, type Standings } from './review/standings.ts'
import type { Rulebooks } from './rulebook/open.ts'
import type { Store } from './store/store.ts'

/** Part of serve.ts: what this instance knows of where grants stand. */
export function openStanding({
  store,
  log,
}: {
  readonly store: Store
  readonly log: Logger
}): Standings {
  return openStandings({
    store,
    now: Date.now,
    elapsed: () => performance.now(),
    limits,
    onFailure: (cause) =>
      log.error({ cause: faultOf(cause) }, 'where grants stand could not be read'),
  })
}

/** Part of serve.ts: where people decide about access, and how they hear of it. */
export function openReviews(rooms: {
  readonly keys: Keys
  readonly store: Store
  readonly rulebooks: Pick<Rulebooks, 'current'>
  readonly identity: Pick<Identity, 'locks'>
  readonly standings: Standings
  readonly log: Logger
}): {
  readonly reviews: ReviewDesk
  readonly tellingOf: (
    notice: Notice,
  ) => Promise<{ readonly message: Message | undefined } | undefined>
} {
  const { keys, store, rulebooks, identity, standings, log } = rooms
  const reviews = openReviewDesk({
    store,
    bindingKey: keys.bindingKey,
    now: Date.now,
    newId: randomUUIDv7,
    limits,
    rules: rulebooks.current,
    isLocked: identity.locks.isLockedId,
    took: standings.took,
    freshness: standings.freshness,
    onFailure: (cause) =>
      log.error({ cause: faultOf(cause) }, 'access reviews failed; it is tried again'),
  })
  const told = { store, rules: rulebooks.current, now: Date.now }
  return { reviews, tellingOf: (notice) => reviewTelling(told, notice) }
}
