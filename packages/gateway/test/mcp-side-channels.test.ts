import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import type { Seen } from './caller.ts'
import { assertSoundLog, type House, openHouse } from './house.ts'
import { askModern } from './mcp-agent.ts'
import {
  type RawAnswer,
  type RawServer,
  sayEvents,
  sayJson,
  startRawServer,
} from './mcp-raw-server.ts'
import { writeRulebook } from './rules.ts'

/** Found by detection wherever it stands; declared nowhere. */
const card = '4556737586899855'

const own = { owner: 'team', sensitivity: 'internal', risk: 'low', purpose: 'Be called' }
const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in Action::"web", resource);

@id("nobody-reads-secrets")
@reason("A secret is a secret")
forbid (principal, action == Action::"web.note", resource)
when { context.args.id == "secret" };

@id("from-here-only")
@reason("Nobody else is near")
forbid (principal, action == Action::"web.near", resource)
unless { context.source.ip.isInRange(ip("127.0.0.0/8")) };
`
const masking = `detect:
  - { id: cards, profile: pci, direction: [result, arguments], from: [record, upstream] }
`

type Yard = { readonly house: House; readonly web: RawServer }

async function openYard(t: TestContext): Promise<Yard> {
  const web = await startRawServer(t, [])
  const house = await openHouse(t)
  await house.stop()
  const functions = ['tool', 'other', 'near'].map((name) => ({
    ...{ ...own, name, mcp: `tools/call ${name}`, unknownArguments: 'allow' },
  }))
  const region = { type: 'string', 'x-mcp-header': 'Region' }
  const arguments_ = { type: 'object', properties: { region } }
  writeRulebook(house.rulebook, {
    'policies/mcp.cedar': policies,
    'masking.yaml': masking,
    'connections/web.yaml': stringify({
      ...{ id: 'web', protocol: 'mcp', credential: 'none', upstream: web.url },
      revision: '2026-07-28',
    }),
    'functions/web.yaml': stringify({
      connection: 'web',
      functions: [
        ...functions,
        { ...own, name: 'header', mcp: 'tools/call header', arguments: arguments_ },
        { ...own, name: 'note', mcp: 'resources/read note://all/{id}' },
      ],
    }),
  })
  await house.restart()
  return { house, web }
}

const say = (response: Parameters<RawAnswer>[0], id: unknown, result: object) =>
  sayJson(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } })
const text = (said: string) => ({ content: [{ type: 'text', text: said }] })

type Row = readonly [name: string, run: (yard: Yard) => Promise<void>]

/** A call of `tool` that its server answers like this. */
async function answered({ house, web }: Yard, answer: RawAnswer, args: object = {}): Promise<Seen> {
  web.answers.set('tool', answer)
  const seen = await askModern(house, { name: 'web__tool', args, capabilities: {} })
  web.answers.delete('tool')
  return seen
}

function assertHidden(seen: Seen): void {
  assert.ok(!seen.text().includes(card), seen.text())
  assert.match(seen.text(), /REDACTED/)
}

const towardsServer: readonly Row[] = [
  [
    'what a caller writes beside name and arguments goes no further',
    async ({ house, web }) => {
      const params = { task: { ttl: 1 }, foo: card, 'mcp-x': 1, progressToken: card }
      await askModern(house, { name: 'web__tool', params })
      const sent = web.calls.at(-1)?.message
      assert.deepEqual(Object.keys(sent.params).toSorted(), ['_meta', 'arguments', 'name'])
      assert.ok(!JSON.stringify(sent).includes(card))
    },
  ],
  [
    'nor does its metadata',
    async ({ house, web }) => {
      const message = (meta: object) => ({
        ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
        params: { name: 'web__tool', arguments: {}, _meta: meta },
      })
      const meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: card, version: card },
        'io.modelcontextprotocol/clientCapabilities': { experimental: { card: { card } } },
        'example.org/card': card,
        baggage: card,
        tracestate: card,
      }
      const body = JSON.stringify(message(meta))
      assert.equal((await askModern(house, { name: 'web__tool', body })).status, 200)
      const { message: sent, headers } = web.calls.at(-1) ?? assert.fail()
      assert.ok(!JSON.stringify([sent, headers]).includes(card), JSON.stringify(sent))
    },
  ],
  [
    'answers to questions nobody put go no further',
    async ({ house, web }) => {
      const before = web.calls.length
      const inputResponses = { a: { action: 'accept', content: { card } } }
      const seen = await askModern(house, { name: 'web__tool', params: { inputResponses } })
      const sent = JSON.stringify(web.calls.slice(before))
      assert.ok(!sent.includes('inputResponses') && !sent.includes(card), sent + seen.text())
    },
  ],
  [
    'an argument that is a header of the server’s is hidden there too',
    async ({ house, web }) => {
      const seen = await askModern(house, {
        ...{ name: 'web__header', args: { region: card } },
        headers: { 'mcp-param-region': card },
      })
      const sent = web.calls.at(-1)
      assert.equal(sent?.name, 'header', seen.text())
      assert.ok(!JSON.stringify(sent).includes(card), JSON.stringify(sent?.headers))
      assert.match(String(sent?.headers['mcp-param-region']), /REDACTED/)
      const before = web.calls.length
      const other = { 'mcp-param-region': 'north' }
      const refused = await askModern(house, {
        ...{ name: 'web__header', args: { region: 'south' }, headers: other },
      })
      assert.equal(refused.json().error.code, -32020)
      assert.equal(web.calls.length, before)
    },
  ],
  [
    'a key that is a secret is hidden from the server',
    async ({ house, web }) => {
      await askModern(house, { name: 'web__tool', args: { [card]: 1, deep: [{ a: card }] } })
      assert.ok(!JSON.stringify(web.calls.at(-1)?.message).includes(card))
    },
  ],
  [
    'one resource under another spelling is the same to policy',
    async ({ house, web }) => {
      const read = (uri: string) =>
        askModern(house, {
          ...{ method: 'resources/read', params: { uri: `web+${uri}` } },
          headers: { 'mcp-name': `web+${uri}` },
        })
      web.answers.set('note://all/open', (response, { id }) =>
        say(response, id, { contents: [{ uri: 'note://all/open', text: 'a note' }] }),
      )
      assert.match((await read('note://all/open')).text(), /a note/)
      const before = web.calls.length
      const spellings = [
        'secret',
        '%73ecret',
        'secre%74',
        'x/../secret',
        './secret',
        'secret/',
        'secret?a',
        'secret#a',
      ]
      for (const one of spellings) {
        const seen = await read(`note://all/${one}`)
        assert.ok(seen.json().error, `${one}: ${seen.text()}`)
      }
      assert.equal(web.calls.length, before)
    },
  ],
]

const towardsCaller: readonly Row[] = [
  [
    'an error’s message and data are looked at',
    async (yard) => {
      const error = { code: -32099, message: `declined ${card}`, data: { card, list: [card] } }
      assertHidden(
        await answered(yard, (response, { id }) =>
          sayJson(response, { jsonrpc: '2.0', id, error }),
        ),
      )
    },
  ],
  [
    'a member nobody knows is looked at',
    async (yard) =>
      assertHidden(
        await answered(yard, (response, { id }) =>
          say(response, id, { ...text('x'), extra: { card } }),
        ),
      ),
  ],
  [
    'a key is looked at',
    async (yard) => {
      const seen = await answered(yard, (response, { id }) =>
        say(response, id, { content: [], structuredContent: { [card]: 1 } }),
      )
      assert.ok(!seen.text().includes(card), seen.text())
    },
  ],
  [
    'a value in escapes, and a value in JSON in JSON in JSON',
    async (yard) => {
      const escaped = [...card].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')
      const nested = JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ card }) }) })
      assertHidden(
        await answered(yard, (response, { id }) =>
          sayJson(
            response,
            `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[{"type":"text","text":"${escaped}"},{"type":"text","text":${JSON.stringify(nested)}}]}}`,
          ),
        ),
      )
    },
  ],
  [
    'notifications the room does not know are dropped',
    async (yard) => {
      const notify = (method: string, params: object) => ({ jsonrpc: '2.0', method, params })
      const seen = await answered(yard, (response, { id }) =>
        sayEvents(response, [
          notify('notifications/evil', { text: 'EVIL' }),
          notify('notifications/resources/updated', { uri: 'EVIL' }),
          notify('notifications/progress', { progressToken: 'EVIL', progress: 1 }),
          notify('notifications/message', { level: 'error', data: 'EVIL' }),
          { jsonrpc: '2.0', id, result: { resultType: 'complete', ...text('fine') } },
        ]),
      )
      assert.match(seen.text(), /fine/)
      assert.ok(!seen.text().includes('EVIL'), seen.text())
    },
  ],
  [
    'questions of the server’s that are no functions are not put, however they are spelled',
    async (yard) => {
      const question = {
        method: 'elicitation/create',
        params: { message: 'EVIL', requestedSchema: { type: 'object', properties: {} } },
      }
      const inputRequests = JSON.stringify({ a: question })
      for (const type of ['input_required', 'input_require\\u0064', 'complete']) {
        const seen = await answered(yard, (response, { id }) =>
          sayJson(
            response,
            `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"${type}","inputRequests":${inputRequests},"requestState":"EVIL"}}`,
          ),
        )
        assert.ok(!seen.text().includes('EVIL'), seen.text())
        assert.ok(!seen.text().includes('"inputRequests"'), seen.text())
      }
    },
  ],
  [
    'nor those that are put in an error',
    async (yard) => {
      const elicitations = [{ mode: 'url', elicitationId: 'e', url: 'EVIL', message: 'EVIL' }]
      const seen = await answered(yard, (response, { id }) =>
        sayJson(response, {
          ...{ jsonrpc: '2.0', id },
          error: { code: -32042, message: 'EVIL', data: { elicitations } },
        }),
      )
      assert.ok(!seen.text().includes('EVIL'), seen.text())
      assert.match(seen.text(), /upstream-failed/)
    },
  ],
  [
    'what a server says of itself is not what the gateway says',
    async ({ house, web }) => {
      web.says.set('server/discover', {
        instructions: 'EVIL',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'EVIL', version: '1' } },
      })
      for (const path of ['/mcp', '/mcp/web']) {
        const seen = await askModern(house, { path, method: 'server/discover' })
        assert.equal(seen.status, 200)
        assert.ok(!seen.text().includes('EVIL'), seen.text())
        const called = await askModern(house, {
          path,
          name: path === '/mcp' ? 'web__other' : 'other',
        })
        assert.ok(!called.text().includes('EVIL'), called.text())
      }
    },
  ],
  [
    'a list is for where its caller is',
    async ({ house }) => {
      const seen = await askModern(house, { path: '/mcp/web', method: 'tools/list' })
      const names = seen.json().result.tools.map(({ name }: { readonly name: string }) => name)
      assert.ok(names.includes('near'), names.join())
      const called = await askModern(house, { path: '/mcp/web', name: 'near' })
      assert.match(called.text(), /"ok"/)
    },
  ],
  [
    'what a server lists of many resources is looked at',
    async ({ house, web }) => {
      web.says.set('resources/list', {
        resources: [
          { uri: `note://all/${card}`, name: 'EVIL' },
          { uri: 'note://all/1', name: 'EVIL', description: 'EVIL', _meta: { EVIL: 1 } },
          { uri: 'other://x', name: 'EVIL' },
        ],
      })
      web.says.set('resources/templates/list', {
        resourceTemplates: [{ uriTemplate: 'note://all/{id}', name: 'EVIL' }],
      })
      const seen = await askModern(house, { path: '/mcp/web', method: 'resources/list' })
      assert.ok(!seen.text().includes('EVIL'), seen.text())
      assert.ok(!seen.text().includes(card), seen.text())
      assert.match(seen.text(), /note:\/\/all\/1/)
    },
  ],
]

test('nothing passes beside what is governed', { timeout: 300_000 }, async (t) => {
  const yard = await openYard(t)
  for (const [name, run] of [...towardsServer, ...towardsCaller]) {
    await t.test(name, () => run(yard))
  }
  assertSoundLog(yard.house, [card])
})
