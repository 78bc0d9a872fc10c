import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { openForwarder } from '../../../test/mcp-exchange.ts'
import type { McpConnection } from '../../model/connection.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Credential } from '../../model/secret.ts'

const upstreams = openForwarder()
after(() => upstreams.close())

type Lists = (method: string, cursor: string | undefined) => object | undefined

/** A server that answers each list like this; undefined is an unknown method. */
async function startServer(
  lists: Lists,
  capabilities: JsonObject,
): Promise<{ readonly connection: McpConnection; readonly stop: () => void }> {
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
      const known = { supportedVersions: ['2026-07-28'], capabilities }
      const result = method === 'server/discover' ? known : lists(method, params.cursor)
      const error = { code: -32601, message: 'no' }
      response.writeHead(result ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error }) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const connection: McpConnection = {
    ...{ protocol: 'mcp', id: 'peer', upstream: `http://127.0.0.1:${port}/`, shared: false },
    ...{ credential: { kind: 'none' }, definitionMaxAgeMs: 0, describedEveryMs: 60_000 },
  }
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { connection, stop }
}

const token = 'tok-"1234567890"'
const credential: Credential = {
  ...{ kind: 'header', name: 'authorization', value: `Bearer ${token}` },
  echoes: [Buffer.from(token), Buffer.from(JSON.stringify(token).slice(1, -1))],
}
const look = (connection: McpConnection) =>
  upstreams.describe(connection, credential, new AbortController().signal)

/** How many tools, prompts, resources and templates are found, or the problem. */
async function check(lists: Lists, expected: string, capabilities: JsonObject): Promise<void> {
  const { connection, stop } = await startServer(lists, capabilities)
  const found = await look(connection)
  stop()
  if ('problem' in found) return assert.equal(found.problem, expected)
  const { tools, prompts, resources, resourceTemplates } = found
  const counts = [tools, prompts, resources, resourceTemplates].map(({ length }) => length)
  assert.equal(counts.join(' '), expected)
}

const all: JsonObject = { tools: {}, prompts: {}, resources: {} }
const member: Readonly<Record<string, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}
const list = (method: string, entries: readonly unknown[], more: object = {}) => ({
  [member[method] ?? '']: entries,
  ...more,
})
const one = { name: 'a', inputSchema: {} }
const odd = { name: 'b', inputSchema: { 'x-mcp-header': '' } }
const only = (method: string) => (asked: string) => asked === method

const cases: readonly (readonly [string, Lists, string, JsonObject?])[] = [
  ['everything', (method) => list(method, [one, one]), '2 2 2 2'],
  ['what it says it has', (method) => list(method, [one]), '1 0 0 0', { tools: {} }],
  ['nothing', () => undefined, '0 0 0 0', {}],
  [
    'pages',
    (method, cursor) =>
      list(method, [one], cursor === 'c' ? {} : { nextCursor: cursor === undefined ? '' : 'c' }),
    '3 3 3 3',
  ],
  [
    'templates, which it need not have',
    (method) => (method === 'resources/templates/list' ? undefined : list(method, [one])),
    '1 1 1 0',
  ],
  ['a tool that nobody can call', (method) => list(method, [one, odd]), '1 2 2 2'],
  [
    'a list that it does not have after all',
    (method) => (only('prompts/list')(method) ? undefined : list(method, [])),
    'It answered prompts/list with error -32601.',
  ],
  [
    'pages without end',
    (method, cursor) => list(method, [], { nextCursor: `${cursor ?? ''}x` }),
    'Its answer to tools/list has no end.',
    { tools: {} },
  ],
  [
    'the same page again',
    (method) => list(method, [], { nextCursor: 'x' }),
    'Its answer to tools/list has no end.',
    { tools: {} },
  ],
  [
    'a cursor that is none',
    (method) => list(method, [], { nextCursor: 7 }),
    'Its answer to tools/list has no end.',
    { tools: {} },
  ],
  ['no list', () => ({}), 'Its answer to tools/list has no list.', { tools: {} }],
  [
    'odd entries',
    (method) => list(method, [one, 'two']),
    'Its answer to tools/list has odd entries.',
    { tools: {} },
  ],
  [
    'too many',
    (method) => list(method, Array(5_001).fill(one)),
    'It lists over 5000 things.',
    { tools: {} },
  ],
  [
    'too long',
    (method, cursor) =>
      list(method, [{ a: 'x'.repeat(3_000_000) }], { nextCursor: `${cursor ?? ''}x` }),
    'Its lists are longer than 16777216 bytes.',
    { tools: {} },
  ],
  ...['name', 'uri', 'token of anybody'].map((key): (typeof cases)[number] => [
    `its credential in ${key}`,
    (method) => list(method, [one, { ...one, [key]: `x://${token}/y` }]),
    'Its lists hold the credential that it is called with.',
  ]),
  [
    'a question instead',
    () => ({ resultType: 'input_required', requestState: 's' }),
    'Its answer to tools/list has no list.',
    { tools: {} },
  ],
]
for (const [name, lists, expected, capabilities = all] of cases) {
  test(name, () => check(lists, expected, capabilities))
}

test('two readings are told apart by what was received', async () => {
  let description = 'first'
  const lists: Lists = (method) => list(method, [{ ...one, description }])
  const { connection, stop } = await startServer(lists, { tools: {} })
  const seen: string[] = []
  for (const text of ['first', 'first', 'second']) {
    description = text
    const found = await look(connection)
    seen.push('problem' in found ? found.problem : found.fingerprint)
  }
  stop()
  assert.equal(seen[0], seen[1])
  assert.notEqual(seen[1], seen[2])
})

test('what is asked again are lists of these kinds, of the same server', async () => {
  const asked: string[] = []
  let answers = 0
  const lists: Lists = (method) => {
    asked.push(method)
    answers += 1
    return list(method, [{ ...one, answers }])
  }
  const { connection, stop } = await startServer(lists, all)
  const signal = new AbortController().signal
  const before = await look(connection)
  assert.ok('tools' in before)
  asked.length = 0
  const again = { kinds: new Set(['tools'] as const), before }
  const found = await upstreams.describe(connection, credential, signal, again)
  assert.ok('tools' in found)
  assert.deepEqual(asked, ['tools/list'])
  assert.deepEqual([found.prompts, found.resources], [before.prompts, before.resources])
  assert.notDeepEqual(found.tools, before.tools)
  asked.length = 0
  const another = { kinds: again.kinds, before: { ...before, capabilities: { tools: {} } } }
  await upstreams.describe(connection, credential, signal, another)
  assert.equal(asked.length, 4)
  stop()
})

const unread: readonly (readonly [string, readonly string[], readonly string[] | undefined])[] = [
  ['tools', ['tools/list'], ['tools']],
  ['resources, which are of two lists', ['resources/list'], ['resources']],
  ['prompts and tools', ['prompts/list', 'tools/list'], ['tools', 'prompts']],
]
for (const [name, methods, lists] of unread) {
  test(`which lists a server does not answer for is told: ${name}`, async () => {
    const say: Lists = (method) => (methods.includes(method) ? undefined : list(method, [one]))
    const { connection, stop } = await startServer(say, all)
    const found = await look(connection)
    stop()
    assert.ok('problem' in found)
    assert.deepEqual(found.lists, lists)
  })
}

test('of a server that is away no list is told: it could not be asked', async () => {
  const { connection, stop } = await startServer((method) => list(method, [one]), all)
  assert.ok(!('problem' in (await look(connection))))
  stop()
  const found = await look(connection)
  assert.ok('problem' in found)
  assert.equal(found.lists, undefined)
})
