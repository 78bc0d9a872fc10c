import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { Refusal } from '../call/refusal.ts'
import { type Idp, startIdp } from '../cli/demo/idp.ts'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import { configSchema } from '../config/schema.ts'
import { openOidc } from './oidc.ts'

function issuerOf(issuer: string): IssuerConfig {
  const one = { name: 'corp', issuer, audiences: ['sallyport'], defaultKind: 'user' }
  const [parsed] = configSchema.parse({ issuers: [{ ...one, insecureHttp: true }] }).issuers
  assert.ok(parsed)
  return parsed
}

const idp: Idp = await startIdp()
test.after(() => idp.close())
const seconds = () => Math.floor(Date.now() / 1_000)
const good = () => ({ aud: 'sallyport', sub: 'sam', exp: seconds() + 600 })

// --- Keys over time ---

test('a rotated key is found, a withdrawn one refused, strangers cause one fetch', async (t) => {
  const own = await startIdp()
  t.after(() => own.close())
  let now = Date.now()
  const oidc = openOidc([issuerOf(own.issuer)], { now: () => now, limits })
  const before = await own.token({ sub: 'sam' })
  await oidc.verify(before, undefined)
  assert.equal(own.keySetFetches(), 1)
  await own.rotate()
  const after = await own.token({ sub: 'sam' })
  await oidc.verify(after, undefined)
  assert.equal(own.keySetFetches(), 2)
  const claims = { iss: own.issuer, aud: 'sallyport', sub: 'x', exp: seconds() + 600 }
  for (const kid of ['x1', 'x2', 'x3']) {
    const token = await own.sign(claims, { kid })
    await assert.rejects(oidc.verify(token, undefined), { code: 'unauthenticated' })
  }
  assert.equal(own.keySetFetches(), 2)
  now += limits.tokenCacheMs
  await assert.rejects(oidc.verify(before, undefined), {
    detail: 'The token is signed with a key its issuer does not publish.',
  })
})

test('keys in hand go on counting while the issuer is away', async () => {
  const own = await startIdp()
  let now = Date.now()
  const oidc = openOidc([issuerOf(own.issuer)], { now: () => now, limits })
  const token = await own.token({ sub: 'sam', expiresInSeconds: 1_000_000 })
  await oidc.verify(token, undefined)
  await own.close()
  now += limits.jwksMaxAgeMs
  await oidc.verify(token, undefined)
  now += limits.jwksStaleMs
  await assert.rejects(oidc.verify(token, undefined), {
    code: 'unauthenticated',
    detail: 'The issuer’s keys could not be fetched.',
  })
})

test('an issuer that comes back is asked again', async (t) => {
  const first = await startIdp()
  const port = Number(new URL(first.issuer).port)
  let now = Date.now()
  const oidc = openOidc([issuerOf(first.issuer)], { now: () => now, limits })
  await first.close()
  const claims = { iss: first.issuer, aud: 'sallyport', sub: 'sam', exp: seconds() + 600 }
  const away = { detail: 'The issuer’s keys could not be fetched.' }
  await assert.rejects(oidc.verify(await first.sign(claims), undefined), away)
  const second = await startIdp({ port })
  t.after(() => second.close())
  const token = await second.token({ sub: 'sam' })
  await assert.rejects(oidc.verify(token, undefined), away)
  now += limits.jwksRetryMs
  await oidc.verify(token, undefined)
})

// --- Discovery that must not be believed ---

/** A hand-made issuer: whatever it answers at each path. */
async function startIssuer(
  t: TestContext,
  answers: (own: string) => Readonly<Record<string, unknown>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers(own)[request.url ?? '']
    if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end()
    else if (answer === undefined) response.writeHead(404).end()
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  const own = `http://127.0.0.1:${address.port}`
  return own
}

const discovery = '/.well-known/openid-configuration'
const published = { keys: [await idp.publicKey()] }
const honest = (own: string) => ({ issuer: own, jwks_uri: `${own}/keys` })

/** Every one of them publishes the right key, so that only the lie is in the way. */
type Lie = readonly [
  name: string,
  document: (own: string) => unknown,
  keys: unknown,
  cause: RegExp | undefined,
]
const unusable = /names no usable `jwks_uri`/
const lies: readonly Lie[] = [
  ['is honest', honest, published, undefined],
  [
    'is of another issuer',
    (own) => ({ ...honest(own), issuer: 'https://x' }),
    published,
    /another/,
  ],
  ['goes out in clear', (own) => ({ ...honest(own), jwks_uri: 'http://192.0.2.1/' }), '', unusable],
  ['reads a file', (own) => ({ ...honest(own), jwks_uri: 'file:///etc/passwd' }), '', unusable],
  ['sends nowhere', (own) => ({ issuer: own }), '', unusable],
  ['redirects', (own) => ({ ...honest(own), jwks_uri: `${own}/moved` }), published, /fetch failed/],
  ['has no key set', honest, undefined, /answered 404/],
  ['has no keys', honest, {}, /has no `keys`/],
  ['has endless keys', honest, { ...published, x: ' '.repeat(2_000_000) }, /is too long/],
  ['is no JSON', honest, '<html>', /JSON/],
  ['is no object', honest, '[]', /not a JSON object/],
]
for (const [name, document, keys, cause] of lies) {
  test(`discovery that ${name}`, async (t) => {
    const own = await startIssuer(t, (at) => ({ [discovery]: document(at), '/keys': keys }))
    const oidc = openOidc([issuerOf(own)], { now: Date.now, limits })
    const verified = oidc.verify(await idp.sign({ ...good(), iss: own }), undefined)
    if (!cause) return assert.doesNotReject(verified)
    return assert.rejects(verified, (thrown) => {
      assert.ok(thrown instanceof Refusal && thrown.cause instanceof Error)
      assert.equal(thrown.detail, 'The issuer’s keys could not be fetched.')
      assert.match(thrown.cause.message, cause)
      return true
    })
  })
}

// --- Which published key may be meant ---

const key = await idp.publicKey()
const other = await generateKeyPair('ES256', { extractable: true })
const otherKey = { ...(await exportJWK(other.publicKey)), kid: 'other' }
type Choice = readonly [
  name: string,
  keys: readonly unknown[],
  kid: string | undefined,
  ok: boolean,
]
const choices: readonly Choice[] = [
  ['no id, one key', [key], undefined, true],
  ['no id, one key that fits', [{ ...otherKey, use: 'enc' }, key], undefined, true],
  ['no id, one key of this kind', [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }, key], undefined, true],
  ['no id, two keys that fit', [key, otherKey], undefined, false],
  ['an id that two keys have', [key, { ...otherKey, kid: 'key-1' }], 'key-1', false],
  ['a key for encryption', [{ ...key, use: 'enc' }], 'key-1', false],
  ['a key for another algorithm', [{ ...key, alg: 'ES512' }], 'key-1', false],
  ['a key that may only sign', [{ ...key, key_ops: ['sign'] }], 'key-1', false],
  ['a key that is broken', [{ ...key, x: 'AA' }], 'key-1', false],
  ['entries that are no keys', [null, 3, 'x', key], 'key-1', true],
]
for (const [name, keys, kid, ok] of choices) {
  test(`chooses by ${name}`, async (t) => {
    const own = await startIssuer(t, (at) => ({ [discovery]: honest(at), '/keys': { keys } }))
    const token = await idp.sign({ ...good(), iss: own }, { kid })
    const verified = openOidc([issuerOf(own)], { now: Date.now, limits }).verify(token, undefined)
    if (ok) await assert.doesNotReject(verified)
    else await assert.rejects(verified, { code: 'unauthenticated' })
  })
}
