import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { Client as ClientV2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, McpServer as McpServerV2 } from '@modelcontextprotocol/server'
import { z } from 'zod'

const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const token = 'a-token-for-the-stand-in'

type StandIn = {
  readonly url: string
  readonly asked: readonly string[]
  /** Requests whose caller left before their answer. */
  readonly left: readonly string[]
  readonly forgetSessions: () => void
  /** Cuts every connection that stands. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

/** An MCP endpoint where the gateway's would be, which wants the token and notes what it is asked. */
async function standIn(serve: Serve, port = 0): Promise<StandIn> {
  const asked: string[] = []
  const left: string[] = []
  const server: Server = createServer((request, response) => {
    const { headers } = request
    const line = [
      request.method,
      request.url,
      headers['mcp-protocol-version'],
      headers['mcp-method'],
      headers['mcp-name'],
    ]
    asked.push(line.filter((part) => part !== undefined).join(' '))
    response.on('close', () => {
      if (!response.writableEnded) left.push(`${headers['mcp-method'] ?? request.method}`)
    })
    if (headers.authorization === `Bearer ${token}`) void serve(request, response)
    else response.writeHead(401).end(JSON.stringify({ title: 'no' }))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    left,
    forgetSessions: () => sessions.clear(),
    cut: () => server.closeAllConnections(),
    close,
  }
}

// --- A server of the older revisions, with sessions and streams that can be taken up again ---

const sessions = new Map<string, StreamableHTTPServerTransport>()
let cancelled = 0
let release: (() => void) | undefined

function olderServer(): McpServer {
  const server = new McpServer(
    { name: 'stand-in', version: '1' },
    { capabilities: { logging: {} } },
  )
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => said(text))
  server.registerTool('ask', {}, async () => {
    const requestedSchema = {
      type: 'object' as const,
      properties: { n: { type: 'string' as const } },
    }
    const { content } = await server.server.elicitInput({ message: 'a number?', requestedSchema })
    return said(`you said ${content?.n}`)
  })
  server.registerTool('announce', {}, async () => {
    await server.server.sendLoggingMessage({ level: 'info', data: 'by itself' })
    return said('announced')
  })
  server.registerTool('slow', {}, async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    cancelled += 1
    return said('never')
  })
  server.registerTool('held', {}, async ({ sendNotification }) => {
    const params = { level: 'info' as const, data: 'on its way' }
    await sendNotification({ method: 'notifications/message', params })
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return said('after all')
  })
  server.registerTool('steps', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? 0
    for (const progress of [1, 2, 3]) {
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress },
      })
    }
    // This client forgets whom to tell once it has read the answer.
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return said('three steps')
  })
  return server
}

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })

async function serveOlder(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id']
  if (typeof id === 'string' && !sessions.has(id)) {
    response.writeHead(404).end()
    return
  }
  const known = typeof id === 'string' ? sessions.get(id) : undefined
  const transport = known ?? (await openSession())
  await transport.handleRequest(request, response)
}

async function openSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new InMemoryEventStore(),
    retryInterval: 10,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  })
  await olderServer().connect(transport)
  return transport
}

// --- A stateless server of the newest revision ---

let leftBehind = 0

function newestServer(): McpServerV2 {
  const server = new McpServerV2({ name: 'stand-in', version: '2' })
  const inputSchema = z.object({ text: z.string() })
  server.registerTool('echo it', { inputSchema }, async ({ text }) => said(text))
  server.registerTool('slow', {}, async ({ mcpReq }) => {
    await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve))
    leftBehind += 1
    return said('never')
  })
  return server
}
const newest = toNodeHandler(createMcpHandler(newestServer))

function released(): void {
  release?.()
  release = undefined
}

/** Waits until it holds; a test that waits in vain is ended by the runner. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

const environment = (url: string) => ({ SALLYPORT_TOKEN: token, SALLYPORT_URL: url })

test('the official client of the older revisions', { timeout: 120_000 }, async (t) => {
  const stand = await standIn(serveOlder)
  t.after(stand.close)
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
  const logged: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { n: 'four' },
  }))
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params.data)
  })
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bin, 'mcp-stdio', '--connection', 'crm'],
    env: environment(stand.url),
  })
  await client.connect(transport)
  t.after(() => client.close())
  const call = (name: string, args = {}) => client.callTool({ name, arguments: args })

  assert.deepEqual(await call('echo', { text: 'line\nbreak €' }), said('line\nbreak €'))
  assert.deepEqual(await call('ask'), said('you said four'))
  const steps: number[] = []
  const onprogress = ({ progress }: { readonly progress: number }) => void steps.push(progress)
  const stepped = client.callTool({ name: 'steps' }, undefined, { onprogress })
  await until(() => steps.length === 3)
  released()
  assert.deepEqual([await stepped, steps], [said('three steps'), [1, 2, 3]])

  await until(() => stand.asked.some((line) => line.startsWith('GET')))
  await call('announce')
  await until(() => logged.length > 0)
  assert.deepEqual(logged, ['by itself'])

  const stop = new AbortController()
  const slow = client.callTool({ name: 'slow' }, undefined, { signal: stop.signal })
  setTimeout(() => stop.abort(), 50)
  await assert.rejects(slow)
  await until(() => cancelled === 1)

  // The connection is cut while the call goes on: the stream is taken up again, the call is not repeated.
  const held = call('held')
  // Once something of the answer has come: before that, nobody could go on with it.
  await until(() => release !== undefined && logged.includes('on its way'))
  stand.cut()
  released()
  assert.deepEqual(await held, said('after all'))

  // The server forgot its sessions: another is opened, and the client never hears of it.
  stand.forgetSessions()
  assert.deepEqual(await call('echo', { text: 'again' }), said('again'))
  assert.equal(sessions.size, 1)
  assert.ok(stand.asked.every((line) => line.split(' ')[1] === '/mcp/crm'))
  const posts = stand.asked.filter((line) => line.startsWith('POST'))
  assert.deepEqual(posts.slice(0, 2), ['POST /mcp/crm', 'POST /mcp/crm 2025-11-25'])
  await client.close()
  await until(() => stand.asked.some((line) => line.startsWith('DELETE')))
})

test('the official client of the newest revision', { timeout: 120_000 }, async (t) => {
  const stand = await standIn((request, response) =>
    newest(request as Parameters<typeof newest>[0], response),
  )
  t.after(stand.close)
  const client = new ClientV2(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const args = [bin, 'mcp-stdio', '--url', stand.url]
  await client.connect(new StdioV2({ command: process.execPath, args, env: environment('') }))
  t.after(() => client.close())
  assert.deepEqual(
    (await client.listTools()).tools.map(({ name }) => name),
    ['echo it', 'slow'],
  )
  const { content } = await client.callTool({ name: 'echo it', arguments: { text: 'ü' } })
  assert.deepEqual(content, said('ü').content)
  assert.ok(stand.asked.includes('POST /mcp 2026-07-28 tools/call echo it'))
  // To cancel a stateless request is to leave.
  const stop = new AbortController()
  const slow = client.callTool({ name: 'slow' }, { signal: stop.signal })
  await until(() => stand.asked.at(-1)?.endsWith('tools/call slow') === true)
  stop.abort()
  await assert.rejects(slow)
  await until(() => leftBehind === 1)
  assert.ok(stand.asked.every((line) => !line.includes('notifications/cancelled')))
})

// --- Lines that no client should write, and gateways that answer oddly ---

type Lines = {
  readonly child: ChildProcess
  readonly write: (line: string) => void
  readonly next: () => Promise<string>
  readonly ended: Promise<{
    readonly code: number | null
    readonly stderr: string
    readonly rest: readonly string[]
  }>
}

function start(url: string, env: Readonly<Record<string, string>> = environment(url)): Lines {
  const child = spawn(process.execPath, [bin, 'mcp-stdio'], { env })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const lines: string[] = []
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = waiting.shift()
    if (next) next(line)
    else lines.push(line)
  })
  return {
    child,
    write: (line) => child.stdin.write(`${line}\n`),
    next: async () => lines.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    ended: once(child, 'close').then(([code]) => ({ code, stderr, rest: lines })),
  }
}

const ping = '{"jsonrpc":"2.0","id":"p","method":"ping"}'
const refused = (message: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 'p', error: { code: -32000, message } })
const json = { 'content-type': 'application/json' }
const stream = { 'content-type': 'text/event-stream' }
const brokenOff =
  'The connection to the gateway broke off before the answer: what was asked for may have been done.'
const notFound = '{"jsonrpc":"2.0","id":"p","error":{"code":-32601,"message":"Method not found"}}'
const wide = '{"jsonrpc":"2.0",\n  "id":"p","result":{"n":12345678901234567890.0}}\r\n'

/** What the client reads when the gateway answers its ping like this. */
const answers: readonly (readonly [name: string, answer: Serve, expected: string])[] = [
  [
    'bytes of an answer are kept',
    (_, to) => void to.writeHead(200, json).end(wide),
    `${wide.replace('\n', ' ').replace('\r\n', ' ')}`,
  ],
  [
    'an answer in a stream',
    (_, to) =>
      void to
        .writeHead(200, stream)
        .end(`: hello\n\nevent: message\ndata: {"jsonrpc":"2.0",\ndata: "id":"p","result":{}}\n\n`),
    '{"jsonrpc":"2.0", "id":"p","result":{}}',
  ],
  ['a JSON-RPC error with 404', (_, to) => void to.writeHead(404, json).end(notFound), notFound],
  [
    'an error without an id',
    (_, to) =>
      void to
        .writeHead(403, json)
        .end('{"jsonrpc":"2.0","error":{"code":1,"message":"not this origin"}}'),
    refused('The gateway refuses this. not this origin'),
  ],
  [
    'an error that is no JSON-RPC',
    (_, to) => void to.writeHead(502, json).end('<html>'),
    refused('The gateway answered 502.'),
  ],
  [
    'the token is not accepted',
    (_, to) => void to.writeHead(401).end(),
    refused('The gateway does not accept the token or API key.'),
  ],
  ['no JSON', (_, to) => void to.writeHead(200, json).end('<html>'), refused(brokenOff)],
  ['nothing', (_, to) => void to.writeHead(202).end(), refused(brokenOff)],
  [
    'a stream without the answer',
    (_, to) => void to.writeHead(200, stream).end(': hello\n\n'),
    refused(brokenOff),
  ],
  [
    'a stream that breaks off',
    (_, to) => void to.writeHead(200, stream).write('data: {"js', () => to.destroy()),
    refused(brokenOff),
  ],
]
for (const [name, answer, expected] of answers) {
  test(`passes on: ${name}`, { timeout: 120_000 }, async (t) => {
    const stand = await standIn(answer)
    t.after(stand.close)
    const lines = start(stand.url)
    lines.write(ping)
    assert.equal((await lines.next()).trimEnd(), expected.trimEnd())
    lines.child.stdin?.end()
    const { code, rest } = await lines.ended
    assert.deepEqual([code, rest], [0, []])
  })
}

test('lines that are no messages are answered, and the next ones are taken', {
  timeout: 120_000,
}, async (t) => {
  const stand = await standIn((request, response) => {
    request.resume()
    response.writeHead(200, json).end('{"jsonrpc":"2.0","id":"p","result":{}}')
  })
  t.after(stand.close)
  const lines = start(stand.url)
  const invalid =
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"This line is not a JSON-RPC message."}}'
  for (const line of ['{', '[]', '7', '{"jsonrpc":"2.0","method":7,"id":1}']) {
    lines.write(line)
    assert.equal(await lines.next(), invalid)
  }
  lines.write(`{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(4_300_000)}"}`)
  assert.match(await lines.next(), /"id":null,.*too long/)
  assert.deepEqual(stand.asked, [])
  lines.write(`\r\n${ping}\r`)
  assert.equal(await lines.next(), '{"jsonrpc":"2.0","id":"p","result":{}}')
  lines.child.stdin?.end()
  assert.equal((await lines.ended).code, 0)
})

test('a gateway that is away is said, and found again', { timeout: 120_000 }, async (t) => {
  const gone = await standIn(() => undefined)
  await gone.close()
  const lines = start(gone.url)
  for (const _ of [1, 2]) {
    lines.write(ping)
    assert.equal(await lines.next(), refused('The gateway cannot be reached (ECONNREFUSED).'))
  }
  const answer: Serve = (_, response) =>
    void response.writeHead(200, json).end(ping.replace('"method":"ping"', '"result":{}'))
  const back = await standIn(answer, Number(new URL(gone.url).port))
  t.after(back.close)
  lines.write(ping)
  assert.equal(await lines.next(), '{"jsonrpc":"2.0","id":"p","result":{}}')
  lines.child.kill('SIGTERM')
  const { code, stderr } = await lines.ended
  assert.equal(code, 0)
  // Once, however many requests met it.
  assert.equal(stderr.match(/cannot be reached/g)?.length, 1)
  assert.ok(!stderr.includes(token))
})

test('without a token it says what to do and writes nothing else', {
  timeout: 120_000,
}, async () => {
  const { code, stderr, rest } = await start('http://127.0.0.1:1', {}).ended
  assert.deepEqual([code, rest], [4, []])
  assert.match(stderr, /Set SALLYPORT_TOKEN/)
})
