/** A secret from the environment the gateway was started with. Throws when unset or empty. */
export function readEnvSecret(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined || value === '') {
    throw new Error(`The secret in environment variable ${name} is not set.`)
  }
  return value
}
