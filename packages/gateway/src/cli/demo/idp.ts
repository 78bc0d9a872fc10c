import { once } from 'node:events'
import { createServer } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Context, Provider } from 'oidc-provider'

export type TokenWish = {
  readonly sub: string
  /** The gateway's audience, unless another is asked for. */
  readonly aud?: string
  readonly groups?: readonly string[]
  /** RFC 8693 section 4.1, e.g. `{ sub: 'triage-bot', groups: ['agents'] }`. */
  readonly act?: Readonly<Record<string, unknown>>
  /** Any other claims. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly expiresInSeconds?: number
}

/** An OpenID provider on loopback that vouches for whatever it is asked to. Only for tests and the demo. */
export type Idp = {
  readonly issuer: string
  /** An access token (RFC 9068) from the token endpoint, by token exchange (RFC 8693). */
  readonly token: (wish: TokenWish) => Promise<string>
  /** Any header and claims under the current signing key: what a broken issuer might do. */
  readonly sign: (
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ) => Promise<string>
  /** The current signing key, as its key set publishes it. */
  readonly publicKey: () => Promise<Readonly<Record<string, unknown>>>
  /** A new signing key; the old one is no longer published. */
  readonly rotate: () => Promise<void>
  /** How often the key set was fetched. */
  readonly keySetFetches: () => number
  readonly close: () => Promise<void>
}

export type IdpOptions = {
  /** `aud` of tokens that do not ask for another. */
  readonly audience?: string
  readonly alg?: 'ES256' | 'RS256' | 'PS256' | 'EdDSA'
  /** 0 takes any free one. A provider that comes back at its old address takes that one. */
  readonly port?: number
}

const clientId = 'sallyport-test'
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

export async function startIdp(options: IdpOptions = {}): Promise<Idp> {
  const { audience = 'sallyport', alg = 'ES256', port = 0 } = options
  let serve: ReturnType<Provider['callback']> | undefined
  let keySetFetches = 0
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keySetFetches += 1
    if (serve) serve(request, response)
    else response.writeHead(503).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const issuer = `http://127.0.0.1:${address.port}`

  let generation = 0
  const next = async (): Promise<SigningKey> => {
    generation += 1
    const key = await newSigningKey(alg, `key-${generation}`)
    serve = await openProvider(issuer, key)
    return key
  }
  let key = await next()
  return {
    issuer,
    token: (wish) => fetchToken(issuer, { aud: audience, ...wish }),
    sign: (claims, header = {}) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg, kid: key.kid, typ: 'at+jwt', ...header })
        .sign(key.privateKey),
    publicKey: async () => ({ ...(await exportJWK(key.publicKey)), kid: key.kid, alg }),
    rotate: async () => {
      key = await next()
    },
    keySetFetches: () => keySetFetches,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type SigningKey = {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}

async function newSigningKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, publicKey }
}

async function openProvider(
  issuer: string,
  key: SigningKey,
): Promise<ReturnType<Provider['callback']>> {
  const jwk = { ...(await exportJWK(key.privateKey)), kid: key.kid, alg: key.alg, use: 'sig' }
  const provider = new Provider(issuer, {
    adapter: MemoryAdapter,
    jwks: { keys: [jwk] },
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: [exchange],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: key.alg,
      },
    ],
    clientDefaults: { id_token_signed_response_alg: key.alg },
    enabledJWA: { idTokenSigningAlgValues: [key.alg] },
    extraTokenClaims: (context: Context) => {
      const { groups, act, claims } = wishOf(context)
      return { ...claims, ...(groups && { groups }), ...(act && { act }) }
    },
    ttl: { AccessToken: (context: Context) => wishOf(context).expiresInSeconds ?? 3600 },
    features: { devInteractions: { enabled: false }, resourceIndicators: { enabled: true } },
  })
  const handler = (context: Context) => answerExchange(provider, context, key.alg)
  provider.registerGrantType(exchange, handler, ['subject_token'])
  return provider.callback()
}

/** The subject token is the wish itself: this provider believes everybody. */
function wishOf({ oidc }: Context): TokenWish {
  return JSON.parse(oidc.params.subject_token ?? '{}')
}

async function answerExchange(provider: Provider, context: Context, alg: string): Promise<void> {
  const { sub, aud = '', expiresInSeconds = 3600 } = wishOf(context)
  const token = new provider.AccessToken({ client: context.oidc.client, accountId: sub })
  token.resourceServer = new provider.ResourceServer(`urn:${aud}`, {
    audience: aud,
    scope: '',
    accessTokenTTL: expiresInSeconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg } },
  })
  context.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: token.expiration,
  }
}

async function fetchToken(issuer: string, wish: TokenWish): Promise<string> {
  const form = { grant_type: exchange, client_id: clientId, subject_token: JSON.stringify(wish) }
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  const answer: { readonly access_token?: unknown } = JSON.parse(text)
  if (typeof answer.access_token !== 'string') {
    throw new Error(`The test identity provider answered ${response.status}: ${text}`)
  }
  return answer.access_token
}

/** What the provider wants to remember; it starts anew with every provider. */
class MemoryAdapter {
  readonly #entries = new Map<string, unknown>()

  async upsert(id: string, payload: unknown): Promise<void> {
    this.#entries.set(id, payload)
  }
  async find(id: string): Promise<unknown> {
    return this.#entries.get(id)
  }
  async destroy(id: string): Promise<void> {
    this.#entries.delete(id)
  }
}
