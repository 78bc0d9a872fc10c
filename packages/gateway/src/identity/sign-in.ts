import { Refusal } from '../call/refusal.ts'
import type { OperatorConfig } from '../config/config.ts'
import type { AdminSessions } from './admin-session.ts'
import type { Locks } from './locks.ts'
import { verifyOperatorKey } from './operator.ts'
import type { Person } from './person.ts'

/**
 * How people prove who they are to the admin API. Refuses `unauthenticated` whatever is not accepted, and
 * whoever is locked, at whatever they try next.
 */
export type SignIn = {
  readonly byOperatorKey: (key: string) => Promise<Person>
  readonly byToken: (token: string) => Promise<Person>
  readonly sessions: Pick<AdminSessions, 'create' | 'find' | 'end'>
}

export function openSignIn(needs: {
  readonly operators: readonly OperatorConfig[]
  /** A token of an identity provider, for the admin API's audience. */
  readonly verifyToken: (token: string) => Promise<Person>
  readonly sessions: AdminSessions
  readonly locks: Pick<Locks, 'isLocked'>
  readonly now: () => number
}): SignIn {
  const { operators, verifyToken, sessions, locks, now } = needs
  const unlocked = (person: Person): Person => {
    if (!locks.isLocked(person)) return person
    throw new Refusal('unauthenticated', { detail: 'This principal is locked.' })
  }
  return {
    byOperatorKey: async (key) => unlocked(verifyOperatorKey(key, { operators, now: now() })),
    byToken: async (token) => unlocked(await verifyToken(token)),
    sessions: {
      create: (person) => sessions.create(unlocked(person)),
      find: (token) => {
        const person = sessions.find(token)
        return person && !locks.isLocked(person) ? person : undefined
      },
      end: sessions.end,
    },
  }
}
