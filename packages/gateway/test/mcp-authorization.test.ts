import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { ask, type Seen } from './caller.ts'
import { assertSoundLog, type House, openHouse, root } from './house.ts'
import { startModernPeer } from './mcp-peers.ts'
import { writeRulebook } from './rules.ts'
import { answer } from './upstream.ts'

const resource = 'https://gw.example/mcp'
const scopes = ['tools', 'more']

const functions = (connection: string) => `connection: ${connection}
functions:
  - name: echo
    purpose: Says it again
    owner: team
    sensitivity: public
    risk: low
    mcp: tools/call echo
    arguments: { type: object, properties: { text: { type: string } }, required: [text] }
`
const permit = (connection: string) => `@id("${connection}")
@owner("team")
@reason("for the test")
@review("90d")
permit (principal in Group::"callers", action == Action::"${connection}.echo", resource);
`

/** What the token endpoint gives, and the upstream writes back. */
const issued = 'a-token-that-the-gateway-got-for-itself'
const tokensAsked: string[] = []

/** Gives the same token to whoever asks, and notes who did. */
async function startTokens(t: TestContext): Promise<string> {
  const server = createServer(async (request, response) => {
    const form = (await request.toArray()).join('')
    tokensAsked.push(`${form} ${request.headers.authorization}`)
    const token = { access_token: issued, token_type: 'Bearer', expires_in: 3_600 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(token))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}/token`
}

const own = (upstream: string, tokenUrl: string) => ({
  'connections/own.yaml': `id: own
protocol: http
upstream: ${upstream}
prefix: /own
credential:
  oauth: { tokenUrl: '${tokenUrl}', clientId: gw, clientSecret: { env: UP_SECRET }, scope: read }
`,
  'functions/own.yaml': `connection: own
functions:
  - { name: read, purpose: Reads., owner: team, sensitivity: public, risk: low, http: GET /read }
`,
  'policies/own.cedar': permit('own').replace('own.echo', 'own.read'),
})

/** A gateway that says what it is called, with two connections to one server. */
async function openResource(t: TestContext): Promise<House> {
  const peer = await startModernPeer()
  const tokenUrl = await startTokens(t)
  const house = await openHouse(t, { mcp: { resource, scopes } })
  t.after(peer.close)
  const files = ['one', 'two'].flatMap((id) => [
    [
      `connections/${id}.yaml`,
      `id: ${id}\nprotocol: mcp\nupstream: ${peer.url}\ncredential: none\nshared: true\n`,
    ],
    [`functions/${id}.yaml`, functions(id)],
    [`policies/${id}.cedar`, permit(id)],
  ])
  const ownFiles = own(house.upstream.url, tokenUrl)
  writeRulebook(house.rulebook, { ...Object.fromEntries(files), ...ownFiles })
  await house.restart()
  return house
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** One call of `echo`, at the address of both connections or of one. */
function call(house: House, path: string, token: string | null): Promise<Seen> {
  const name = path === '/mcp' ? 'one__echo' : 'echo'
  const params = { name, arguments: { text: 'hello' }, _meta: meta }
  return ask(house.url(), path, {
    token,
    json: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    headers: {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
  })
}

type Made = (house: House) => Promise<string | null> | string | null
type Row = readonly [name: string, made: Made, path: string, status: number, challenge?: RegExp]

const seconds = () => Math.floor(Date.now() / 1_000)
const token =
  (claims: object, header: object = {}): Made =>
  ({ idp }) =>
    idp.sign(
      {
        ...{ iss: idp.issuer, aud: resource, sub: 'tess', groups: ['callers'] },
        ...{ exp: seconds() + 600, scope: scopes.join(' ') },
        ...claims,
      },
      { ...header },
    )
/** The same token each time: what the gateway remembers of it must not let it in elsewhere. */
const remembered = new Map<string, Promise<string | null>>()
const sameToken =
  (name: string, made: Made): Made =>
  (house) => {
    const known = remembered.get(name) ?? Promise.resolve(made(house))
    remembered.set(name, known)
    return known
  }
const forOne = sameToken('one', token({ aud: `${resource}/one` }))
const forHouse = sameToken('house', token({ aud: 'house' }))

const where =
  /resource_metadata="https:\/\/gw\.example\/\.well-known\/oauth-protected-resource\/mcp"/
const whereOne =
  /resource_metadata="https:\/\/gw\.example\/\.well-known\/oauth-protected-resource\/mcp\/one"/
const insufficient = /error="insufficient_scope", scope="tools more"/

const rows: readonly Row[] = [
  ['a token for the resource', token({}), '/mcp', 200],
  ['a token for the resource, at one connection', token({}), '/mcp/one', 200],
  ['a token for one connection, there', forOne, '/mcp/one', 200],
  ['the same, everywhere', forOne, '/mcp', 401, where],
  ['the same, at the other connection', forOne, '/mcp/two', 401],
  ['the same, there again', forOne, '/mcp/one', 200],
  ['scopes as another provider writes them', token({ scope: undefined, scp: scopes }), '/mcp', 200],
  ['no token', () => null, '/mcp', 401, where],
  ['no token, at one connection', () => null, '/mcp/one', 401, whereOne],
  ['no token, at a connection that is none', () => null, '/mcp/nowhere', 401],
  ['a token for HTTP calls', forHouse, '/mcp', 401, /error="invalid_token"/],
  ['a token for the admin API', token({ aud: 'house-admin' }), '/mcp', 401],
  ['a token for somebody else', token({ aud: 'https://other.example/mcp' }), '/mcp', 401],
  ['a token for a longer address', token({ aud: `${resource}/one/x` }), '/mcp/one', 401],
  ['a token for a shorter one', token({ aud: 'https://gw.example' }), '/mcp', 401],
  ['a token for nobody', token({ aud: undefined }), '/mcp', 401],
  ['an ID token', token({ nonce: 'n' }, { typ: 'JWT' }), '/mcp', 401],
  ['a token without scopes', token({ scope: undefined }), '/mcp', 403, insufficient],
  ['a token that lacks a scope', token({ scope: 'tools' }), '/mcp', 403, insufficient],
  ['the same at one connection', token({ scope: 'more' }), '/mcp/one', 403, insufficient],
]

test('who may speak MCP', { timeout: 300_000 }, async (t) => {
  const house = await openResource(t)
  for (const [name, made, path, status, challenge] of rows) {
    await t.test(`${name} at ${path}: ${status}`, async () => {
      const seen = await call(house, path, await made(house))
      assert.equal(seen.status, status, seen.text())
      if (status === 200) assert.equal(seen.json().result.content[0].text, 'hello')
      else assert.ok(!seen.text().includes('hello'))
      const said = String(seen.headers['www-authenticate'] ?? '')
      assert.equal(said.startsWith('Bearer '), status !== 200)
      if (challenge) assert.match(said, challenge)
    })
  }

  await t.test('a token for MCP is none for HTTP calls', async () => {
    for (const made of [token({}), forOne]) {
      const seen = await house.call('/up/read', { token: await made(house) })
      assert.equal(seen.status, 401, seen.text())
    }
    const known = await house.call('/up/read', { token: await forHouse(house) })
    assert.notEqual(known.status, 401)
  })

  await t.test('a key counts without scopes, within its own', async () => {
    const issued = await house.admin(root, 'POST', '/keys', {
      ...{ name: 'agent', kind: 'agent', groups: ['callers'], scope: ['one.*'] },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    })
    const { key } = issued.json()
    assert.equal((await call(house, '/mcp', key)).json().result.content[0].text, 'hello')
    const outside = (await call(house, '/mcp/two', key)).json().result
    assert.equal(outside.isError, true)
    assert.equal(outside.structuredContent.refusal, 'scope-exceeded')
  })

  await t.test('an upstream gets a token that the gateway got for itself', async () => {
    const before = house.upstream.reached.length
    house.upstream.script = (socket, asked) =>
      answer({ body: JSON.stringify({ said: asked.headers.authorization }) })(socket, asked)
    const token = await forHouse(house)
    for (let times = 0; times < 2; times++) {
      const seen = await house.call('/own/read', { token })
      assert.equal(seen.status, 200, seen.text())
      assert.ok(!seen.text().includes(issued), 'the token was echoed')
    }
    const sent = house.upstream.reached.slice(before).map(({ headers }) => headers.authorization)
    assert.deepEqual(sent, Array(2).fill(`Bearer ${issued}`))
    assert.deepEqual(tokensAsked, [
      `grant_type=client_credentials&scope=read Basic ${Buffer.from(`gw:${house.secret}`).toString('base64')}`,
    ])
    house.upstream.script = answer({ status: 401, body: '{}' })
    assert.equal((await house.call('/own/read', { token })).status, 401)
    house.upstream.script = answer({ body: '{}' })
    assert.equal((await house.call('/own/read', { token })).status, 200)
    assert.equal(tokensAsked.length, 2, 'one that was not taken is not used again')
  })

  await t.test('the metadata says where to get a token', async () => {
    for (const path of ['', '/one']) {
      const seen = await ask(house.url(), `/.well-known/oauth-protected-resource/mcp${path}`)
      assert.equal(seen.status, 200)
      assert.partialDeepStrictEqual(seen.json(), {
        resource: `${resource}${path}`,
        authorization_servers: [house.idp.issuer],
        scopes_supported: scopes,
      })
    }
  })

  await t.test('what was refused is recorded', () => {
    const codes = new Set(house.records().map(({ code }) => code))
    assert.ok(codes.has('unauthenticated') && codes.has('scope-exceeded'), [...codes].join())
    assertSoundLog(house)
  })
})
