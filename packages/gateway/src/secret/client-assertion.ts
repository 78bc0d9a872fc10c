import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { OauthClient } from '../model/secret.ts'

/**
 * What a client signs to prove itself (RFC 7523 sections 2.2 and 3; `private_key_jwt`), for one use. `pem`: its private
 * key, RSA or of P-256, P-384 or Ed25519. `now`, `lifeMs`: milliseconds. Throws an Error that holds nothing of the key.
 */
export function clientAssertion(
  { clientId, issuer, tokenUrl }: Pick<OauthClient, 'clientId' | 'issuer' | 'tokenUrl'>,
  pem: string,
  { now, lifeMs }: { readonly now: number; readonly lifeMs: number },
): string {
  const key = keyIn(pem, clientId)
  const { alg, digest } = signingBy(key, clientId)
  const claims = {
    ...{ iss: clientId, sub: clientId, aud: issuer ?? tokenUrl, jti: randomUUID() },
    ...{ iat: Math.floor(now / 1_000), exp: Math.floor((now + lifeMs) / 1_000) },
  }
  const text = `${encoded({ alg, typ: 'JWT' })}.${encoded(claims)}`
  // RFC 7518 section 3.4: both numbers as they are, not in DER.
  const signature = sign(digest, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

function keyIn(pem: string, clientId: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // What the library says of a key could hold something of it.
    throw new Error(`The key of client ${clientId} is no private key in PEM.`)
  }
}

type Signing = { readonly alg: string; readonly digest: string | null }

/** RFC 7518 section 3.1; RFC 8037 section 3.1. */
function signingBy({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, of: string): Signing {
  const found = algorithms.get(asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? '')
  if (!found) throw new Error(`The key of client ${of} is of a kind that it cannot sign with.`)
  return found
}

const algorithms: ReadonlyMap<string, Signing> = new Map([
  ['rsa', { alg: 'RS256', digest: 'sha256' }],
  ['prime256v1', { alg: 'ES256', digest: 'sha256' }],
  ['secp384r1', { alg: 'ES384', digest: 'sha384' }],
  ['ed25519', { alg: 'EdDSA', digest: null }],
])

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
