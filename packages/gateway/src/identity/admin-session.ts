import { Refusal } from '../call/refusal.ts'
import type { Limits } from '../config/limits.ts'
import { isKeyText, keyHash, newKeyText } from './key-text.ts'
import type { Person } from './person.ts'

/** People signed in to the admin API. Held in memory: after a restart they sign in again. */
export type AdminSessions = {
  /** Refuses `unauthenticated` for anyone but a person acting for themselves. Times are Unix milliseconds. */
  readonly create: (person: Person) => { readonly token: string; readonly expiresAt: number }
  /** Undefined when unknown, ended or expired. */
  readonly find: (token: string) => Person | undefined
  /** True when there was one to end. */
  readonly end: (token: string) => boolean
  /** Ends those of everybody whom this is true of. */
  readonly endOf: (isMeant: (person: Person) => boolean) => void
}

/** Sessions are found by the hash of their token, so a copy of this memory signs nobody in. */
export function openAdminSessions({
  now,
  limits,
}: {
  readonly now: () => number
  readonly limits: Pick<Limits, 'adminSessionMs' | 'adminSessions'>
}): AdminSessions {
  const sessions = new Map<string, Person>()
  return {
    create: (person) => {
      if (person.subject.kind !== 'user' || person.actors.length > 0) {
        throw new Refusal('unauthenticated', { detail: 'Only a person can sign in here.' })
      }
      const token = newKeyText('spa')
      const expiresAt = Math.min(now() + limits.adminSessionMs, person.authentication.expiresAt)
      // The oldest session makes room, so that signing in never fails for want of it.
      for (const oldest of sessions.keys()) {
        if (sessions.size < limits.adminSessions) break
        sessions.delete(oldest)
      }
      sessions.set(keyHash(token), {
        ...person,
        authentication: { ...person.authentication, expiresAt },
      })
      return { token, expiresAt }
    },
    find: (token) => {
      if (!isKeyText('spa', token)) return undefined
      const hash = keyHash(token)
      const person = sessions.get(hash)
      if (person && now() < person.authentication.expiresAt) return person
      sessions.delete(hash)
      return undefined
    },
    end: (token) => sessions.delete(keyHash(token)),
    endOf: (isMeant) => {
      for (const [hash, person] of sessions) if (isMeant(person)) sessions.delete(hash)
    },
  }
}
