import { Refusal } from '../call/refusal.ts'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { claimAt } from './claims.ts'

/** A token taken apart. Nothing in it has been verified. */
export type UnverifiedToken = {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string
  readonly iss: string
}

/** Reads a JWT in compact form (RFC 7519). Refuses `unauthenticated` for what no issuer here could have made. */
export function readToken(token: string): UnverifiedToken {
  if (token.length > limits.tokenBytes) throw refused('The token is too long.')
  const [header, payload, ...rest] = token.split('.')
  const unreadable = refused('The token is not a signed JWT.')
  if (header === undefined || payload === undefined || rest.length !== 1 || rest[0] === '') {
    throw unreadable
  }
  const head = readPart(header)
  const claims = readPart(payload)
  if (!head || !claims) throw unreadable
  const { alg, kid, typ } = head
  if (typeof alg !== 'string' || alg === 'none') throw refused('The token is not signed.')
  // RFC 7515 section 4.1.11: extensions we do not know must not be ignored, and we know none.
  if (head.crit !== undefined || head.b64 !== undefined) {
    throw refused('The token needs an extension that is not known here.')
  }
  if (kid !== undefined && typeof kid !== 'string') throw unreadable
  if (typ !== undefined && typeof typ !== 'string') throw unreadable
  if (typeof claims.iss !== 'string') throw refused('The token names no issuer.')
  return { alg, kid, typ: plainType(typ), iss: claims.iss }
}

/** RFC 7515 section 4.1.9: `application/` may be left out, and letter case does not count. */
function plainType(typ: string | undefined): string {
  return typ === undefined ? 'none' : typ.toLowerCase().replace(/^application\//, '')
}

function readPart(part: string): JsonObject | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined
  try {
    const json: Json = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** What may be said of a header before any key is touched. */
export function checkHeader({ alg, typ }: UnverifiedToken, issuer: IssuerConfig): void {
  if (!issuer.algorithms.some((one) => one === alg)) {
    throw refused('The token is signed with an algorithm that is not accepted here.')
  }
  if (!issuer.types.includes(typ)) throw refused('The token is not an access token.')
}

/**
 * Checks the claims of a token whose signature holds (RFC 7519 section 4.1, RFC 9068 section 4). `now` is
 * Unix milliseconds. Returns the time from which the token no longer counts, and what tells one
 * sign-in from another.
 */
export function checkClaims(
  claims: JsonObject,
  wanted: {
    readonly issuer: IssuerConfig
    readonly audiences: readonly string[]
    readonly typ: string
    readonly now: number
    readonly leewayMs: number
  },
): { readonly expiresAt: number; readonly seed: string | undefined } {
  const { issuer, audiences, typ, now, leewayMs } = wanted
  // The unverified claim chose the issuer; the verified one has to agree.
  if (claims.iss !== issuer.issuer) throw refused('The token is from another issuer.')
  const named: readonly Json[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud ?? null]
  if (!named.some((one) => typeof one === 'string' && audiences.includes(one))) {
    throw refused('The token is meant for another audience.')
  }
  const expiresAt = timeOf(claims, 'exp')
  if (expiresAt === undefined) throw refused('The token never expires.')
  if (expiresAt + leewayMs <= now) throw refused('The token has expired.')
  const from = timeOf(claims, 'nbf')
  if (from !== undefined && from - leewayMs > now) {
    throw refused('The token is not valid yet.')
  }
  const issuedAt = timeOf(claims, 'iat')
  if (issuedAt !== undefined && issuedAt - leewayMs > now) {
    throw refused('The token was issued in the future.')
  }
  // An ID token tells a client who signed in; whoever holds it was not thereby allowed to call us.
  const ofIdToken = ['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined)
  if (ofIdToken && typ !== 'at+jwt') throw refused('The token is not an access token.')
  if (issuer.authorizedParties) {
    const party = claims.azp ?? claims.client_id
    if (typeof party !== 'string' || !issuer.authorizedParties.includes(party)) {
      throw refused('The token was issued to a client that is not accepted here.')
    }
  }
  const seed = claimAt(claims, 'sid') ?? claimAt(claims, 'jti')
  return { expiresAt, seed: typeof seed === 'string' ? seed : undefined }
}

/**
 * What the token was granted: `scope`, separated by spaces (RFC 8693 section 4.2), or `scp` of providers that say it
 * so, as such a text or a list. Two claims that differ count together only where both say it.
 */
export function scopesFrom({ scope, scp }: JsonObject): ReadonlySet<string> {
  const said = [scope, scp].filter((claim) => claim !== undefined).map(scopeTokens)
  const [first = new Set<string>(), ...others] = said
  return others.reduce((both, one) => both.intersection(one), first)
}

/** What cannot be read grants nothing. */
function scopeTokens(claim: Json): Set<string> {
  const listed = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
  return new Set(listed.filter((one) => typeof one === 'string' && one !== ''))
}

/** A NumericDate in Unix milliseconds. */
function timeOf(claims: JsonObject, name: 'exp' | 'nbf' | 'iat'): number | undefined {
  const seconds = claims[name]
  if (seconds === undefined) return undefined
  const ms = typeof seconds === 'number' ? Math.floor(seconds * 1_000) : Number.NaN
  if (!Number.isSafeInteger(ms) || ms < 0) throw refused(`The token’s \`${name}\` cannot be read.`)
  return ms
}

function refused(detail: string): Refusal {
  return new Refusal('unauthenticated', { detail })
}
