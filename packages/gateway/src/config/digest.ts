import { createHmac } from 'node:crypto'
import type { Config } from './config.ts'

/**
 * Names a configuration in the log (`emitter.start`): `hmac-sha256:` and 64 hexadecimal digits, the same for the
 * same one. Under a key of the home: a plain hash would let everybody test guesses of what is secret in it.
 */
export function configDigest(config: Config, key: Uint8Array): string {
  const text = `sallyport config\n${JSON.stringify(config)}`
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`
}
