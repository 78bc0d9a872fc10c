import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import { Provider } from 'oidc-provider'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import type { OauthClient } from '../model/secret.ts'
import { openCredentials } from './credentials.ts'
import { openOauthTokens } from './oauth.ts'

/** A colon, a plus and a percent sign: what ends something where it is joined without being encoded. */
const secret = 'c0lon:plus+%20-and-long-enough'

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

// --- A real authorization server ---

let asked: string[] = []
let provider: Provider | undefined
const issuer = await listen((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  provider?.callback()(request, response)
})
const clientOf = (id: string, method: string) => ({
  client_id: id,
  client_secret: secret,
  token_endpoint_auth_method: method,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
})
const pairs: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
}
const pemOf = ({ privateKey }: { readonly privateKey: KeyObject }) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const algorithms = Object.keys(pairs)
const byKey = Object.entries(pairs).map(([alg, { publicKey }]) => ({
  ...clientOf(`by-${alg}`, 'private_key_jwt'),
  token_endpoint_auth_signing_alg: alg,
  jwks: { keys: [publicKey.export({ format: 'jwk' })] },
}))
provider = new Provider(issuer, {
  clients: [
    clientOf('by:basic', 'client_secret_basic'),
    clientOf('by-post', 'client_secret_post'),
    ...byKey,
  ] as never,
  enabledJWA: { clientAuthSigningAlgValues: algorithms as never },
  scopes: ['tools:read'],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
})
const real: OauthClient = {
  kind: 'oauth',
  tokenUrl: `${issuer}/token`,
  clientId: 'by:basic',
  secret: { env: 'CLIENT_SECRET' },
  authentication: 'basic',
}

/** A token, or what the operator is told. */
async function check(client: OauthClient, given: string, expected: string | RegExp): Promise<void> {
  const tokens = openOauthTokens({ now: () => 0, limits })
  const got = await tokens.tokenOf(client, given).catch((thrown: unknown) => {
    assert.ok(thrown instanceof Error)
    assert.ok(!thrown.message.includes(given))
    return thrown.message
  })
  if (typeof expected === 'string') assert.equal(got, expected)
  else assert.match(got, expected)
}

const aToken = /^[\w-]{43}$/
const refusedClient = /client by-ES256 answered 401 invalid_client\.$/
const anotherPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signing = (clientId: string): Partial<OauthClient> => {
  return { clientId, authentication: 'private_key_jwt', issuer }
}
const byServer: readonly (readonly [string, Partial<OauthClient>, string | RegExp, string?])[] = [
  ['a client by HTTP Basic', {}, aToken],
  ['a client by form', { clientId: 'by-post', authentication: 'post' }, aToken],
  ['a scope', { scope: 'tools:read' }, aToken],
  ['not: another secret', {}, /client by:basic answered 401 invalid_client\.$/, 'another-secret'],
  ['not: an unknown client', { clientId: 'nobody' }, /nobody answered 401 invalid_client\.$/],
  ['not: another path', { tokenUrl: `${issuer}/elsewhere` }, /answered 404/],
  ...Object.entries(pairs).map(([alg, pair]): (typeof byServer)[number] => {
    return [`a client by its key, ${alg}`, signing(`by-${alg}`), aToken, pemOf(pair)]
  }),
  ['not: the key of another', signing('by-ES256'), refusedClient, pemOf(anotherPair)],
  [
    'not: what is signed for another server',
    { ...signing('by-ES256'), issuer: 'https://idp.example' },
    refusedClient,
    pemOf(pairs.ES256 ?? assert.fail()),
  ],
  ['not: a key that is none', signing('by-ES256'), /by-ES256 is no private key in PEM\.$/],
  [
    'not: a key of another kind',
    signing('by-ES256'),
    /by-ES256 is of a kind that it cannot sign with\.$/,
    pemOf(generateKeyPairSync('x25519')),
  ],
]
for (const [name, changes, expected, given = secret] of byServer) {
  test(`asks a real server for ${name}`, () => check({ ...real, ...changes }, given, expected))
}

// --- What a broken server might answer ---

const anotherAudience = ['{"alg":"none"}', '{"aud":"https://other.example/"}', '']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')
const good = { access_token: 'a-token-of-a-server', token_type: 'Bearer', expires_in: 600 }
const none = 'The token endpoint of client by:basic gave no bearer token that can be used.'
type Odd = readonly [name: string, status: number, body: string, expected: string]
const json = (changes: object) => JSON.stringify({ ...good, ...changes })
const said = (text: string) => `The token endpoint of client by:basic ${text}.`
const odd: readonly Odd[] = [
  ['a token', 200, json({}), good.access_token],
  ['a token whose end is not said', 200, json({ expires_in: undefined }), good.access_token],
  ['bearer in lower case', 200, json({ token_type: 'bearer' }), good.access_token],
  ['no JSON', 200, `<html>${good.access_token}</html>`, none],
  ['a list', 200, '[]', none],
  ['no token', 200, json({ access_token: undefined }), none],
  ['a token of another type', 200, json({ token_type: 'DPoP' }), none],
  ['a token of no type', 200, json({ token_type: undefined }), none],
  ['a token with a line break', 200, json({ access_token: 'a\r\nx-admin: 1' }), none],
  ['an empty token', 200, json({ access_token: '' }), none],
  ['a token too long', 200, json({ access_token: 'a'.repeat(9_000) }), none],
  ['an end that is text', 200, json({ expires_in: '600' }), none],
  ['an end that is nothing', 200, json({ expires_in: null }), none],
  ['an end that is a list', 200, json({ expires_in: [600] }), none],
  ['an end that is true', 200, json({ expires_in: true }), none],
  ['a token that has ended', 200, json({ expires_in: 0 }), none],
  ['a token that ended long ago', 200, json({ expires_in: -600 }), none],
  ['a token that ends this moment', 200, json({ expires_in: 1e-300 }), good.access_token],
  ['a token for ever', 200, json({ expires_in: 1e300 }), good.access_token],
  ['an end beyond all numbers', 200, json({}).replace('600', '1e999'), good.access_token],
  ['an end below all numbers', 200, json({}).replace('600', '-1e999'), none],
  ['a token with a line feed behind', 200, json({ access_token: 'a-token\n' }), none],
  ['a token with a carriage return', 200, json({ access_token: 'a-to\rken' }), none],
  ['a token with a null', 200, json({ access_token: 'a-to\u0000ken' }), none],
  [
    'a token with a letter that becomes a line feed',
    200,
    json({ access_token: 'a\u010aken' }),
    none,
  ],
  ['a token in two words', 200, json({ access_token: 'a-token, Basic b' }), none],
  ['a list of tokens', 200, json({ access_token: [good.access_token] }), none],
  // What a token is good for only its resource can tell (RFC 6749 section 1.4): it goes nowhere else.
  [
    'a token for another resource',
    200,
    json({ access_token: anotherAudience, resource: 'https://other.example/', aud: 'other' }),
    anotherAudience,
  ],
  ['201', 201, json({}), said('answered 201')],
  ['a redirect', 302, '', said('answered 302')],
  ['an error in its own words', 400, '{"error":"the secret is hunter2"}', said('answered 400')],
  ['too much', 200, ' '.repeat(70_000), said('broke off its answer, or said too much')],
]
for (const [name, status, body, expected] of odd) {
  test(`reads ${name}`, async () => {
    let reached = 0
    const url = await listen((_, response) => {
      reached += 1
      response.writeHead(status, { location: `${issuer}/token` }).end(body)
    })
    await check({ ...real, tokenUrl: url }, secret, expected)
    assert.equal(reached, 1)
    const pem = pemOf(pairs.ES256 ?? assert.fail())
    const byKey = { ...real, ...signing('by-ES256'), tokenUrl: url }
    await check(byKey, pem, expected.replace('by:basic', 'by-ES256'))
    assert.equal(reached, 2)
  })
}

test('says that a server cannot be reached', () =>
  check({ ...real, tokenUrl: 'http://127.0.0.1:1/' }, secret, said('could not be reached')))

// --- Memory ---

test('a token is fetched once, replaced before its end, and not without need', async () => {
  let now = 0
  let given = 0
  let status = 200
  const url = await listen((_, response) => {
    given += 1
    response.writeHead(status).end(json({ access_token: `token-number-${given}` }))
  })
  const tokens = openOauthTokens({ now: () => now, limits })
  const client = { ...real, tokenUrl: url }
  const get = () => tokens.tokenOf(client, secret)
  assert.deepEqual(await Promise.all([get(), get(), get()]), Array(3).fill('token-number-1'))
  now = 539_999
  assert.equal(await get(), 'token-number-1')
  // From here on it is replaced, and whoever asks is not held up.
  now = 540_000
  assert.equal(await get(), 'token-number-1')
  while ((await get()) === 'token-number-1') await new Promise(setImmediate)
  assert.deepEqual([await get(), given], ['token-number-2', 2])
  assert.notEqual(await tokens.tokenOf({ ...client, scope: 'other' }, secret), 'token-number-2')
  assert.notEqual(await tokens.tokenOf(client, 'another-secret'), 'token-number-2')
  assert.equal(given, 4)
  // A server that fails is left alone for a moment; a token that still counts goes on counting.
  status = 500
  now = 540_000 + 599_000
  assert.equal(await get(), 'token-number-2')
  while (given < 5) await new Promise(setImmediate)
  now += 1_000
  await assert.rejects(get(), /answered 500/)
  const before = given
  await assert.rejects(get(), /answered 500/)
  assert.equal(given, before)
  status = 200
  now += limits.oauthRetryMs
  assert.match(await get(), /^token-number-/)
})

test('a token for ever is replaced like one for an hour', async () => {
  let now = 0
  let given = 0
  const url = await listen((_, response) => {
    given += 1
    const access_token = `token-number-${given}`
    response.writeHead(200).end(json({ access_token, expires_in: Number.MAX_VALUE }))
  })
  const tokens = openOauthTokens({ now: () => now, limits })
  const get = () => tokens.tokenOf({ ...real, tokenUrl: url }, secret)
  assert.equal(await get(), 'token-number-1')
  now = limits.oauthTokenMsMax - limits.oauthTokenEarlyMs - 1
  assert.deepEqual([await get(), given], ['token-number-1', 1])
  now = limits.oauthTokenMsMax
  assert.deepEqual([await get(), given], ['token-number-2', 2])
})

test('a token that an upstream did not take is given up, and not again at once', async () => {
  let now = 0
  let given = 0
  const url = await listen((_, response) => {
    given += 1
    response.writeHead(200).end(json({ access_token: `token-number-${given}` }))
  })
  const oauth = openOauthTokens({ now: () => now, limits })
  const open = { versionKey: Buffer.alloc(32, 7), oauth }
  const { credentialOf } = openCredentials({ resolve: async () => secret }, open)
  const get = async () => {
    const credential = await credentialOf({ ...real, tokenUrl: url })
    assert.ok(credential.kind === 'header' && credential.onRefused)
    return { token: credential.value, refused: credential.onRefused }
  }
  const first = await get()
  first.refused()
  const second = await get()
  assert.deepEqual([first.token, second.token], ['Bearer token-number-1', 'Bearer token-number-2'])
  // What is refused late says nothing of the token there is now; nor is each of a row replaced.
  now = limits.oauthRetryMs - 1
  first.refused()
  second.refused()
  assert.equal((await get()).token, second.token)
  now += 1
  first.refused()
  assert.equal((await get()).token, second.token)
  second.refused()
  assert.equal((await get()).token, 'Bearer token-number-3')
})

test('the credential is the token, with its echoes, and its version is of the secret', async () => {
  asked = []
  const oauth = openOauthTokens({ now: () => 0, limits })
  const resolve = async () => secret
  const open = { versionKey: Buffer.alloc(32, 7), oauth }
  const { credentialOf, versionOf } = openCredentials({ resolve }, open)
  const before = await versionOf(real)
  const made = await credentialOf(real)
  assert.ok(made.kind === 'header')
  assert.equal(made.name, 'authorization')
  const token = made.value.replace(/^Bearer /, '')
  assert.match(token, aToken)
  assert.ok(made.echoes.some((echo) => Buffer.from(echo).toString() === token))
  assert.equal(await credentialOf(real), made)
  assert.equal(await versionOf(real), before)
  assert.deepEqual(asked, ['POST /token'])
})

test('a token that cannot be got refuses the call, and says why to the operator only', async () => {
  const oauth = openOauthTokens({ now: () => 0, limits })
  const open = { versionKey: Buffer.alloc(32, 7), oauth }
  const { credentialOf } = openCredentials({ resolve: async () => 'another-secret' }, open)
  await assert.rejects(credentialOf(real), (thrown: unknown) => {
    assert.ok(thrown instanceof Refusal && thrown.cause instanceof Error)
    assert.deepEqual([thrown.code, thrown.detail], ['credential-unavailable', undefined])
    assert.match(thrown.cause.message, /invalid_client/)
    return true
  })
})
