import { createHmac } from 'node:crypto'
import { Refusal } from '../call/refusal.ts'
import type { Credential, CredentialUse } from '../model/secret.ts'
import { credentialFor } from './credential.ts'
import type { OauthTokens } from './oauth.ts'
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
  /** Gives up tokens that are being fetched. */
  readonly close: () => Promise<void>
}

/** Credentials by use. `versionKey`: 32 bytes. */
export function openCredentials(
  { resolve }: Secrets,
  { versionKey, oauth }: { readonly versionKey: Uint8Array; readonly oauth: OauthTokens },
): Credentials {
  const made = new WeakMap<
    CredentialUse,
    { readonly secret: string; readonly credential: Credential }
  >()
  const secretOf = (use: Exclude<CredentialUse, { kind: 'none' }>) =>
    resolve(use.secret).catch((cause: unknown) => {
      throw new Refusal('credential-unavailable', { cause })
    })
  /** What is sent: of an OAuth client a token of the moment, which is got with its secret. */
  const sentOf = async (use: Exclude<CredentialUse, { kind: 'none' }>): Promise<string> => {
    const secret = await secretOf(use)
    if (use.kind !== 'oauth') return secret
    return oauth.tokenOf(use, secret).catch((cause: unknown) => {
      throw new Refusal('credential-unavailable', { cause })
    })
  }
  return {
    credentialOf: async (use) => {
      if (use.kind === 'none') return { kind: 'none', echoes: [] }
      const secret = await sentOf(use)
      const known = made.get(use)
      if (known?.secret === secret) return known.credential
      const bare = await credentialFor(use, async () => secret)
      const onRefused = () => oauth.refused(secret)
      const credential =
        use.kind === 'oauth' && bare.kind !== 'none' ? { ...bare, onRefused } : bare
      made.set(use, { secret, credential })
      return credential
    },
    versionOf: async (use) => {
      if (use.kind === 'none') return 'none'
      const hmac = createHmac('sha256', versionKey).update('sallyport credential 1\n')
      return hmac.update(await secretOf(use), 'utf8').digest('hex')
    },
    close: oauth.close,
  }
}
