import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { mcpWatchOf } from '../../../../test/call-stages.ts'
import { exchanged, openForwarder, peerOf, until } from '../../../../test/mcp-exchange.ts'
import type { McpWatch, Recorded } from '../../../call/stage.ts'
import type { McpConnection, McpRevision } from '../../../model/connection.ts'
import type { Credential } from '../../../model/secret.ts'

const uri = 'file:///a'
const capabilities = { resources: { subscribe: true }, tools: { listChanged: true } }

const bearer = (value: string): Credential => ({
  ...{ kind: 'header', name: 'authorization', value, echoes: [] },
})

type Message = {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly notifications?: Readonly<Record<string, unknown>> }
}

/** A server that takes one secret only, and listens to everything that is asked of it. */
async function startServer(t: TestContext, revision: McpRevision) {
  const server = { secret: 'one', taken: [] as string[], refused: [] as string[], url: '' }
  const streams = new Set<ServerResponse>()
  const listen = (response: ServerResponse, first = ': hello\n\n') => {
    streams.add(response)
    response.on('close', () => streams.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(first)
  }
  const answer = (response: ServerResponse, { id, method, params }: Message) => {
    const notifications = params?.notifications
    if (notifications) {
      return listen(response, `data: ${JSON.stringify(agreedTo(notifications))}\n\n`)
    }
    if (id === undefined) return response.writeHead(202).end()
    const result = resultOf(method, revision)
    const head = { 'content-type': 'application/json', 'mcp-session-id': 'session' }
    const said = result ? { result } : { error: { code: -32601, message: 'no' } }
    return response.writeHead(200, head).end(JSON.stringify({ jsonrpc: '2.0', id, ...said }))
  }
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const message: Message = text === '' ? {} : JSON.parse(text)
    const kinds = Object.keys(message.params?.notifications ?? {})
    const what = kinds[0] ?? message.method ?? request.method ?? ''
    if (request.headers.authorization !== server.secret) {
      server.refused.push(what)
      response.writeHead(401).end()
      return
    }
    server.taken.push(`${what} ${server.secret}`)
    if (request.method === 'GET') listen(response)
    else answer(response, message)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  assert.ok(typeof address === 'object' && address)
  return Object.assign(server, {
    url: `http://127.0.0.1:${address.port}/mcp`,
    /** Streams of what callers want to hear, or of their sessions. */
    open: () => streams.size,
    /** Another secret from now on, and whoever came with the one before is sent away. */
    rotate: (secret: string) => {
      server.secret = secret
      for (const stream of streams) stream.end()
      streams.clear()
    },
  })
}

function agreedTo(notifications: object) {
  const method = 'notifications/subscriptions/acknowledged'
  return { jsonrpc: '2.0', method, params: { notifications } }
}

function resultOf(method: string | undefined, revision: McpRevision): object | undefined {
  const serverInfo = { name: 'rotating', version: '1' }
  if (method === 'initialize') return { protocolVersion: revision, serverInfo, capabilities }
  if (method === 'resources/subscribe' || method === 'resources/unsubscribe') return {}
  if (method !== 'server/discover' || revision !== '2026-07-28') return undefined
  const result = { supportedVersions: [revision], serverInfo, capabilities }
  return { resultType: 'complete', ...result, ttlMs: 0, cacheScope: 'private' }
}

function watching(upstream: string, revision: McpRevision, watch: Partial<McpWatch>): Recorded {
  return { ...exchanged({ upstream, revision }), outbound: mcpWatchOf(uri, watch) }
}

test('a watch that a clearance allowed ends when that is revoked', async (t) => {
  const server = await startServer(t, '2026-07-28')
  const upstreams = openForwarder(async () => bearer(server.secret))
  t.after(() => upstreams.close())
  const clearance = new AbortController()
  const overs: string[] = []
  const watch = { onOver: () => void overs.push('over') }
  const at = watching(server.url, '2026-07-28', watch)
  const approval = { id: 'apr_1', clearance: 'clr_1', by: [], groups: [] }
  await upstreams.forward(
    { ...at, approval: { ...approval, revoked: clearance.signal } },
    bearer('one'),
  )
  assert.deepEqual(overs, [])
  clearance.abort()
  await until(() => overs.length === 1, 'it is over')
})

const rows: readonly (readonly [revision: McpRevision, asked: readonly string[]])[] = [
  ['2026-07-28', ['resourceSubscriptions two', 'toolsListChanged two']],
  ['2025-11-25', ['GET two', 'resources/subscribe two']],
]
for (const [revision, asked] of rows) {
  test(`${revision}: a server that takes another secret now is asked with it, without a call`, async (t) => {
    const server = await startServer(t, revision)
    const upstreams = openForwarder(async () => bearer(server.secret))
    const stop = new AbortController()
    t.after(async () => {
      stop.abort()
      await upstreams.close()
    })
    let changes = 0
    const watch = { onChanged: () => void changes++, until: stop.signal }
    await upstreams.forward(watching(server.url, revision, watch), bearer('one'))
    await until(
      () => asked.every((one) => server.taken.includes(one.replace('two', 'one'))),
      'the first secret was taken',
    )
    server.rotate('two')
    await until(() => asked.every((one) => server.taken.includes(one)), 'the second one was taken')
    await until(() => changes > 0, 'what it may have said in between counts as a change')
  })
}

type Replaced = readonly [name: string, with_: (before: McpConnection) => readonly McpConnection[]]
const elsewhere = (before: McpConnection, changed: Partial<McpConnection>) => [
  { ...before, ...changed },
]
const replacements: readonly Replaced[] = [
  ['has another url', (one) => elsewhere(one, { upstream: 'http://127.0.0.1:1/mcp' })],
  [
    'is called with another secret',
    (one) => elsewhere(one, { credential: { kind: 'bearer', secret: { env: 'OTHER' } } }),
  ],
  ['is everybody’s', (one) => elsewhere(one, { shared: true })],
  ['is not there', () => []],
]
for (const revision of ['2026-07-28', '2025-11-25'] as const) {
  for (const [name, replaced] of replacements) {
    test(`${revision}: what is asked of a server ends when its connection ${name}`, async (t) => {
      const server = await startServer(t, revision)
      const upstreams = openForwarder(async () => bearer(server.secret))
      t.after(() => upstreams.close())
      let overs = 0
      const at = watching(server.url, revision, { onOver: () => void overs++ })
      const connection = peerOf({ upstream: server.url, revision })
      upstreams.follow([connection])
      await upstreams.forward(at, bearer('one'))
      // The same rules again, and others about something else.
      upstreams.follow([{ ...connection, timeoutMs: 1_000 }])
      await new Promise(setImmediate)
      assert.equal(overs, 0)
      await until(() => server.open() > 0, 'it is heard of')
      upstreams.follow(replaced(connection))
      await until(() => overs === 1, 'it is over')
      await until(() => server.open() === 0, 'nothing is heard of its server any more')
      const late = upstreams.forward(watching(server.url, revision, {}), bearer('one'))
      await assert.rejects(late, { code: 'upstream-failed' })
    })
  }
}

test('2025-11-25: a server that takes another secret now is told with it that nobody wants to hear', async (t) => {
  const server = await startServer(t, '2025-11-25')
  const upstreams = openForwarder(async () => bearer(server.secret))
  t.after(() => upstreams.close())
  const leaving = new AbortController()
  await upstreams.forward(
    watching(server.url, '2025-11-25', { until: leaving.signal }),
    bearer('one'),
  )
  server.secret = 'two'
  leaving.abort()
  await until(() => server.taken.includes('resources/unsubscribe two'), 'it was told')
  assert.ok(!server.refused.includes('resources/unsubscribe'), server.refused.join())
})
