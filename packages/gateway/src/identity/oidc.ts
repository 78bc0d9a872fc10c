import { hash } from 'node:crypto'
import { compactVerify } from 'jose'
import { Refusal } from '../call/refusal.ts'
import type { IssuerConfig } from '../config/config.ts'
import type { Limits } from '../config/limits.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { Party, Principal } from '../model/principal.ts'
import { assuranceFrom, isApplication } from './assurance.ts'
import { partiesFrom, triggersFrom } from './claims.ts'
import { type Fetch, type IssuerKeys, type KeyLimits, openIssuerKeys } from './issuer-keys.ts'
import type { Person } from './person.ts'
import { sessionId } from './session-id.ts'
import { checkClaims, checkHeader, readToken, scopesFrom } from './token.ts'

export type Oidc = {
  /**
   * Who presents this access token. Refuses `unauthenticated`; the detail says which check failed and
   * never what the token holds. `sessionName` is the caller's own name for the conversation. A token that lacks one
   * of the scopes is refused as `scope-exceeded`, with all of them in the fact `scopes`.
   */
  readonly verify: (
    token: string,
    sessionName: string | undefined,
    wanted?: Wanted,
  ) => Promise<Principal>
  /** The same for the admin API's audience: only a person, and only one acting for themselves. */
  readonly verifyAdmin: (token: string) => Promise<Person>
  /** Gives up what is being fetched. Nothing verifies afterwards that needs a fetch. */
  readonly close: () => void
}

/** What a token has to be, beyond what its issuer's configuration says. */
export type Wanted = {
  /** Meant for one of these (RFC 8707 section 2), instead of the issuer's audiences. Empty: no token is. */
  readonly audience?: readonly string[] | undefined
  /** It carries all of them (RFC 6749 section 3.3). */
  readonly scopes?: readonly string[] | undefined
  /** What the token came in. A call presents it again right before its intent, and it is hashed once. */
  readonly proof?: object | undefined
}

type Verified = {
  readonly subject: Party
  readonly actors: readonly Party[]
  readonly triggeredBy: readonly string[]
  readonly issuer: string
  readonly credential: string
  readonly expiresAt: number
  readonly seed: string
  readonly assurance: Person['assurance']
  /** The token was given to a program for itself: no person took part. */
  readonly ofApplication: boolean
  readonly scopes: ReadonlySet<string>
  /** When the cache forgets it. */
  readonly recheckAt: number
  /** The conversation it was last used in: most callers have one at a time. */
  latest?: { readonly sessionName: string | undefined; readonly principal: Principal }
}

/** Tokens of several issuers, side by side. `now` gives Unix milliseconds. */
export function openOidc(
  issuers: readonly IssuerConfig[],
  room: {
    readonly now: () => number
    readonly limits: KeyLimits &
      Pick<Limits, 'clockLeewayMs' | 'tokenCacheEntries' | 'tokenCacheMs'>
    readonly fetch?: Fetch
  },
): Oidc {
  const { now, limits } = room
  const closing = new AbortController()
  const fetchWith: Fetch = room.fetch ?? ((url, options) => fetch(url, options))
  const keys = new Map(
    issuers.map((issuer) => {
      const options = { fetch: fetchWith, now, limits, signal: closing.signal }
      return [issuer, openIssuerKeys(issuer, options)] as const
    }),
  )
  const remembered = new Map<string, Verified>()
  const digests = new WeakMap<object, string>()

  const digestOf = (token: string, proof: object | undefined): string => {
    const digest = (proof && digests.get(proof)) ?? hash('sha256', token, 'hex')
    if (proof) digests.set(proof, digest)
    return digest
  }
  const verifyCall = async (
    token: string,
    { audience, proof }: Pick<Wanted, 'audience' | 'proof'>,
  ): Promise<Verified> => {
    const digest = digestOf(token, proof)
    // What it was once accepted for is part of the key: a token for one resource is not one for another.
    const memory = audience ? `${digest} ${JSON.stringify(audience)}` : digest
    const known = remembered.get(memory)
    if (known && now() < known.recheckAt) return known
    remembered.delete(memory)
    const verified = await verifyToken(token, {
      digest,
      issuers,
      keys,
      now,
      leewayMs: limits.clockLeewayMs,
      audiencesOf: (issuer) => audience ?? issuer.audiences,
    })
    const recheckAt = Math.min(
      verified.expiresAt + limits.clockLeewayMs,
      now() + limits.tokenCacheMs,
    )
    const entry: Verified = { ...verified, recheckAt }
    // First in, first out: only tokens that verified get here, so strangers cannot push others out.
    for (const oldest of remembered.keys()) {
      if (remembered.size < limits.tokenCacheEntries) break
      remembered.delete(oldest)
    }
    remembered.set(memory, entry)
    return entry
  }
  return {
    verify: async (token, sessionName, { audience, scopes = [], proof } = {}) => {
      const verified = await verifyCall(token, { audience, proof })
      if (!scopes.every((one) => verified.scopes.has(one))) throw lacksScope(scopes)
      if (!verified.latest || verified.latest.sessionName !== sessionName) {
        verified.latest = { sessionName, principal: principalOf(verified, sessionName) }
      }
      return verified.latest.principal
    },
    verifyAdmin: async (token) => {
      const digest = hash('sha256', token, 'hex')
      const verified = await verifyToken(token, {
        digest,
        issuers,
        keys,
        now,
        leewayMs: limits.clockLeewayMs,
        audiencesOf: (issuer) => issuer.adminAudiences,
      })
      const { subject, actors, expiresAt, assurance, ofApplication } = verified
      // The kind is what the configuration makes of a token; that nobody took part is what the token says.
      if (subject.kind !== 'user' || actors.length > 0 || ofApplication) {
        throw new Refusal('unauthenticated', { detail: 'Only a person can sign in here.' })
      }
      return {
        subject,
        actors,
        authentication: { method: 'oidc', expiresAt },
        ...(assurance && { assurance }),
      }
    },
    close: () => closing.abort(),
  }
}

/** RFC 6750 section 3.1: which scopes are needed is told, which the token has is not. */
function lacksScope(scopes: readonly string[]): Refusal {
  return new Refusal('scope-exceeded', {
    detail: 'The access token lacks a scope that is needed here.',
    facts: { scopes },
  })
}

function principalOf(verified: Verified, sessionName: string | undefined): Principal {
  const { subject, actors, triggeredBy, issuer, credential, expiresAt, seed } = verified
  return {
    subject,
    actors,
    ...(triggeredBy.length > 0 && { triggeredBy }),
    authentication: { method: 'oidc', issuer, credential, expiresAt },
    session: sessionId({ parties: [subject, ...actors], seed }, sessionName),
  }
}

async function verifyToken(
  token: string,
  by: {
    readonly digest: string
    readonly issuers: readonly IssuerConfig[]
    readonly keys: ReadonlyMap<IssuerConfig, IssuerKeys>
    readonly now: () => number
    readonly leewayMs: number
    readonly audiencesOf: (issuer: IssuerConfig) => readonly string[]
  },
): Promise<Omit<Verified, 'recheckAt' | 'latest'>> {
  const unverified = readToken(token)
  // The unverified `iss` only chooses among the issuers that are configured; their keys decide.
  const issuer = by.issuers.find((one) => one.issuer === unverified.iss)
  const published = issuer && by.keys.get(issuer)
  if (!issuer || !published) {
    throw new Refusal('unauthenticated', { detail: 'The token’s issuer is not accepted here.' })
  }
  checkHeader(unverified, issuer)
  const key = await published.keyFor(unverified)
  const payload = await compactVerify(token, key, { algorithms: [unverified.alg] }).then(
    (verified) => verified.payload,
    (cause: unknown) => {
      throw new Refusal('unauthenticated', {
        detail: 'The token’s signature does not hold.',
        cause,
      })
    },
  )
  const claims: Json = JSON.parse(Buffer.from(payload).toString('utf8'))
  if (!isJsonObject(claims)) throw new Refusal('unauthenticated')
  const { expiresAt, seed } = checkClaims(claims, {
    issuer,
    audiences: by.audiencesOf(issuer),
    typ: unverified.typ,
    now: by.now(),
    leewayMs: by.leewayMs,
  })
  return {
    ...partiesFrom(claims, { issuer, issuers: by.issuers }),
    triggeredBy: triggersFrom(claims, { issuer, issuers: by.issuers }),
    assurance: assuranceFrom(claims, { now: by.now(), leewayMs: by.leewayMs }),
    ofApplication: isApplication(claims, issuer),
    scopes: scopesFrom(claims),
    issuer: issuer.name,
    credential: `sha256:${by.digest}`,
    expiresAt,
    seed: `${issuer.name}:${seed ?? by.digest}`,
  }
}
