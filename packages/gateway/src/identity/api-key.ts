import { timingSafeEqual } from 'node:crypto'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Party, Principal } from '../model/principal.ts'
import { isKeyText, keyHash, newKeyText } from './key-text.ts'
import { sessionId } from './session-id.ts'

/** `key` is shown once and kept nowhere; `record` is what the store keeps. */
export type IssuedKey = { readonly key: string; readonly record: ApiKey }

/**
 * Makes a key for a caller without an identity provider. Times are Unix milliseconds. Throws a
 * RangeError for an empty scope or a lifetime that is over or beyond a year: keys always expire.
 */
export function issueKey(wanted: {
  readonly name: string
  readonly kind: ApiKey['kind']
  readonly groups: readonly string[]
  readonly scope: readonly string[]
  readonly expiresAt: number
  readonly createdBy: string
  readonly now: number
}): IssuedKey {
  const { now, ...described } = wanted
  if (wanted.scope.length === 0) throw new RangeError('A key needs a scope.')
  const lifetimeMs = wanted.expiresAt - now
  if (!(lifetimeMs > 0 && lifetimeMs <= limits.apiKeyLifetimeMsMax)) {
    throw new RangeError('A key has to expire, within a year.')
  }
  const key = newKeyText('spk')
  const hash = keyHash(key)
  // Public and unique as the hash is; not reversible to it, let alone to the key.
  const id = `key_${keyHash(`id:${hash}`).slice(0, 16)}`
  return { key, record: { ...described, id, hash, createdAt: now } }
}

/**
 * The principal behind a key. Refuses `unauthenticated`; unknown and malformed keys are not told apart.
 * A key's holder calls for itself: nobody acts for anybody.
 */
export async function verifyKey(
  key: string,
  {
    lookup,
    now,
    sessionName,
  }: {
    readonly lookup: (hash: string) => Promise<ApiKey | undefined>
    readonly now: number
    readonly sessionName: string | undefined
  },
): Promise<Principal> {
  const unknown = new Refusal('unauthenticated', { detail: 'The API key is not known.' })
  if (!isKeyText('spk', key)) throw unknown
  const hash = keyHash(key)
  const record = await lookup(hash)
  // The store found it by this hash; comparing again keeps a wrong lookup from letting anyone in.
  if (!record || !sameHash(record.hash, hash)) throw unknown
  refuseEnded(record, now)
  const subject: Party = { kind: record.kind, id: `key:${record.id}`, groups: record.groups }
  return {
    subject,
    actors: [],
    authentication: {
      method: 'api-key',
      issuer: 'key',
      credential: `sha256:${hash}`,
      expiresAt: record.expiresAt,
    },
    scope: record.scope,
    session: sessionId({ parties: [subject], seed: record.id }, sessionName),
  }
}

/** Refuses `unauthenticated`: a key says for how long its holder may do anything. */
export function refuseEnded(
  { revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  now: number,
): void {
  if (revokedAt !== undefined) {
    throw new Refusal('unauthenticated', { detail: 'The API key was revoked.' })
  }
  if (!(now < expiresAt)) {
    throw new Refusal('unauthenticated', { detail: 'The API key has expired.' })
  }
}

/** Takes the same time wherever the two differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8')
  const right = Buffer.from(b, 'utf8')
  return left.length === right.length && timingSafeEqual(left, right)
}
