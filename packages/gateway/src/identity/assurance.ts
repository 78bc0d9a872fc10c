import type { IssuerConfig } from '../config/config.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { claimAt } from './claims.ts'
import type { Person } from './person.ts'

/**
 * How and when a person proved who they are (OpenID Connect Core section 2, RFC 9068 section 2.2.1). What cannot
 * be read says nothing, so it proves nothing. Undefined without a time of its own that has come: `iat` is when
 * the token was made, which may be long after. `now` is Unix milliseconds.
 */
export function assuranceFrom(
  { acr, amr, auth_time: time }: JsonObject,
  { now, leewayMs }: { readonly now: number; readonly leewayMs: number },
): Person['assurance'] {
  const signedInAt = typeof time === 'number' ? Math.floor(time * 1_000) : Number.NaN
  if (!Number.isSafeInteger(signedInAt) || signedInAt < 0) return undefined
  // A time to come would look fresh for as long as it takes to get there.
  if (signedInAt - leewayMs > now) return undefined
  const methods = Array.isArray(amr) && amr.length <= methodsMax ? amr.filter(isPlain) : []
  return {
    ...(isPlain(acr) && { acr }),
    amr: methods,
    signedInAt: Math.min(signedInAt, now),
  }
}

/** RFC 8176 registers two dozen methods; nobody uses more than a few at once. */
const methodsMax = 32

/** As much as an `acr` URI has, and nothing that could not be shown. */
function isPlain(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value)
}

/**
 * Whether a token was given to a program for itself, by client credentials. RFC 9068 section 2.2: its `sub` then
 * names the client, as `client_id` does (`azp` at providers from before it, `cid` at Okta). Some give clients
 * subjects of their own and say it elsewhere: `gty` of Auth0, `idtyp` of Microsoft Entra (an optional claim there:
 * add it), the user name of Keycloak's service accounts. At any other that does so it takes a rule under `kinds`.
 */
export function isApplication(claims: JsonObject, { subjectClaim }: IssuerConfig): boolean {
  const clients = [claims.client_id, claims.azp, claims.cid].filter((one) => one !== undefined)
  const subjects = [claims.sub, claimAt(claims, subjectClaim)]
  if (clients.some((client) => subjects.includes(client))) return true
  const { preferred_username: name } = claims
  if (typeof name === 'string' && name.startsWith('service-account-')) {
    const client = name.slice('service-account-'.length)
    // Keycloak writes user names in lower case, and client ids as they are.
    if (clients.some((one) => typeof one === 'string' && one.toLowerCase() === client)) return true
  }
  return claims.gty === 'client-credentials' || claims.idtyp === 'app'
}
