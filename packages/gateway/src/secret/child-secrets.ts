import { Refusal } from '../call/refusal.ts'
import type { McpChild } from '../model/connection.ts'
import type { Credential } from '../model/secret.ts'
import { checkLength, echoesOf } from './credential.ts'
import type { Secrets } from './resolve.ts'

/**
 * What a child process is given in its environment is a credential that nobody sends: only its echoes count, which no
 * reply may contain. Made anew when one of the secrets changed. Refuses `credential-unavailable`.
 */
export function openChildSecrets({ resolve }: Secrets): (child: McpChild) => Promise<Credential> {
  const made = new WeakMap<
    McpChild,
    { readonly secrets: readonly string[]; readonly credential: Credential }
  >()
  return async (child) => {
    const references = Object.values(child.env).filter((value) => typeof value !== 'string')
    if (references.length === 0) return { kind: 'none', echoes: [] }
    try {
      const secrets = await Promise.all(references.map(resolve))
      const known = made.get(child)
      if (known?.secrets.every((secret, at) => secret === secrets[at])) return known.credential
      for (const [at, reference] of references.entries()) checkLength(secrets[at] ?? '', reference)
      const credential: Credential = { kind: 'none', echoes: echoesOf(secrets) }
      made.set(child, { secrets, credential })
      return credential
    } catch (cause) {
      throw new Refusal('credential-unavailable', { cause })
    }
  }
}
