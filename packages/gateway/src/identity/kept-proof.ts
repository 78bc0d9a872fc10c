import { Refusal } from '../call/refusal.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Principal } from '../model/principal.ts'
import { refuseEnded } from './api-key.ts'

/**
 * Whether who asked for a call may still have it made, long after they proved who they are. A token is a proof of
 * the moment, and that it has expired since says nothing; an API key that was revoked or has expired, or an issuer
 * that is no longer configured, refuses `unauthenticated`. Locks are looked at as for every call.
 */
export async function confirmKept(
  principal: Principal,
  given: {
    readonly lookup: (hash: string) => Promise<ApiKey | undefined>
    readonly issuers: readonly string[]
    readonly now: number
  },
): Promise<Principal> {
  const { method, issuer, credential } = principal.authentication
  if (method === 'oidc') {
    if (given.issuers.includes(issuer)) return principal
    throw new Refusal('unauthenticated', { detail: 'The issuer of the proof is not configured.' })
  }
  const key = await given.lookup(credential.replace(/^sha256:/, ''))
  if (!key) throw new Refusal('unauthenticated', { detail: 'The API key is not known.' })
  refuseEnded(key, given.now)
  return principal
}
