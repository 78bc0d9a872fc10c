import { refuseLocked } from '../call/refusal.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalLock } from '../model/principal-lock.ts'
import type { Ledger, PrincipalLocks } from '../store/store.ts'
import type { Person } from './person.ts'

export type Locks = {
  /** Refuses `unauthenticated` when the subject or anybody who acts for them is locked. */
  readonly refuse: (principal: Principal) => void
  /** Whether this person is locked, under this id or another one of theirs. */
  readonly isLocked: (person: Person) => boolean
  /** Whether an issuer, or the gateway itself, names parties like this one. */
  readonly isName: (principal: string) => boolean
  /**
   * In force when it resolves, durably: from the next call on, and whoever is signed in no longer is. Throws
   * `Conflict` when they are locked already or whoever locks is; `Unavailable`: nothing was changed.
   */
  readonly lock: (asked: Omit<PrincipalLock, 'at' | 'record'>) => Promise<PrincipalLock>
  /** Throws `Conflict` when they are not locked, or whoever unlocks is. */
  readonly unlock: (asked: Pick<PrincipalLock, 'principal' | 'by'>) => Promise<void>
}

/**
 * Who is locked, held in memory: a lock beats every proof, so each call asks. Read from the store at start and
 * changed after each durable commit; the store looks once more before an intent (`Ledger.commit`), so what is
 * missed here for a moment is refused there.
 */
export async function openLocks(needs: {
  readonly store: PrincipalLocks & Ledger
  readonly now: () => number
  /** Who names parties: the issuers that are configured. */
  readonly issuers: readonly string[]
  /** Whether two ids of people mean one person (approval/same-person.ts). */
  readonly isSamePerson: (one: string, other: string) => boolean
  /** Signs out whoever this is true of. */
  readonly signOut: (isMeant: (person: Person) => boolean) => void
}): Promise<Locks> {
  const { store, now, isSamePerson, signOut } = needs
  const locked = await readAll(store)
  const issuers = new Set([...needs.issuers, 'key', 'operator'])
  const isLocked = ({ subject }: Person) => {
    for (const one of locked) if (isSamePerson(one, subject.id)) return true
    return false
  }
  // Commits resolve in the order of the log, so what is remembered is what was said last.
  return {
    refuse: (principal) => {
      if (locked.size === 0) return
      const isOne = ({ id }: { readonly id: string }) => locked.has(id)
      if (isOne(principal.subject) || principal.actors.some(isOne)) throw refuseLocked(principal)
    },
    isLocked,
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
      locked.delete(principal)
    },
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
