import { refuseLocked } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalLock } from '../model/principal-lock.ts'
import type { Ledger, PrincipalLocks, Store } from '../store/store.ts'
import type { Person } from './person.ts'

export type Locks = {
  /** Refuses `unauthenticated` when the subject or anybody who acts for them is locked. */
  readonly refuse: (principal: Principal) => void
  /** Whether this person is locked, under this id or another one of theirs. */
  readonly isLocked: (person: Person) => boolean
  /** The same by party id. */
  readonly isLockedId: (party: string) => boolean
  /** Whether an issuer, or the gateway itself, names parties like this one. */
  readonly isName: (principal: string) => boolean
  /**
   * In force when it resolves, durably: from the next call on, and whoever is signed in no longer is. Throws
   * `Conflict` when they are locked already or whoever locks is; `Unavailable`: nothing was changed.
   */
  readonly lock: (asked: Omit<PrincipalLock, 'at' | 'record'>) => Promise<PrincipalLock>
  /** Throws `Conflict` when they are not locked, or whoever unlocks is. */
  readonly unlock: (asked: Pick<PrincipalLock, 'principal' | 'by'>) => Promise<void>
  /** Looks no more for what other gateways of this store have locked. */
  readonly close: () => void
}

/**
 * Who is locked, held in memory: a lock beats every proof, so each call asks. Read from the store at start, changed
 * after each durable commit, and read again when another gateway of the store may have changed it: at its hint, and
 * every `locksReadMs` without one. The store looks once more before an intent (`Ledger.commit`), so what is missed
 * here for a moment is refused there.
 */
export async function openLocks(needs: {
  readonly store: PrincipalLocks & Ledger & Pick<Store, 'onChange'>
  readonly now: () => number
  /** Who names parties: the issuers that are configured. */
  readonly issuers: readonly string[]
  /** Whether two ids of people mean one person (approval/same-person.ts). */
  readonly isSamePerson: (one: string, other: string) => boolean
  /** Signs out whoever this is true of. */
  readonly signOut: (isMeant: (person: Person) => boolean) => void
}): Promise<Locks> {
  const { store, now, isSamePerson, signOut } = needs
  let locked = await readAll(store)
  const issuers = new Set([...needs.issuers, 'key', 'operator'])
  const isLockedId = (party: string) => {
    for (const one of locked) if (isSamePerson(one, party)) return true
    return false
  }
  const isLocked = ({ subject }: Person) => isLockedId(subject.id)
  /** Commits of this gateway: what was read while one ended may be older than it. */
  let changes = 0
  const reread = whileAsked(async () => {
    const before = changes
    const found = await readAll(store)
    if (before !== changes) return 'again'
    const isNew = [...found].some((one) => !locked.has(one))
    locked = found
    if (isNew) signOut(isLocked)
    return 'done'
  })
  const stopListening = store.onChange(({ kind }) => {
    if (kind === 'principal' || kind === 'missed') reread()
  })
  const timer = setInterval(reread, limits.locksReadMs).unref()
  // Commits resolve in the order of the log, so what is remembered is what was said last.
  return {
    refuse: (principal) => {
      if (locked.size === 0) return
      const isOne = ({ id }: { readonly id: string }) => locked.has(id)
      if (isOne(principal.subject) || principal.actors.some(isOne)) throw refuseLocked(principal)
    },
    isLocked,
    isLockedId,
    isName: (principal) => {
      const colon = principal.indexOf(':')
      return issuers.has(principal.slice(0, Math.max(0, colon))) && colon < principal.length - 1
    },
    lock: async (asked) => {
      const { principal, reason, by } = asked
      const lock = { principal, reason, by, at: now() }
      const time = new Date(lock.at).toISOString()
      const { index } = await store.commit({
        record: { type: 'principal.locked', time, principal, reason, by },
        payloads: [],
        change: { kind: 'principal.lock', lock },
      })
      changes += 1
      locked.add(principal)
      signOut(isLocked)
      return { ...lock, record: index }
    },
    unlock: async ({ principal, by }) => {
      const time = new Date(now()).toISOString()
      await store.commit({
        record: { type: 'principal.unlocked', time, principal, by },
        payloads: [],
        change: { kind: 'principal.unlock', principal, by },
      })
      changes += 1
      locked.delete(principal)
    },
    close: () => {
      clearInterval(timer)
      stopListening()
    },
  }
}

/** Runs `work` when asked, one at a time, and once more when it was asked meanwhile. A failure waits for the next time. */
function whileAsked(work: () => Promise<'done' | 'again'>): () => void {
  let running = false
  let asked = false
  const run = async () => {
    running = true
    try {
      do {
        asked = false
        if ((await work()) === 'again') asked = true
      } while (asked)
    } catch {
      // Nothing can be read, so nothing can be recorded either: no call gets through meanwhile.
    }
    running = false
  }
  return () => {
    asked = true
    if (!running) void run()
  }
}

async function readAll(store: PrincipalLocks): Promise<Set<string>> {
  const found = new Set<string>()
  for (let before: number | undefined; ; ) {
    const page = await store.locks({ limit: 1_000, ...(before !== undefined && { before }) })
    for (const { principal } of page) found.add(principal)
    before = page.at(-1)?.record
    if (before === undefined) return found
  }
}
