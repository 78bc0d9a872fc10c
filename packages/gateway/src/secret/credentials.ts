import { Refusal } from '../call/refusal.ts'
import type { Credential, CredentialUse } from '../model/secret.ts'
import { credentialFor } from './credential.ts'
import type { Secrets } from './resolve.ts'

/**
 * Credentials by use, made anew only when the secret behind one changed: working out every form in
 * which it could be echoed costs more than the rest of a call. Refuses `credential-unavailable`.
 */
export function openCredentials({ resolve }: Secrets): (use: CredentialUse) => Promise<Credential> {
  const made = new WeakMap<
    CredentialUse,
    { readonly secret: string; readonly credential: Credential }
  >()
  return async (use) => {
    if (use.kind === 'none') return { kind: 'none', echoes: [] }
    const secret = await resolve(use.secret).catch((cause: unknown) => {
      throw new Refusal('credential-unavailable', { cause })
    })
    const known = made.get(use)
    if (known?.secret === secret) return known.credential
    const credential = await credentialFor(use, async () => secret)
    made.set(use, { secret, credential })
    return credential
  }
}
