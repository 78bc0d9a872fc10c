import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import {
  type Exchanged,
  framesOf,
  noCredential,
  openForwarder,
  peerOf,
  until,
} from '../../../../test/mcp-exchange.ts'
import type { McpRevision } from '../../../model/connection.ts'

type Message = {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly inputResponses?: object
    readonly notifications?: object
  }
}

/** A server that asks by the result of `ask`, and answers `wait` when it is let. */
async function openYard(t: TestContext, revision: McpRevision) {
  const heard: string[] = []
  const waiting: (() => void)[] = []
  const answer = (response: ServerResponse, { id, method, params }: Message) => {
    if (id === undefined) return response.writeHead(202).end()
    const head = { 'content-type': 'application/json', 'mcp-session-id': 'session' }
    const say = (value: object) => {
      const result = { resultType: 'complete', ...value }
      response.writeHead(200, head).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }
    const serverInfo = { name: 'peer', version: '1' }
    const capabilities = { tools: { listChanged: true } }
    if (method === 'initialize') {
      return say({ protocolVersion: revision, serverInfo, capabilities })
    }
    if (method === 'server/discover') {
      const hints = { ttlMs: 0, cacheScope: 'private' }
      return say({ supportedVersions: [revision], serverInfo, capabilities, ...hints })
    }
    if (method === 'subscriptions/listen') {
      const told = { method: 'notifications/subscriptions/acknowledged', params }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...told })}\n\n`)
    }
    if (params?.name === 'wait') return waiting.push(() => say({}))
    if (params?.name !== 'ask' || params.inputResponses) return say({})
    const inputRequests = { q: { method: 'roots/list', params: {} } }
    return say({ resultType: 'input_required', inputRequests, requestState: 's' })
  }
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const message: Message = text === '' ? {} : JSON.parse(text)
    heard.push(message.method ?? request.method ?? '')
    if (request.method === 'GET') response.writeHead(405).end()
    else answer(response, message)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  assert.ok(typeof address === 'object' && address)
  const given = { upstream: `http://127.0.0.1:${address.port}/mcp`, revision }
  const upstreams = openForwarder(async () => {
    await turn()
    return noCredential
  })
  t.after(async () => {
    await upstreams.close()
    http.closeAllConnections()
    http.close()
  })
  const connection = peerOf(given)
  /** What comes of a call of this tool. */
  const call = async (name: string, exchange: Exchanged['exchange'] = {}) => {
    const { text, refusal } = await framesOf(upstreams, { ...given, params: { name }, exchange })
    return refusal ?? text
  }
  return {
    ...{ call, heard, waiting },
    times: (method: string) => heard.filter((one) => one === method).length,
    /** Its connection is in force from now on. */
    wanted: () => upstreams.follow([connection]),
    unwanted: () => upstreams.follow([]),
  }
}

const done = '{"result":{"resultType":"complete"}}'
const turn = () => new Promise((resolve) => setImmediate(resolve))
/** Sooner or later in these everything that is to end has ended. */
async function manyTimes(follow: () => void): Promise<void> {
  for (let turns = 0; turns < 200; turns++) {
    await turn()
    follow()
  }
}

type Yard = Awaited<ReturnType<typeof openYard>>
type Row = readonly [name: string, revision: McpRevision, run: (yard: Yard) => Promise<unknown>]
const rows: readonly Row[] = [
  [
    'while a caller is asked, its call goes on, however often the rules are others',
    '2026-07-28',
    async ({ call, wanted, unwanted }) => {
      wanted()
      const ask = async () => {
        await manyTimes(unwanted)
        return Buffer.from('{"result":{"roots":[]}}')
      }
      assert.equal(await call('ask', { ask, takesInputRequired: false }), done)
    },
  ],
  [
    'a session is told its end, though the rules are others again at once',
    '2025-11-25',
    async ({ call, wanted, unwanted, times }) => {
      wanted()
      assert.equal(await call('any'), done)
      unwanted()
      unwanted()
      await until(() => times('DELETE') === 1, 'the session was told')
    },
  ],
  [
    'a session in which a call was under way is told its end after it',
    '2025-11-25',
    async ({ call, wanted, unwanted, waiting, times }) => {
      wanted()
      const called = call('wait')
      await until(() => waiting.length > 0, 'it is under way')
      await manyTimes(unwanted)
      assert.equal(times('DELETE'), 0)
      waiting[0]?.()
      assert.equal(await called, done)
      await manyTimes(unwanted)
      await until(() => times('DELETE') === 1, 'the session was told')
    },
  ],
  [
    'a session that is wanted again before its call has ended goes on',
    '2025-11-25',
    async ({ call, wanted, unwanted, waiting, times }) => {
      wanted()
      const called = call('wait')
      await until(() => waiting.length > 0, 'it is under way')
      unwanted()
      wanted()
      waiting[0]?.()
      assert.equal(await called, done)
      await manyTimes(wanted)
      assert.equal(await call('any'), done)
      assert.deepEqual([times('DELETE'), times('initialize')], [0, 1])
    },
  ],
  [
    'a server that was called while it was not in force is heard when it is again',
    '2026-07-28',
    async ({ call, wanted, unwanted, times }) => {
      wanted()
      await call('any')
      await until(() => times('subscriptions/listen') === 1, 'its lists are listened to')
      unwanted()
      assert.equal(await call('any'), done)
      wanted()
      assert.equal(await call('any'), done)
      await until(() => times('subscriptions/listen') === 2, 'and again')
    },
  ],
]

for (const [name, revision, run] of rows) {
  test(`${revision}: ${name}`, async (t) => {
    await run(await openYard(t, revision))
  })
}
