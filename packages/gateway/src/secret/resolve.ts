import type { SecretReference } from '../model/secret.ts'
import { readEnvSecret } from './env.ts'
import { type FileSecrets, openFileSecrets } from './file.ts'

export type Secrets = {
  /**
   * The value behind a reference, read anew when its source changed. Throws an Error that names the
   * reference and never the value: the caller shows it as `credential-unavailable`.
   */
  readonly resolve: (reference: SecretReference) => Promise<string>
}

/** Every kind of reference has one reader, and this is the list. */
export function openSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  const files: FileSecrets = openFileSecrets()
  return {
    resolve: async (reference) =>
      'env' in reference ? readEnvSecret(env, reference.env) : files.read(reference.file),
  }
}
