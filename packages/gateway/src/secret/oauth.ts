import { createHash } from 'node:crypto'
import type { Limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { OauthClient } from '../model/secret.ts'
import { clientAssertion } from './client-assertion.ts'

export type OauthTokens = {
  /**
   * An access token for this client, from memory while it counts. A token that ends soon is replaced beside the calls
   * that still get it; who comes while one is fetched waits for that one. `secret` is the client's at this moment: a
   * token that was got with another one is not used any more. Throws an Error that says what went wrong and holds
   * nothing that the server wrote.
   */
  readonly tokenOf: (client: OauthClient, secret: string) => Promise<string>
  /**
   * An upstream did not take this token: it may have been revoked, so the next call has a new one fetched. Not again
   * at once: an upstream that takes none would have one fetched for every call.
   */
  readonly refused: (text: string) => void
  /** Gives up what is being fetched. */
  readonly close: () => Promise<void>
}

export type OauthLimits = Pick<
  Limits,
  | 'oauthTokenMs'
  | 'oauthAnswerBytes'
  | 'oauthTokenChars'
  | 'oauthTokens'
  | 'oauthTokenEarlyMs'
  | 'oauthTokenUnsaidMs'
  | 'oauthTokenMsMax'
  | 'oauthRetryMs'
  | 'oauthAssertionMs'
>

type Token = {
  readonly text: string
  /** By the clock of the room: when it no longer counts, and from when on it is replaced. */
  readonly endsAt: number
  readonly renewAt: number
}

/** What is known of one client with one secret. */
type Place = {
  token?: Token
  fetching?: Promise<Token>
  /** Until when no token is given up because it was refused. */
  keptUntil?: number
  /** Why the last attempt failed, and until when nobody tries again. */
  failed?: { readonly error: Error; readonly until: number }
}

/**
 * Tokens of the client credentials grant (RFC 6749 section 4.4), in memory only. `now` is a steady clock in
 * milliseconds: a wall clock that is set back would make a token count for longer.
 */
export function openOauthTokens(room: {
  readonly now: () => number
  readonly limits: OauthLimits
}): OauthTokens {
  const { now, limits } = room
  const closing = new AbortController()
  const places = new Map<string, Place>()

  const placeOf = (client: OauthClient, secret: string): Place => {
    const key = keyOf(client, secret)
    const known = places.get(key)
    if (known) return known
    for (const oldest of places.keys()) {
      if (places.size < limits.oauthTokens) break
      places.delete(oldest)
    }
    const place: Place = {}
    places.set(key, place)
    return place
  }
  const renew = (place: Place, client: OauthClient, secret: string): Promise<Token> => {
    place.fetching ??= fetchToken(client, secret, { limits, closing: closing.signal })
      .then(
        ({ text, lifeMs }) => {
          // Counted from the answer, so never longer than the server counts it by more than one way of the network.
          const at = now()
          const early = Math.min(limits.oauthTokenEarlyMs, lifeMs / 2)
          place.token = { text, endsAt: at + lifeMs, renewAt: at + lifeMs - early }
          delete place.failed
          return place.token
        },
        (thrown: unknown) => {
          const error = thrown instanceof Error ? thrown : new Error('unknown')
          place.failed = { error, until: now() + limits.oauthRetryMs }
          throw error
        },
      )
      .finally(() => {
        delete place.fetching
      })
    return place.fetching
  }
  return {
    tokenOf: async (client, secret) => {
      const place = placeOf(client, secret)
      const { token, failed } = place
      const isResting = failed !== undefined && now() < failed.until
      if (token && now() < token.endsAt) {
        // Whoever comes after its end is told why it failed; this call still has a token that counts.
        if (now() >= token.renewAt && !isResting)
          renew(place, client, secret).catch(() => undefined)
        return token.text
      }
      if (isResting) throw failed.error
      return (await renew(place, client, secret)).text
    },
    refused: (text) => {
      for (const place of places.values()) {
        if (place.token?.text !== text || now() < (place.keptUntil ?? 0)) continue
        place.keptUntil = now() + limits.oauthRetryMs
        delete place.token
      }
    },
    close: async () => closing.abort(),
  }
}

function keyOf(client: OauthClient, secret: string): string {
  const { tokenUrl, clientId, scope = '', resource = '', authentication, issuer = '' } = client
  const parts = [tokenUrl, clientId, scope, resource, authentication, issuer, secret]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

async function fetchToken(
  client: OauthClient,
  secret: string,
  given: { readonly limits: OauthLimits; readonly closing: AbortSignal },
): Promise<{ readonly text: string; readonly lifeMs: number }> {
  const { limits, closing } = given
  const { headers, form } = requestOf(client, secret, limits)
  const signal = AbortSignal.any([closing, AbortSignal.timeout(limits.oauthTokenMs)])
  const said = `The token endpoint of client ${client.clientId}`
  const asked = { method: 'POST', headers, body: form.toString(), signal }
  // A redirect could carry the secret to somebody else: it is an answer like any other that is not 200.
  const response = await fetch(client.tokenUrl, { ...asked, redirect: 'manual' }).catch(() => {
    throw new Error(`${said} could not be reached.`)
  })
  const answer = await readAnswer(response, limits.oauthAnswerBytes).catch(() => {
    throw new Error(`${said} broke off its answer, or said too much.`)
  })
  if (response.status !== 200) {
    throw new Error(`${said} answered ${response.status}${errorWord(answer)}.`)
  }
  const token = answer && tokenIn(answer, limits)
  if (!token) throw new Error(`${said} gave no bearer token that can be used.`)
  return token
}

/** RFC 6749 sections 2.3.1 and 4.4.2; `resource` of RFC 8707; what is signed, of RFC 7523 section 2.2. */
function requestOf(
  client: OauthClient,
  secret: string,
  { oauthAssertionMs: lifeMs }: OauthLimits,
): { readonly headers: Readonly<Record<string, string>>; readonly form: URLSearchParams } {
  const { clientId, scope, resource, authentication } = client
  const isBasic = authentication === 'basic'
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
    ...(!isBasic && { client_id: clientId }),
    ...(authentication === 'post' && { client_secret: secret }),
    ...(authentication === 'private_key_jwt' && {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: clientAssertion(client, secret, { now: Date.now(), lifeMs }),
    }),
  })
  // Both are form-encoded before they are joined, so that a colon in one of them ends nothing.
  const pair = `${formText(clientId)}:${formText(secret)}`
  return {
    form,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(isBasic && { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` }),
    },
  }
}

function formText(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** The JSON object of an answer; undefined where it is none. */
async function readAnswer(response: Response, bytesMax: number): Promise<JsonObject | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > bytesMax) throw new Error('too long')
    chunks.push(chunk)
  }
  try {
    const json: Json = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** RFC 6749 section 5.2 and RFC 8707 section 2: these words, and nothing else of what a server wrote. */
function errorWord(answer: JsonObject | undefined): string {
  return typeof answer?.error === 'string' && errorWords.has(answer.error) ? ` ${answer.error}` : ''
}

const errorWords: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
])

/** RFC 6749 section 5.1; the form of a bearer token is RFC 6750 section 2.1. */
function tokenIn(
  answer: JsonObject,
  limits: OauthLimits,
): { readonly text: string; readonly lifeMs: number } | undefined {
  const { access_token: text, token_type: type, expires_in: seconds } = answer
  if (typeof text !== 'string' || text.length > limits.oauthTokenChars) return undefined
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text)) return undefined
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined
  if (seconds === undefined) return { text, lifeMs: limits.oauthTokenUnsaidMs }
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined
  return { text, lifeMs: Math.min(seconds * 1_000, limits.oauthTokenMsMax) }
}
