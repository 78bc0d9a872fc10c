import assert from 'node:assert/strict'
import { createHmac, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { startIdp } from '../src/cli/demo/idp.ts'
import { type Seen, sendRaw } from './caller.ts'
import { assertSoundLog, type House, openHouse, root, since, until } from './house.ts'
import { answer } from './upstream.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = () => Math.floor(Date.now() / 1000)
const good = (house: House) => ({
  iss: house.idp.issuer,
  aud: 'house',
  sub: 'tess',
  groups: ['callers'],
  iat: seconds(),
  exp: seconds() + 600,
})
const signed = (claims: object, header: object) => (house: House) =>
  house.idp.sign({ ...good(house), ...claims }, { ...header })
const apiKey = (asked: object) => async (house: House) => (await issue(house, asked)).key
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

async function issue(house: House, asked: object): Promise<{ key: string; id: string }> {
  const seen = await house.admin(root, 'POST', '/keys', {
    name: 'ci',
    kind: 'workload',
    groups: ['callers'],
    scope: ['up.read'],
    expires_at: inAnHour(),
    ...asked,
  })
  assert.equal(seen.status, 201, seen.text())
  const { key, id } = seen.json()
  return { key, id }
}

type Jwk = Readonly<Record<string, unknown>>

/** Signed as HS256, with what everybody may know as the secret. */
async function confused(house: House, secretOf: (jwk: Jwk) => string): Promise<string> {
  const jwk = await house.idp.publicKey()
  const text = `${part({ alg: 'HS256', typ: 'at+jwt', kid: jwk.kid })}.${part(good(house))}`
  return `${text}.${createHmac('sha256', secretOf(jwk)).update(text).digest('base64url')}`
}

const pem = (jwk: Jwk) =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()

async function fromElsewhere(claims: (house: House) => object, house: House): Promise<string> {
  const other = await startIdp()
  try {
    return await other.sign({ ...good(house), iss: other.issuer, ...claims(house) })
  } finally {
    await other.close()
  }
}

type Proof = (house: House) => Promise<string | null> | string | null

const refusedProofs: Readonly<Record<string, Proof>> = {
  'no token': () => null,
  'an empty token': () => '',
  garbage: () => 'garbage',
  'three parts of garbage': () => 'a.b.c',
  'five parts, encrypted': () => 'e30.e30.e30.e30.e30',
  'an expired token': (house) => signed({ exp: seconds() - 120 }, {})(house),
  'a token that never expires': (house) => signed({ exp: undefined }, {})(house),
  'a token that expires when it likes': (house) => signed({ exp: 'never' }, {})(house),
  'a token not valid yet': (house) => signed({ nbf: seconds() + 600 }, {})(house),
  'a token issued in the future': (house) => signed({ iat: seconds() + 600 }, {})(house),
  'a token for another audience': (house) => signed({ aud: 'other' }, {})(house),
  'a token for the admin API': (house) => signed({ aud: 'house-admin' }, {})(house),
  'a token for nobody': (house) => signed({ aud: undefined }, {})(house),
  'a token without a subject': (house) => signed({ sub: undefined }, {})(house),
  'an ID token': (house) => signed({ nonce: 'n' }, { typ: 'JWT' })(house),
  'a logout token': (house) => signed({}, { typ: 'logout+jwt' })(house),
  'a token of no type': (house) => signed({}, { typ: undefined })(house),
  'a token signed with an unknown key': (house) => signed({}, { kid: 'key-99' })(house),
  'a token with an actor nobody vouches for': (house) =>
    signed({ act: { sub: 'bot', iss: 'https://evil.example' } }, {})(house),
  'a token with a broken actor': (house) => signed({ act: 'bot' }, {})(house),
  'a token from an issuer that is not configured': (house) => fromElsewhere(() => ({}), house),
  'a token signed elsewhere in our issuer’s name': (house) =>
    fromElsewhere(({ idp }) => ({ iss: idp.issuer }), house),
  'a token with no signature': async (house) =>
    `${(await signed({}, {})(house)).replace(/[^.]+$/, '')}`,
  'alg none': (house) => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(good(house))}.`,
  'alg None with a signature': (house) =>
    `${part({ alg: 'None', typ: 'at+jwt' })}.${part(good(house))}.e30`,
  'HS256 with the public key as JWK': (house) => confused(house, (jwk) => JSON.stringify(jwk)),
  'HS256 with the public key as PEM': (house) => confused(house, pem),
  'other claims under a good signature': async (house) => {
    const [head, , signature] = (await signed({}, {})(house)).split('.')
    return `${head}.${part({ ...good(house), sub: 'root' })}.${signature}`
  },
  'other headers under a good signature': async (house) => {
    const [, claims, signature] = (await signed({}, {})(house)).split('.')
    return `${part({ alg: 'ES256', typ: 'jwt' })}.${claims}.${signature}`
  },
  'a token of 15 KB': (house) => signed({ much: 'a'.repeat(9_000), exp: 1 }, {})(house),
  'an unknown API key': () => `spk_${'A'.repeat(43)}`,
  'a short API key': () => 'spk_a',
  'an admin session': async (house) => {
    await house.admin(root, 'GET', '/whoami')
    return `spa_${'A'.repeat(43)}`
  },
}

test('proofs of identity', async (t) => {
  const house = await openHouse(t)
  const tokens: string[] = []
  for (const [name, proof] of Object.entries(refusedProofs)) {
    await t.test(name, async () => {
      const token = await proof(house)
      if (token && token.length > 20) tokens.push(token)
      await check(house, () => house.call('/up/read', { token }), {
        seen: [401, 'unauthenticated'],
        leaves: [['call.denied', 'accepted', 'unauthenticated']],
        reached: 0,
      })
    })
  }
  await t.test('the token in another place is no proof', () => inAnotherPlace(house))
  await t.test('two tokens', () => twoTokens(house))
  await t.test('a token that no header may carry', () => tooLong(house))
  await t.test('an API key, its scope and its end', () => lifeOfKey(house, tokens))
  await t.test('an API key that expires', () => keyExpires(house))
  await t.test('a key that may do nothing by policy', async () => {
    const token = await apiKey({ groups: ['strangers'] })(house)
    await check(house, () => house.call('/up/read', { token }), {
      seen: [403, 'policy-denied'],
      leaves: [['call.denied', 'resolved', 'policy-denied']],
      reached: 0,
    })
  })
  await t.test('the caller’s token stays here', () => staysHere(house))
  await t.test('a rotated signing key', () => rotated(house))
  await t.test('the log is sound', () => assertSoundLog(house, tokens))
})

async function inAnotherPlace(house: House): Promise<void> {
  const elsewhere = [
    { path: `/up/read?access_token=${house.token}`, headers: {} },
    { path: '/up/read', headers: { cookie: `token=${house.token}` } },
    { path: '/up/read', headers: { authorization: `Basic ${house.token}` } },
    { path: '/up/read', headers: { 'proxy-authorization': `Bearer ${house.token}` } },
  ]
  for (const { path, headers } of elsewhere) {
    await check(house, () => house.call(path, { token: null, headers }), {
      seen: [401, 'unauthenticated'],
      leaves: [['call.denied', 'accepted', 'unauthenticated']],
      reached: 0,
    })
  }
}

/** Two `Authorization` headers: whichever is read, the other could be meant. */
async function twoTokens(house: House): Promise<void> {
  const now = since(house)
  const seen = await sendRaw(
    house.url(),
    `GET /up/read HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${house.token}\r\nauthorization: Bearer other\r\nconnection: close\r\n\r\n`,
  )
  assert.match(seen, /^HTTP\/1\.1 400 .*"code":"request-malformed"/s)
  assert.equal(now.reached(), 0)
  assert.deepEqual(shapes(now.leaves()), [['call.denied', 'identified', 'request-malformed']])
}

/** Beyond the limit of all headers there is no call to record. */
async function tooLong(house: House): Promise<void> {
  await check(house, () => house.call('/up/read', { token: 'a'.repeat(20_000) }), {
    seen: [431, 'request-malformed'],
    leaves: [],
    reached: 0,
  })
}

async function lifeOfKey(house: House, tokens: string[]): Promise<void> {
  house.upstream.script = answer({ body: '{}' })
  const { key: token, id } = await issue(house, {})
  tokens.push(token)
  const done = { seen: [200, 'ok'], leaves: intentAndOutcome, reached: 1 } as const
  await check(house, () => house.call('/up/read', { token }), done)
  assert.equal(house.records().at(-2)?.caller.sub, id)
  await check(house, () => house.call('/up/write', { token, json: {} }), {
    seen: [403, 'scope-exceeded'],
    leaves: [['call.denied', 'resolved', 'scope-exceeded']],
    reached: 0,
  })
  const revoked = await house.admin(root, 'DELETE', `/keys/${id}`)
  assert.equal(revoked.status, 204)
  await check(house, () => house.call('/up/read', { token }), {
    seen: [401, 'unauthenticated'],
    leaves: [['call.denied', 'accepted', 'unauthenticated']],
    reached: 0,
  })
  await house.restart()
  assert.equal((await house.call('/up/read', { token })).code, 'unauthenticated')
}

async function keyExpires(house: House): Promise<void> {
  const expiresAt = Date.now() + 2_000
  const token = await apiKey({ expires_at: new Date(expiresAt).toISOString() })(house)
  await until(() => Date.now() > expiresAt, 'the key expired')
  await check(house, () => house.call('/up/read', { token }), {
    seen: [401, 'unauthenticated'],
    leaves: [['call.denied', 'accepted', 'unauthenticated']],
    reached: 0,
  })
}

/** Whatever the caller proves itself with, in whichever header, the upstream gets only ours. */
async function staysHere(house: House): Promise<void> {
  house.upstream.script = answer({ body: '{}' })
  const { token, secret, upstream } = house
  const headers = {
    cookie: `session=${token}`,
    'proxy-authorization': `Bearer ${token}`,
    'x-tenant': 'acme',
    'x-auth': token,
    'sallyport-session': 'one',
    'x-forwarded-for': '6.6.6.6',
    forwarded: 'for=6.6.6.6',
  }
  assert.equal((await house.call('/up/read', { headers })).status, 200)
  const got = upstream.reached.at(-1)
  assert.equal(got?.headers.authorization, `Bearer ${secret}`)
  assert.equal(got?.headers['x-tenant'], 'acme')
  assert.ok(!JSON.stringify(got).includes(token))
  for (const name of ['cookie', 'x-auth', 'x-forwarded-for', 'forwarded', 'sallyport-session']) {
    assert.equal(got?.headers[name], undefined, name)
  }
}

/** A token of the new key works at once; a token of the withdrawn one, never seen before, does not. */
async function rotated(house: House): Promise<void> {
  const old = await house.idp.token({ sub: 'late', groups: ['callers'] })
  await house.idp.rotate()
  const fresh = await house.idp.token({ sub: 'tess', groups: ['callers'] })
  await house.restart()
  assert.equal((await house.call('/up/read', { token: fresh })).status, 200)
  assert.equal((await house.call('/up/read', { token: old })).code, 'unauthenticated')
}

const intentAndOutcome = [
  ['call.authorized', undefined, undefined],
  ['call.outcome', undefined, 'done'],
]
const shapes = (leaves: ReturnType<House['records']>) =>
  leaves.map(({ type, stage, code, ending }) => [type, stage, code ?? ending])

async function check(
  house: House,
  call: () => Promise<Seen>,
  expected: {
    readonly seen: readonly [status: number, code: string]
    readonly leaves: readonly (readonly (string | undefined)[])[]
    readonly reached: number
  },
): Promise<void> {
  const now = since(house)
  const seen = await call()
  assert.deepEqual([seen.status, seen.code], expected.seen, seen.text())
  const leaves = now.leaves()
  assert.deepEqual(shapes(leaves), expected.leaves)
  assert.equal(now.reached(), expected.reached)
  const index = leaves.at(-1)?.index
  assert.equal(seen.record, index === undefined ? 'none' : `sallyport.local/gateway#${index}`)
  if (seen.status === 401) assert.match(String(seen.headers['www-authenticate']), /^Bearer/)
}
