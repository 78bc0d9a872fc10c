import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import { limits } from '../config/limits.ts'
import { configSchema } from '../config/schema.ts'
import { openOidc } from './oidc.ts'

/** The real flows of a real OpenID provider, by plain HTTP: what comes out of each, and whether it may call. */
type Flow = {
  readonly base: string
  readonly resource: string
}
type Tokens = { readonly access_token: string; readonly id_token?: string }

const redirect = 'https://cli.example/done'

async function clientCredentials({ base, resource }: Flow): Promise<Tokens> {
  return tokensFrom(base, {
    grant_type: 'client_credentials',
    client_id: 'ci',
    client_secret: 'ci-secret',
    resource,
    scope: 'call',
  })
}

/** RFC 6749 section 4.1 with RFC 7636: a person signs in with a browser, which is a cookie jar here. */
async function authorizationCode({ base, resource }: Flow): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url')
  const start = new URL(`${base}/auth`)
  start.search = new URLSearchParams({
    client_id: 'cli',
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid call',
    resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const cookies = new Map<string, string>()
  let at = start.href
  for (let steps = 0; !at.startsWith(redirect); steps++) {
    assert.ok(steps < 10, 'the sign-in goes in circles')
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    const location = response.headers.get('location')
    assert.ok(location, await response.text())
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    at = new URL(location, at).href
  }
  const code = new URL(at).searchParams.get('code')
  assert.ok(code, at)
  return tokensFrom(base, {
    grant_type: 'authorization_code',
    client_id: 'cli',
    redirect_uri: redirect,
    code,
    code_verifier: verifier,
    resource,
  })
}

async function tokensFrom(base: string, form: Record<string, string>): Promise<Tokens> {
  const response = await fetch(`${base}/token`, { method: 'POST', body: new URLSearchParams(form) })
  assert.equal(response.status, 200, await response.clone().text())
  const tokens: Tokens = JSON.parse(await response.text())
  return tokens
}

// oidc-provider has no types of its own; what these tests touch of it is said here.
type FullProvider = Provider & {
  interactionFinished: (
    request: IncomingMessage,
    response: ServerResponse,
    result: { readonly login: Readonly<Record<string, unknown>> },
  ) => Promise<void>
}
type Grant = {
  addOIDCScope: (scope: string) => void
  addResourceScope: (resource: string, scope: string) => void
  save: () => Promise<string>
}
type TokenMade = { readonly accountId?: string }
type ClaimsContext = {
  readonly oidc: {
    readonly entities: { readonly AuthorizationCode?: Readonly<Record<string, unknown>> }
  }
}
type GrantContext = {
  readonly oidc: {
    readonly client: { readonly clientId: string }
    readonly session: { readonly accountId: string }
    readonly provider: { readonly Grant: new (of: object) => Grant }
  }
}

const resource = 'https://gateway.example'
const ttl = () => 600

async function configuration(): Promise<Readonly<Record<string, unknown>>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const client = { id_token_signed_response_alg: 'ES256', token_endpoint_auth_method: 'none' }
  const ci = { client_id: 'ci', client_secret: 'ci-secret', redirect_uris: [], response_types: [] }
  const cli = { client_id: 'cli', redirect_uris: [redirect] }
  const ttls = ['AccessToken', 'ClientCredentials', 'Grant', 'IdToken', 'Interaction', 'Session']
  return {
    adapter: MemoryAdapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        ...client,
        ...ci,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
      },
      { ...client, ...cli, grant_types: ['authorization_code'], response_types: ['code'] },
    ],
    cookies: { keys: ['test'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id }),
    }),
    extraTokenClaims: ({ oidc: { entities } }: ClaimsContext, { accountId }: TokenMade) => {
      if (!accountId) return {}
      const { acr, amr, authTime } = entities.AuthorizationCode ?? {}
      return { groups: ['support'], acr, amr, auth_time: authTime }
    },
    loadExistingGrant: async ({ oidc }: GrantContext) => {
      const { accountId } = oidc.session
      const grant = new oidc.provider.Grant({ accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid')
      grant.addResourceScope(resource, 'call')
      await grant.save()
      return grant
    },
    interactions: { url: () => '/interaction' },
    scopes: ['openid'],
    ttl: Object.fromEntries([...ttls, 'AuthorizationCode'].map((name) => [name, ttl])),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'call',
          audience: 'sallyport',
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}

class MemoryAdapter {
  static readonly entries = new Map<string, Record<string, unknown>>()
  readonly #kind: string
  constructor(kind: string) {
    this.#kind = kind
  }
  async upsert(id: string, payload: Record<string, unknown>): Promise<void> {
    MemoryAdapter.entries.set(`${this.#kind}:${id}`, payload)
  }
  async find(id: string): Promise<unknown> {
    return MemoryAdapter.entries.get(`${this.#kind}:${id}`)
  }
  async findByUid(uid: string): Promise<unknown> {
    return [...MemoryAdapter.entries.values()].find((payload) => payload.uid === uid)
  }
  async consume(id: string): Promise<void> {
    Object.assign(MemoryAdapter.entries.get(`${this.#kind}:${id}`) ?? {}, { consumed: 1 })
  }
  async destroy(id: string): Promise<void> {
    MemoryAdapter.entries.delete(`${this.#kind}:${id}`)
  }
}

async function startProvider(): Promise<{ readonly server: Server; readonly base: string }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  const base = `http://127.0.0.1:${address.port}`
  const provider = new Provider(base, await configuration()) as FullProvider
  const serve = provider.callback()
  server.on('request', (request, response) => {
    if (request.url !== '/interaction') return serve(request, response)
    // Whoever asks is sam: signing in is the provider's business, not what is tested here.
    const login = { accountId: 'sam', acr: 'urn:example:gold', amr: ['pwd', 'otp'] }
    return provider.interactionFinished(request, response, { login })
  })
  return { server, base }
}

const { server, base } = await startProvider()
test.after(() => {
  server.closeAllConnections()
  server.close()
})
const { issuers } = configSchema.parse({
  issuers: [
    {
      name: 'corp',
      issuer: base,
      audiences: ['sallyport'],
      adminAudiences: ['sallyport'],
      insecureHttp: true,
      defaultKind: 'user',
      kinds: [{ when: { claim: 'sub', equals: 'ci' }, kind: 'workload' }],
    },
  ],
})
const oidc = openOidc(issuers, { now: Date.now, limits })
/** The same issuer by somebody who wrote no rule for its programs. */
const careless = openOidc(
  issuers.map((issuer) => ({ ...issuer, kinds: [] })),
  { now: Date.now, limits },
)

async function check(token: string | undefined, expected: string): Promise<void> {
  assert.ok(token)
  const got = await oidc.verify(token, undefined).then(
    ({ subject: { kind, id, groups } }) => `${kind} ${id} [${groups}]`,
    (thrown: { readonly detail?: string }) => `refused: ${thrown.detail}`,
  )
  assert.equal(got, expected)
}

test('client credentials make a workload', async () => {
  const { access_token } = await clientCredentials({ base, resource })
  await check(access_token, 'workload corp:ci []')
})

test('authorization code with PKCE makes a person; the ID token beside it may not call', async () => {
  const { access_token, id_token } = await authorizationCode({ base, resource })
  await check(access_token, 'user corp:sam [support]')
  await check(id_token, 'refused: The token is not an access token.')
})

test('client credentials sign nobody in to vote, whatever kind the configuration makes of them', async () => {
  const { access_token } = await clientCredentials({ base, resource })
  const { subject } = await careless.verify(access_token, undefined)
  assert.equal(subject.kind, 'user')
  const detail = 'Only a person can sign in here.'
  await assert.rejects(oidc.verifyAdmin(access_token), { code: 'unauthenticated', detail })
  await assert.rejects(careless.verifyAdmin(access_token), { code: 'unauthenticated', detail })
})

test('a person signs in with what the provider says of how and when', async () => {
  const before = Math.floor(Date.now() / 1_000) * 1_000
  const { access_token } = await authorizationCode({ base, resource })
  const { subject, assurance } = await oidc.verifyAdmin(access_token)
  assert.equal(subject.id, 'corp:sam')
  assert.equal(assurance?.acr, 'urn:example:gold')
  assert.deepEqual(assurance.amr, ['pwd', 'otp'])
  assert.ok(assurance.signedInAt >= before && assurance.signedInAt <= Date.now())
})
