import { type CryptoKey, importJWK, type JWK } from 'jose'
import { Refusal } from '../call/refusal.ts'
import { allowedScheme } from '../config/allowed-scheme.ts'
import type { IssuerConfig } from '../config/config.ts'
import type { Limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

export type Fetch = (
  url: string,
  options: { readonly signal: AbortSignal; readonly redirect: 'error' },
) => Promise<Response>

export type KeyLimits = Pick<
  Limits,
  | 'identityFetchBytes'
  | 'identityFetchMs'
  | 'jwksMaxAgeMs'
  | 'jwksRefetchMs'
  | 'jwksRetryMs'
  | 'jwksStaleMs'
>

export type IssuerKeys = {
  /** The one key that may have signed such a token. Refuses `unauthenticated` when there is none, or several. */
  readonly keyFor: (token: {
    readonly alg: string
    readonly kid: string | undefined
  }) => Promise<CryptoKey>
}

type KeySet = {
  readonly keys: readonly JsonObject[]
  readonly fetchedAt: number
  /** Ready for use, by algorithm and place; they live and die with their set. */
  readonly imported: Map<string, CryptoKey>
}

/**
 * The public keys of one issuer, found by OpenID Connect Discovery and kept. An unknown key id fetches
 * them again, at a bounded rate; while the issuer cannot be reached, the keys in hand go on counting.
 */
export function openIssuerKeys(
  issuer: IssuerConfig,
  room: {
    readonly fetch: Fetch
    readonly now: () => number
    readonly limits: KeyLimits
    readonly signal: AbortSignal
  },
): IssuerKeys {
  const { now, limits } = room
  let held: KeySet | undefined
  let underWay: Promise<void> | undefined
  let failure: { readonly at: number; readonly cause: unknown } | undefined
  let lastForUnknown = Number.NEGATIVE_INFINITY

  const refresh = () => {
    underWay ??= fetchKeys(issuer, room)
      .then((keys) => {
        held = { keys, fetchedAt: now(), imported: new Map() }
        failure = undefined
      })
      .catch((cause: unknown) => {
        failure = { at: now(), cause }
      })
      .finally(() => {
        underWay = undefined
      })
    return underWay
  }
  const current = async (): Promise<KeySet> => {
    const due = !held || now() - held.fetchedAt >= limits.jwksMaxAgeMs
    // With keys in hand a failing issuer is left alone for longer: nobody has to wait for it.
    const pauseMs = held ? limits.jwksRefetchMs : limits.jwksRetryMs
    if (due && (!failure || now() - failure.at >= pauseMs)) await refresh()
    if (held && now() - held.fetchedAt < limits.jwksStaleMs) return held
    throw new Refusal('unauthenticated', {
      detail: 'The issuer’s keys could not be fetched.',
      cause: failure?.cause,
    })
  }
  const mayFetchForUnknown = () => {
    if (now() - lastForUnknown < limits.jwksRefetchMs) return false
    lastForUnknown = now()
    return true
  }
  return {
    keyFor: async (token) => {
      let set = await current()
      if (matching(set.keys, token).length === 0 && mayFetchForUnknown()) {
        await refresh()
        set = held ?? set
      }
      const [jwk, another] = matching(set.keys, token)
      if (!jwk || another) {
        throw new Refusal('unauthenticated', {
          detail: 'The token is signed with a key its issuer does not publish.',
        })
      }
      const name = `${token.alg} ${set.keys.indexOf(jwk)}`
      const known = set.imported.get(name)
      if (known) return known
      const key = await importPublic(jwk, token.alg)
      set.imported.set(name, key)
      return key
    },
  }
}

const curves: Readonly<Record<string, readonly [kty: string, ...crv: string[]]>> = {
  RS256: ['RSA'],
  PS256: ['RSA'],
  ES256: ['EC', 'P-256'],
  ES384: ['EC', 'P-384'],
  ES512: ['EC', 'P-521'],
  EdDSA: ['OKP', 'Ed25519'],
  Ed25519: ['OKP', 'Ed25519'],
}

/** Keys meant for signatures of this algorithm, by this id when the token names one. */
function matching(
  keys: readonly JsonObject[],
  { alg, kid }: { readonly alg: string; readonly kid: string | undefined },
): readonly JsonObject[] {
  const [kty, crv] = curves[alg] ?? []
  return keys.filter(
    (key) =>
      kty !== undefined &&
      key.kty === kty &&
      (crv === undefined || key.crv === crv) &&
      (kid === undefined || key.kid === kid) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (key.key_ops === undefined || (Array.isArray(key.key_ops) && key.key_ops.includes('verify'))),
  )
}

async function importPublic(jwk: JsonObject, alg: string): Promise<CryptoKey> {
  const part = (name: string) => {
    const value = jwk[name]
    return typeof value === 'string' ? { [name]: value } : {}
  }
  // Only the public members: a set that published a private key must not turn it into ours.
  const parts: JWK = Object.assign({}, ...['kty', 'crv', 'n', 'e', 'x', 'y'].map(part))
  try {
    const key = await importJWK(parts, alg)
    if (key instanceof Uint8Array) throw new Error('a symmetric key')
    return key
  } catch (cause) {
    throw new Refusal('unauthenticated', {
      detail: 'The issuer’s key cannot be used.',
      cause,
    })
  }
}

/** OpenID Connect Discovery 1.0 section 4: the document has to be about the issuer it was asked for. */
async function fetchKeys(
  { issuer, insecureHttp }: IssuerConfig,
  room: Parameters<typeof openIssuerKeys>[1],
): Promise<readonly JsonObject[]> {
  const base = issuer.replace(/\/$/, '')
  const document = await fetchJson(`${base}/.well-known/openid-configuration`, room)
  if (document.issuer !== issuer) throw new Error('The discovery document is of another issuer.')
  const { jwks_uri: url } = document
  if (typeof url !== 'string' || !allowedScheme(url, insecureHttp)) {
    throw new Error('The discovery document names no usable `jwks_uri`.')
  }
  const { keys } = await fetchJson(url, room)
  if (!Array.isArray(keys)) throw new Error('The key set has no `keys`.')
  return keys.filter(isJsonObject)
}

async function fetchJson(
  url: string,
  { fetch, limits, signal }: Parameters<typeof openIssuerKeys>[1],
): Promise<JsonObject> {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.identityFetchMs)]),
    redirect: 'error',
  })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > limits.identityFetchBytes) throw new Error(`The answer of ${url} is too long.`)
    chunks.push(chunk)
  }
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`)
  const json: Json = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  if (!isJsonObject(json)) throw new Error(`The answer of ${url} is not a JSON object.`)
  return json
}
