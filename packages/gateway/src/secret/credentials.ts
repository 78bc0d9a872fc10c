import { createHmac } from 'node:crypto'
import { Refusal } from '../call/refusal.ts'
import type { Credential, CredentialUse } from '../model/secret.ts'
import { credentialFor } from './credential.ts'
import type { Secrets } from './resolve.ts'

export type Credentials = {
  /**
   * Made anew only when the secret behind it changed: working out every form in which it could be echoed costs
   * more than the rest of a call. Refuses `credential-unavailable`.
   */
  readonly credentialOf: (use: CredentialUse) => Promise<Credential>
  /**
   * Which value the secret behind it has at this moment, without saying it: HMAC-SHA-256 under the key of this
   * room's opening, hex; `none` where no credential is used. It differs once the secret was replaced, and is the
   * same wherever the same key and secret are. Refuses `credential-unavailable`.
   */
  readonly versionOf: (use: CredentialUse) => Promise<string>
}

/** Credentials by use. `versionKey`: 32 bytes. */
export function openCredentials(
  { resolve }: Secrets,
  { versionKey }: { readonly versionKey: Uint8Array },
): Credentials {
  const made = new WeakMap<
    CredentialUse,
    { readonly secret: string; readonly credential: Credential }
  >()
  const secretOf = (use: Exclude<CredentialUse, { kind: 'none' }>) =>
    resolve(use.secret).catch((cause: unknown) => {
      throw new Refusal('credential-unavailable', { cause })
    })
  return {
    credentialOf: async (use) => {
      if (use.kind === 'none') return { kind: 'none', echoes: [] }
      const secret = await secretOf(use)
      const known = made.get(use)
      if (known?.secret === secret) return known.credential
      const credential = await credentialFor(use, async () => secret)
      made.set(use, { secret, credential })
      return credential
    },
    versionOf: async (use) => {
      if (use.kind === 'none') return 'none'
      const hmac = createHmac('sha256', versionKey).update('sallyport credential 1\n')
      return hmac.update(await secretOf(use), 'utf8').digest('hex')
    },
  }
}
