import type { Gate } from '../call/gate.ts'
import { Refusal } from '../call/refusal.ts'
import type { Config } from '../config/config.ts'
import type { Limits } from '../config/limits.ts'
import type { ApiKeys, Ledger, PrincipalLocks, Store } from '../store/store.ts'
import { openAdminSessions } from './admin-session.ts'
import { verifyKey } from './api-key.ts'
import { confirmKept } from './kept-proof.ts'
import { type Locks, openLocks } from './locks.ts'
import { openOidc } from './oidc.ts'
import { openSignIn, type SignIn } from './sign-in.ts'

export type Identity = {
  /**
   * Who makes a call: by its proof, unless a party of it is locked. Asked when a call begins and again right
   * before its intent, so a lock counts for calls that are held or slow. Refuses `unauthenticated`; `scope-exceeded`
   * for a token without the scopes the call names.
   */
  readonly identify: Gate['identify']
  /** People, for the admin API. */
  readonly signIn: SignIn
  readonly locks: Locks
  readonly close: () => Promise<void>
}

/** The whole room: who comes in, by which proof, and who does not, whatever they present. */
export async function openIdentity(needs: {
  readonly config: Pick<Config, 'issuers' | 'operators'>
  readonly store: Ledger & ApiKeys & PrincipalLocks & Pick<Store, 'onChange'>
  readonly limits: Limits
  readonly now: () => number
  /** Whether two ids of people mean one person (approval/same-person.ts). */
  readonly isSamePerson: (one: string, other: string) => boolean
}): Promise<Identity> {
  const { store, limits, now, isSamePerson } = needs
  const { issuers, operators } = needs.config
  const sessions = openAdminSessions({ now, limits })
  const names = issuers.map(({ name }) => name)
  const locks = await openLocks({
    ...{ store, now, isSamePerson, issuers: names, signOut: sessions.endOf },
  })
  const oidc = openOidc(issuers, { limits, now })
  return {
    identify: async ({ proof, sessionName, audience, scopes }) => {
      if (!proof) throw new Refusal('unauthenticated')
      const lookup = store.apiKeyByHash
      const principal =
        proof.kind === 'api-key'
          ? await verifyKey(proof.key, { lookup, now: now(), sessionName })
          : proof.kind === 'bearer'
            ? await oidc.verify(proof.token, sessionName, { audience, scopes, proof })
            : await confirmKept(proof.principal, { lookup, issuers: names, now: now() })
      locks.refuse(principal)
      return principal
    },
    signIn: openSignIn({ operators, verifyToken: oidc.verifyAdmin, sessions, locks, now }),
    locks,
    close: async () => {
      locks.close()
      oidc.close()
    },
  }
}
