import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Refusal } from '../call/refusal.ts'
import { type Idp, startIdp } from '../cli/demo/idp.ts'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import { configSchema } from '../config/schema.ts'
import { openOidc } from './oidc.ts'

/** As the configuration would give it, so that the defaults under test are the real ones. */
function issuerOf(issuer: string, changes: Readonly<Record<string, unknown>> = {}): IssuerConfig {
  const one = {
    name: 'corp',
    issuer,
    audiences: ['sallyport'],
    adminAudiences: ['sallyport-admin'],
    defaultKind: 'user',
    insecureHttp: true,
    ...changes,
  }
  const [parsed] = configSchema.parse({ issuers: [one] }).issuers
  assert.ok(parsed)
  return parsed
}

/** A token by the real provider is verified under `changes`: the detail of the refusal, or who it is. */
async function check(
  token: string,
  expected: string,
  {
    issuer,
    changes = {},
    now = Date.now,
    admin = false,
  }: {
    readonly issuer: string
    readonly changes?: Readonly<Record<string, unknown>>
    readonly now?: () => number
    readonly admin?: boolean
  },
): Promise<void> {
  const oidc = openOidc([issuerOf(issuer, changes)], { now, limits })
  const verified = admin ? oidc.verifyAdmin(token) : oidc.verify(token, undefined)
  const got = await verified.then(
    ({ subject, actors }) =>
      [subject, ...actors].map(({ kind, id, groups }) => `${kind} ${id} [${groups}]`).join(' < '),
    (thrown: unknown) => {
      assert.ok(thrown instanceof Refusal)
      assert.equal(thrown.code, 'unauthenticated')
      return `refused: ${thrown.detail}`
    },
  )
  oidc.close()
  assert.equal(got, expected)
}

const idp: Idp = await startIdp()
test.after(() => idp.close())
const { issuer } = idp

/** The time at which hand-made tokens are judged: a slow machine must not make them expire. */
const started = Date.now()
const seconds = () => Math.floor(started / 1_000)
const good = () => ({ iss: issuer, aud: 'sallyport', sub: 'sam', exp: seconds() + 600 })
const sam = 'user corp:sam []'

const chain = (depth: number): Readonly<Record<string, unknown>> =>
  depth === 1 ? { sub: 'a1' } : { sub: `a${depth}`, act: chain(depth - 1) }

// --- Who a token of the real provider makes its bearer ---

type Accepted = readonly [
  name: string,
  wish: Parameters<Idp['token']>[0],
  expected: string,
  changes?: Readonly<Record<string, unknown>>,
]
const accepted: readonly Accepted[] = [
  ['a person', { sub: 'sam', groups: ['support'] }, 'user corp:sam [support]'],
  [
    'an agent acting for a person',
    { sub: 'sam', groups: ['support'], act: { sub: 'bot', groups: ['agents'] } },
    'user corp:sam [support] < agent corp:bot [agents]',
  ],
  [
    'a chain, the current actor first',
    { sub: 'sam', act: { sub: 'inner', act: { sub: 'outer' } } },
    'user corp:sam [] < agent corp:inner [] < agent corp:outer []',
  ],
  [
    'the longest chain',
    { sub: 'sam', act: chain(limits.actorChain) },
    `${sam}${Array.from({ length: 8 }, (_, at) => ` < agent corp:a${8 - at} []`).join('')}`,
  ],
  [
    'an actor that names the issuer itself',
    { sub: 'sam', act: { sub: 'bot', iss: issuer } },
    'user corp:sam [] < agent corp:bot []',
  ],
  [
    'groups by a dotted path, renamed and prefixed',
    { sub: 'sam', claims: { realm: { roles: ['ops', 'dev'] } } },
    'user corp:sam [operators,corp/dev]',
    { groups: { claim: 'realm.roles', prefix: 'corp/', map: { ops: 'operators' } } },
  ],
  [
    'groups by a name with dots in it',
    { sub: 'sam', claims: { 'https://corp.example/groups': 'one' } },
    'user corp:sam [one]',
    { groups: { claim: 'https://corp.example/groups' } },
  ],
  [
    'a kind by rule: equals',
    { sub: 'ci', claims: { gty: 'client' } },
    'workload corp:ci []',
    { kinds: [{ when: { claim: 'gty', equals: 'client' }, kind: 'workload' }] },
  ],
  [
    'a kind by rule: startsWith, the first that matches',
    { sub: 'repo:corp/x' },
    'workload corp:repo:corp/x []',
    {
      kinds: [
        { when: { claim: 'sub', startsWith: 'repo:' }, kind: 'workload' },
        { when: { claim: 'sub', exists: true }, kind: 'agent' },
      ],
    },
  ],
  [
    'a kind by rule: exists, for an actor too',
    { sub: 'sam', claims: { email: 'x' }, act: { sub: 'svc' } },
    'user corp:sam [] < service corp:svc []',
    { kinds: [{ when: { claim: 'email', exists: false }, kind: 'service' }] },
  ],
  ['another subject claim', { sub: '1', claims: { upn: 'sam' } }, sam, { subjectClaim: 'upn' }],
  ['a client that is listed', { sub: 'sam' }, sam, { authorizedParties: ['sallyport-test'] }],
  [
    'not: a client that is not listed',
    { sub: 'sam' },
    'refused: The token was issued to a client that is not accepted here.',
    { authorizedParties: ['other'] },
  ],
  [
    'not: a chain too long',
    { sub: 'sam', act: chain(limits.actorChain + 1) },
    'refused: The token names more than 8 actors.',
  ],
  [
    'not: an actor of a stranger',
    { sub: 'sam', act: { sub: 'bot', iss: 'https://other.example' } },
    'refused: An actor in the token comes from an issuer that is not accepted here.',
  ],
  [
    'not: an actor without a name',
    { sub: 'sam', act: { client_id: 'bot' } },
    'refused: The token does not name its subject or an actor in a way that can be used.',
  ],
  [
    'not: groups that cannot be read',
    { sub: 'sam', claims: { groups: ['a', 3] } },
    'refused: The groups in the token cannot be read.',
  ],
  [
    'not: too many groups',
    { sub: 'sam', groups: Array.from({ length: 513 }, (_, at) => `${at}`) },
    'refused: The token names more than 512 groups.',
  ],
  [
    'not: groups that are elsewhere',
    { sub: 'sam', claims: { _claim_names: { groups: 'src1' } } },
    'refused: The token leaves out its groups, so they cannot be known.',
  ],
  [
    'not: a name with invisible characters',
    { sub: 'sam\u202e' },
    'refused: The token does not name its subject or an actor in a way that can be used.',
  ],
]
for (const [name, wish, expected, changes = {}] of accepted) {
  test(`accepts ${name}`, async () => check(await idp.token(wish), expected, { issuer, changes }))
}

// --- What a broken issuer or an attacker might present ---

const base64url = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url')
const notPublished = 'refused: The token is signed with a key its issuer does not publish.'
const notSigned = 'refused: The token is not signed.'
const notKnown = 'refused: The token needs an extension that is not known here.'
const unreadable = 'refused: The token is not a signed JWT.'

/** Signed with a key of the attacker's, who puts it (or where it is) into the header. */
async function foreign(header: Readonly<Record<string, unknown>>): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return new SignJWT(good())
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header, ...(header.jwk ? { jwk } : {}) })
    .sign(privateKey)
}

/** The published key as an HMAC secret: what a verifier that believes `alg` would fall for. */
async function confused(): Promise<string> {
  const secret = JSON.stringify(await idp.publicKey())
  const text = `${base64url({ alg: 'HS256', kid: 'key-1', typ: 'at+jwt' })}.${base64url(good())}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

async function tampered(): Promise<string> {
  const [header, , signature] = (await idp.sign(good())).split('.')
  return `${header}.${base64url({ ...good(), sub: 'root' })}.${signature}`
}

type Attack = readonly [name: string, make: () => Promise<string>, expected: string]
const late = limits.clockLeewayMs / 1_000 + 5
const attacks: readonly Attack[] = [
  ['nothing wrong', () => idp.sign(good()), sam],
  ['no key id', () => idp.sign(good(), { kid: undefined }), sam],
  ['typ in another spelling', () => idp.sign(good(), { typ: 'application/AT+JWT' }), sam],
  ['several audiences', () => idp.sign({ ...good(), aud: ['x', 'sallyport'] }), sam],
  ['just expired, within the leeway', () => idp.sign({ ...good(), exp: seconds() - 5 }), sam],
  [
    'expired',
    () => idp.sign({ ...good(), exp: seconds() - late }),
    'refused: The token has expired.',
  ],
  [
    'without an expiry',
    () => idp.sign({ ...good(), exp: undefined }),
    'refused: The token never expires.',
  ],
  [
    'an expiry that is text',
    () => idp.sign({ ...good(), exp: '9999999999' }),
    'refused: The token’s `exp` cannot be read.',
  ],
  [
    'an expiry beyond all time',
    () => idp.sign({ ...good(), exp: 1e300 }),
    'refused: The token’s `exp` cannot be read.',
  ],
  [
    'not yet valid',
    () => idp.sign({ ...good(), nbf: seconds() + late }),
    'refused: The token is not valid yet.',
  ],
  [
    'issued in the future',
    () => idp.sign({ ...good(), iat: seconds() + late }),
    'refused: The token was issued in the future.',
  ],
  [
    'another audience',
    () => idp.sign({ ...good(), aud: 'other' }),
    'refused: The token is meant for another audience.',
  ],
  [
    'the admin audience',
    () => idp.sign({ ...good(), aud: 'sallyport-admin' }),
    'refused: The token is meant for another audience.',
  ],
  [
    'no audience',
    () => idp.sign({ ...good(), aud: undefined }),
    'refused: The token is meant for another audience.',
  ],
  [
    'another issuer',
    () => idp.sign({ ...good(), iss: 'https://evil.example' }),
    'refused: The token’s issuer is not accepted here.',
  ],
  [
    'almost the issuer',
    () => idp.sign({ ...good(), iss: `${issuer}/` }),
    'refused: The token’s issuer is not accepted here.',
  ],
  [
    'no issuer',
    () => idp.sign({ ...good(), iss: undefined }),
    'refused: The token names no issuer.',
  ],
  [
    'no subject',
    () => idp.sign({ ...good(), sub: undefined }),
    'refused: The token does not name its subject or an actor in a way that can be used.',
  ],
  ['changed claims', tampered, 'refused: The token’s signature does not hold.'],
  ['alg none', async () => `${base64url({ alg: 'none' })}.${base64url(good())}.x`, notSigned],
  [
    'alg NONE',
    async () => `${base64url({ alg: 'NONE' })}.${base64url(good())}.x`,
    'refused: The token is signed with an algorithm that is not accepted here.',
  ],
  [
    'an empty signature',
    async () => `${base64url({ alg: 'ES256' })}.${base64url({})}.`,
    unreadable,
  ],
  [
    'HS256 with the public key as secret',
    confused,
    'refused: The token is signed with an algorithm that is not accepted here.',
  ],
  [
    'an algorithm that is not the key’s',
    async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const header = { alg: 'RS256', kid: 'key-1', typ: 'at+jwt' }
      return new SignJWT(good()).setProtectedHeader(header).sign(privateKey)
    },
    notPublished,
  ],
  [
    'an ID token, by its typ',
    () => idp.sign(good(), { typ: undefined }),
    'refused: The token is not an access token.',
  ],
  [
    'an ID token, by its claims',
    () => idp.sign({ ...good(), at_hash: 'x' }, { typ: 'JWT' }),
    'refused: The token is not an access token.',
  ],
  [
    'a logout token',
    () => idp.sign(good(), { typ: 'logout+jwt' }),
    'refused: The token is not an access token.',
  ],
  [
    'a critical extension',
    async () => `${base64url({ alg: 'ES256', crit: ['x'], x: 1 })}.${base64url(good())}.x`,
    notKnown,
  ],
  [
    'an unencoded payload',
    async () => `${base64url({ alg: 'ES256', b64: false })}.${base64url(good())}.x`,
    notKnown,
  ],
  [
    'a key of its own in `jwk`',
    () => foreign({ jwk: true, kid: 'key-1' }),
    'refused: The token’s signature does not hold.',
  ],
  [
    'a key of its own at `jku`',
    () => foreign({ jku: 'http://127.0.0.1:9/', kid: 'theirs' }),
    notPublished,
  ],
  ['a key id that is a path', () => foreign({ kid: '../../../../dev/null' }), notPublished],
  ['a key id that is __proto__', () => foreign({ kid: '__proto__' }), notPublished],
  [
    'a token too long',
    async () => `${'a'.repeat(limits.tokenBytes)}.b.c`,
    'refused: The token is too long.',
  ],
  ['an encrypted token', async () => 'a.b.c.d.e', unreadable],
  ['no token at all', async () => '', unreadable],
]
for (const [name, make, expected] of attacks) {
  test(`judges ${name}`, async () => check(await make(), expected, { issuer, now: () => started }))
}

test('any text is refused as unauthenticated', async () => {
  const oidc = openOidc([issuerOf(issuer)], { now: Date.now, limits })
  const part = fc.oneof(
    fc.string(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
      await assert.rejects(oidc.verify(parts.join('.'), undefined), { code: 'unauthenticated' })
    }),
  )
})

// --- The admin API ---

type SignIn = readonly [name: string, wish: Parameters<Idp['token']>[0], expected: string]
const onlyPeople = 'refused: Only a person can sign in here.'
const signIns: readonly SignIn[] = [
  ['a person', { sub: 'sam', aud: 'sallyport-admin' }, sam],
  [
    'not an agent for a person',
    { sub: 'sam', aud: 'sallyport-admin', act: { sub: 'b' } },
    onlyPeople,
  ],
  ['not a token for calls', { sub: 'sam' }, 'refused: The token is meant for another audience.'],
]
for (const [name, wish, expected] of signIns) {
  test(`signs in ${name}`, async () =>
    check(await idp.token(wish), expected, { issuer, admin: true }))
}
test('signs in no workload', async () => {
  const token = await idp.token({ sub: 'ci', aud: 'sallyport-admin' })
  await check(token, onlyPeople, { issuer, admin: true, changes: { defaultKind: 'workload' } })
})

// --- What the room that was called asks of a token ---

type Asked = readonly [
  name: string,
  claims: Readonly<Record<string, unknown>>,
  wanted: Parameters<ReturnType<typeof openOidc>['verify']>[2],
  expected: string,
]
const resource = 'https://gw.example/mcp'
const elsewhere = 'refused: The token is meant for another audience.'
const lacking = 'scope-exceeded [tools,more]'
const ofRoom: readonly Asked[] = [
  ['its resource', { aud: resource }, { audience: [resource] }, sam],
  ['one of its resources', { aud: resource }, { audience: ['x', resource] }, sam],
  ['not its issuer’s audience', { aud: 'sallyport' }, { audience: [resource] }, elsewhere],
  ['not the admin API’s', { aud: 'sallyport-admin' }, { audience: [resource] }, elsewhere],
  ['not a longer resource', { aud: `${resource}/crm` }, { audience: [resource] }, elsewhere],
  [
    'not another connection',
    { aud: `${resource}/crm` },
    { audience: [resource, `${resource}/b`] },
    elsewhere,
  ],
  ['nothing for no audience', { aud: 'sallyport' }, { audience: [] }, elsewhere],
  ['all its scopes', { scope: 'more tools x' }, { scopes: ['tools', 'more'] }, sam],
  ['scopes in a list', { scp: ['tools', 'more'] }, { scopes: ['tools', 'more'] }, sam],
  ['scopes in a text', { scp: 'more tools' }, { scopes: ['tools', 'more'] }, sam],
  ['not one of two', { scope: 'tools' }, { scopes: ['tools', 'more'] }, lacking],
  ['not none', {}, { scopes: ['tools', 'more'] }, lacking],
  ['not a longer name', { scope: 'tools more.x' }, { scopes: ['tools', 'more'] }, lacking],
  [
    'not what only one claim says',
    { scope: 'tools more', scp: ['tools'] },
    { scopes: ['tools', 'more'] },
    lacking,
  ],
  [
    'not scopes that cannot be read',
    { scope: { tools: true } },
    { scopes: ['tools', 'more'] },
    lacking,
  ],
  ['no scopes where none are asked for', {}, { scopes: [] }, sam],
]
for (const [name, claims, wanted, expected] of ofRoom) {
  test(`the room takes ${name}`, async () => {
    const token = await idp.sign({ ...good(), ...claims })
    assert.equal(
      await outcome(openOidc([issuerOf(issuer)], { now: () => started, limits }), token, wanted),
      expected,
    )
  })
}

test('the room takes not: an ID token for its resource', async () => {
  const oidc = openOidc([issuerOf(issuer)], { now: () => started, limits })
  const token = await idp.sign({ ...good(), aud: resource, nonce: 'n' }, { typ: 'JWT' })
  const expected = 'refused: The token is not an access token.'
  assert.equal(await outcome(oidc, token, { audience: [resource] }), expected)
})

async function outcome(
  oidc: ReturnType<typeof openOidc>,
  token: string,
  wanted: Asked[2],
): Promise<string> {
  return oidc.verify(token, undefined, wanted).then(
    ({ subject: { kind, id, groups } }) => `${kind} ${id} [${groups}]`,
    (thrown: unknown) => {
      assert.ok(thrown instanceof Refusal)
      if (thrown.code === 'unauthenticated') return `refused: ${thrown.detail}`
      return `${thrown.code} [${thrown.facts.scopes}]`
    },
  )
}

test('a token that is remembered for one audience is refused for another', async () => {
  const oidc = openOidc([issuerOf(issuer)], { now: () => started, limits })
  const token = await idp.sign({ ...good(), aud: ['sallyport', resource] })
  const only = await idp.sign(good())
  for (let times = 0; times < 2; times++) {
    assert.equal(await outcome(oidc, token, undefined), sam)
    assert.equal(await outcome(oidc, token, { audience: [resource] }), sam)
    assert.equal(await outcome(oidc, only, undefined), sam)
    assert.equal(await outcome(oidc, only, { audience: [resource] }), elsewhere)
    assert.equal(await outcome(oidc, only, { scopes: ['tools', 'more'] }), lacking)
  }
})

// --- Conversations and memory ---

test('one conversation keeps its session, whatever the token', async () => {
  const oidc = openOidc([issuerOf(issuer)], { now: Date.now, limits })
  const token = await idp.sign({ ...good(), sid: 's1' })
  const again = await idp.sign({ ...good(), sid: 's1', exp: seconds() + 700 })
  const first = await oidc.verify(token, 'chat')
  assert.match(first.session, /^ses_[\w-]{20}$/)
  assert.match(first.authentication.credential, /^sha256:[0-9a-f]{64}$/)
  assert.equal((await oidc.verify(again, 'chat')).session, first.session)
  assert.notEqual((await oidc.verify(token, 'other')).session, first.session)
  assert.notEqual((await oidc.verify(token, undefined)).session, first.session)
  const other = await idp.sign({ ...good(), sub: 'eve', sid: 's1' })
  assert.notEqual((await oidc.verify(other, 'chat')).session, first.session)
})

test('a remembered token is refused once it has expired', async () => {
  let now = Date.now()
  const oidc = openOidc([issuerOf(issuer)], { now: () => now, limits })
  const token = await idp.sign({ ...good(), exp: seconds() + 60 })
  await oidc.verify(token, undefined)
  await oidc.verify(token, undefined)
  now += 60_000 + limits.clockLeewayMs
  await assert.rejects(oidc.verify(token, undefined), { detail: 'The token has expired.' })
})

test('the memory of tokens is bounded', async () => {
  // Keys are fetched for every token that is not remembered, so fetches show what was forgotten.
  const few = { ...limits, tokenCacheEntries: 2, jwksMaxAgeMs: 0 }
  const oidc = openOidc([issuerOf(issuer)], { now: () => started, limits: few })
  const fetchesFor = async (sub: string) => {
    const before = idp.keySetFetches()
    await oidc.verify(await tokenOf(sub), undefined)
    return idp.keySetFetches() - before
  }
  const tokens = new Map<string, string>()
  const tokenOf = async (sub: string) => {
    const token = tokens.get(sub) ?? (await idp.sign({ ...good(), sub }))
    tokens.set(sub, token)
    return token
  }
  const fetches: number[] = []
  for (const sub of ['a', 'a', 'b', 'a', 'c', 'b', 'a']) fetches.push(await fetchesFor(sub))
  assert.deepEqual(fetches, [1, 0, 1, 0, 1, 0, 1])
})
