import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import { exchanged, framesOf, noCredential, openForwarder } from '../../../../test/mcp-exchange.ts'
import type { McpRevision } from '../../../model/connection.ts'

const upstreams = openForwarder()
/** Servers that a test which failed has left. */
const running: (() => void)[] = []
after(async () => {
  await upstreams.close()
  for (const stop of running) stop()
})

type Said = {
  readonly method: string
  /** The JSON text of the id. */
  readonly id: string
  readonly headers: Readonly<Record<string, unknown>>
}
type Answer = (response: ServerResponse, said: Said) => void

/** A peer that says to a `tools/call` whatever a row wants, and to everything before what a good server says. */
async function startServer(answer: Answer): Promise<{ url: string; calls: Said[]; stop(): void }> {
  const calls: Said[] = []
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      const said = { method: body.method, id: JSON.stringify(body.id), headers: request.headers }
      if (request.method !== 'POST' || body.method === 'tools/call') {
        calls.push({ ...said, method: body.method ?? request.method })
        answer(response, said)
      } else if (body.method === 'initialize') {
        const { protocolVersion } = body.params
        const result = {
          protocolVersion,
          capabilities: {},
          serverInfo: { name: 'p', version: '1' },
        }
        json(response, 200, `{"jsonrpc":"2.0","id":${said.id},"result":${JSON.stringify(result)}}`)
      } else if (body.method === 'server/discover') {
        const result = { supportedVersions: ['2026-07-28'], capabilities: {} }
        json(response, 200, `{"jsonrpc":"2.0","id":${said.id},"result":${JSON.stringify(result)}}`)
      } else {
        calls.push(said)
        response.writeHead(202).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  running.push(stop)
  return { url: `http://127.0.0.1:${port}/mcp`, calls, stop }
}

function json(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

const says =
  (text: (id: string) => string, status = 200): Answer =>
  (response, { id }) =>
    json(response, status, text(id))
const streams =
  (text: (id: string) => string): Answer =>
  (response, { id }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text(id))
  }
const result = (id: string, value = '{"content":[]}') =>
  `{"jsonrpc":"2.0","id":${id},"result":${value}}`
const event = (message: string) => `data: ${message}\n\n`

const good = '200 {"result":{"content":[]}}'
const garbage = 'upstream-failed: It sent something that is not a message of MCP.'
const ended = 'upstream-failed: It ended its answer without a result.'
const odd = 'upstream-failed: It sent a result of a kind that it was not asked for.'
const own = 'upstream-failed: It made a request of its own in the middle of an answer.'

async function check(answer: Answer, expected: string, revision: McpRevision): Promise<void> {
  const server = await startServer(answer)
  // Short only where it is waited for.
  const timeoutMs = expected === 'upstream-timeout' ? 300 : 60_000
  const given = { upstream: server.url, revision, timeoutMs }
  const { refusal, status, text } = await framesOf(upstreams, given)
  server.stop()
  assert.equal(refusal ?? `${status} ${text}`, expected)
}

const cases: readonly (readonly [string, Answer, string, McpRevision?])[] = [
  ['an answer', says(result), good],
  [
    'an answer over lines',
    says((id) => `{"jsonrpc":"2.0",\r\n"id":${id},"result":\n{"content":[]}\n}`),
    good,
  ],
  ['an event', streams((id) => event(result(id))), good],
  [
    'comments, and events of other kinds, without end',
    streams((id) => ':\r\n\nevent: x\ndata: y\n\n'.repeat(600_000) + event(result(id))),
    'upstream-failed: It sent an event stream that holds no message.',
  ],
  [
    'an event in two lines of data',
    streams((id) => `data: {"jsonrpc":"2.0","id":${id},\ndata: "result":{"content":[]}}\n\n`),
    '200 {"result":{"content":[]}}',
  ],
  [
    'comments and other events',
    streams((id) => `: hello\n\nevent: ping\ndata: {}\n\n${event(result(id))}`),
    good,
  ],
  [
    'bytes of a result as they are',
    says((id) => result(id, '{"b": 1.0, "a" :[1e2]}')),
    '200 {"result":{"b": 1.0, "a" :[1e2]}}',
  ],
  [
    'an error',
    says((id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"m"}}`),
    '500 {"error":{"code":-1,"message":"m"}}',
  ],
  [
    'an error that is a question',
    says((id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-32042,"message":"m"}}`),
    'upstream-failed: It asked the caller to open a page, in an error.',
  ],
  [
    'an error with a status',
    says((id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-32602,"message":"m"}}`, 400),
    '500 {"error":{"code":-32602,"message":"m"}}',
  ],
  [
    'an error with a status and no id',
    says(() => '{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"m"}}', 400),
    '500 {"error":{"code":-32602,"message":"m"}}',
  ],
  [
    'an error with a status for somebody else',
    says(() => '{"jsonrpc":"2.0","id":77,"error":{"code":-32602,"message":"m"}}', 400),
    'upstream-failed: It answered with status 400.',
  ],
  ['a result with a status', says(result, 500), 'upstream-failed: It answered with status 500.'],
  ['no JSON', says(() => 'hello'), garbage],
  ['half of JSON', says((id) => result(id).slice(0, -1)), garbage],
  [
    'another type',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ended,
  ],
  ['nothing', says(() => ''), garbage],
  [
    'accepted, and no more',
    (response) => response.writeHead(202).end(),
    'upstream-failed: It answered with status 202.',
  ],
  [
    'elsewhere',
    (response) => response.writeHead(302, { location: '/' }).end(),
    'upstream-failed: It answered with status 302.',
  ],
  [
    'a credential that does not count',
    (response) => response.writeHead(401).end(),
    "upstream-failed: It did not accept the gateway's credential (status 401).",
  ],
  [
    'encoded',
    (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(),
    'upstream-failed: It encoded its answer although asked not to.',
  ],
  ['an id as text', says((id) => result(`"${id}"`)), ended],
  ['another id', says(() => result('77')), ended],
  ['no id', says(() => '{"jsonrpc":"2.0","result":{}}'), garbage],
  ['an id of null', says(() => result('null')), garbage],
  ['an id with a fraction', says((id) => result(`${id}.5`)), garbage],
  ['an id that is a list', says((id) => result(`[${id}]`)), garbage],
  ['another id first', streams((id) => event(result('77')) + event(result(id))), good],
  [
    'the same id twice',
    streams((id) => event(result(id)) + event(result(id, '{"other":1}'))),
    good,
  ],
  [
    'a result and an error',
    says((id) => `{"jsonrpc":"2.0","id":${id},"result":{},"error":{"code":1,"message":""}}`),
    garbage,
  ],
  [
    'a result twice',
    says((id) => `{"jsonrpc":"2.0","id":${id},"result":{},"result":{"a":1}}`),
    garbage,
  ],
  [
    'a member of the result twice',
    says((id) => result(id, '{"resultType":"complete","resultType":"task"}')),
    garbage,
  ],
  ['a result that is a list', says((id) => result(id, '[]')), garbage],
  [
    'another version of JSON-RPC',
    says((id) => `{"jsonrpc":"1.0","id":${id},"result":{}}`),
    garbage,
  ],
  [
    'bytes that are no text',
    says((id) => result(id, '{"a":"\u{fffd}"}')),
    '200 {"result":{"a":"\u{fffd}"}}',
  ],
  ['depth', says((id) => result(id, `{"a":${'['.repeat(200)}${']'.repeat(200)}}`)), garbage],
  ['a task nobody asked for', says((id) => result(id, '{"resultType":"task"}')), odd],
  [
    'a question from before there were such',
    says((id) => result(id, '{"resultType":"input_required","requestState":"s"}')),
    odd,
    '2025-11-25',
  ],
  [
    'a request',
    streams(
      (id) => event(`{"jsonrpc":"2.0","id":${id},"method":"roots/list"}`) + event(result(id)),
    ),
    own,
  ],
  [
    'a request without a name',
    streams((id) => event('{"jsonrpc":"2.0","id":1,"method":7}') + event(result(id))),
    garbage,
  ],
  [
    'a stream without an end',
    streams(() => event('{"jsonrpc":"2.0","method":"notifications/x"}')),
    ended,
  ],
  [
    'a stream cut off',
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event('{"jsonrpc":"2.0","method":"notifications/x"}'), () =>
        response.destroy(),
      )
    },
    'upstream-failed: It broke off in the middle of its answer.',
  ],
  [
    'a connection cut off',
    (response) => {
      response.destroy()
    },
    'upstream-failed: It closed the connection or answered something that is not HTTP.',
  ],
  ['silence', () => {}, 'upstream-timeout'],
  [
    'silence after a beginning',
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': hello\n\n')
    },
    'upstream-timeout',
  ],
  [
    'a flood of messages',
    (response) =>
      flood(response, event('{"jsonrpc":"2.0","method":"notifications/x"}').repeat(1_000)),
    'upstream-failed: It sent messages without end.',
  ],
  [
    'a message without end',
    (response) => flood(response, 'x'.repeat(1_000_000)),
    'upstream-failed: It sent a message of more than 8388608 bytes.',
  ],
  [
    'JSON without end',
    (response) => flood(response, ' '.repeat(1_000_000), 'application/json'),
    'upstream-failed: It sent a message of more than 8388608 bytes.',
  ],
  [
    'announcements without end',
    (response) => {
      const announce = () => {
        if (response.destroyed) return
        response.writeProcessing()
        setImmediate(announce)
      }
      announce()
    },
    'upstream-failed: It announced an answer without end.',
  ],
]
for (const [name, answer, expected, revision = '2026-07-28'] of cases) {
  test(name, () => check(answer, expected, revision))
}

/** Writes the same for as long as somebody takes it. */
function flood(response: ServerResponse, text: string, type = 'text/event-stream'): void {
  response.on('error', () => {})
  response.writeHead(200, { 'content-type': type })
  if (type === 'text/event-stream' && text.startsWith('x')) response.write('data: ')
  const more = () => {
    while (!response.destroyed) if (!response.write(text)) return
  }
  response.on('drain', more)
  more()
}

test('no message of a stream that is resumed is asked for twice', async () => {
  const server = await startServer((response, { headers, id }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const number = Number(headers['last-event-id'] ?? 0) + 1
    if (number > 3) response.end(event(result('1')))
    else
      response.end(
        `id: ${number}\nretry: 5\ndata: {"jsonrpc":"2.0","method":"notifications/x","params":{"of":${id ?? 0}}}\n\n`,
      )
  })
  const { text } = await framesOf(upstreams, { upstream: server.url, revision: '2025-11-25' })
  assert.equal(text, '{"result":{"content":[]}}')
  const seen = server.calls.map(
    ({ method, headers }) => `${method} ${headers['last-event-id'] ?? ''}`,
  )
  assert.deepEqual(seen, ['notifications/initialized ', 'tools/call ', 'GET 1', 'GET 2', 'GET 3'])
  server.stop()
})

test('a stream that only ever breaks is given up', async () => {
  const server = await startServer((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('id: 1\nretry: 1\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\n')
  })
  const { refusal } = await framesOf(upstreams, { upstream: server.url, revision: '2025-11-25' })
  assert.equal(refusal, ended)
  assert.equal(server.calls.filter(({ method }) => method === 'GET').length, 8)
  server.stop()
})

test('a session that is always gone is begun anew once', async () => {
  let initialized = 0
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method, id } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      if (method === 'initialize') {
        initialized += 1
        response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' })
        response.end(result(id, '{"protocolVersion":"2025-11-25","capabilities":{}}'))
      } else response.writeHead(id === undefined ? 202 : 404).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  running.push(() => server.close().closeAllConnections())
  const given = { upstream: `http://127.0.0.1:${port}/`, revision: '2025-11-25' } as const
  const { refusal } = await framesOf(upstreams, given)
  assert.equal(refusal, 'upstream-failed: It answered with status 404.')
  assert.equal(initialized, 2)
})

test('an upstream that says much waits for a caller that reads slowly', async () => {
  const message = 'x'.repeat(1_000)
  const server = await startServer((response, { id }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let progress = 0
    const more = () => {
      while (progress < 20_000) {
        progress += 1
        const params = JSON.stringify({ progressToken: Number(id), progress, message })
        const said = `{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`
        if (!response.write(event(said))) return
      }
      response.end(event(result(id)))
    }
    response.on('drain', more)
    more()
  })
  const given = { upstream: server.url, exchange: { wantsProgress: true } } as const
  const { body } = await upstreams.forward(exchanged(given), noCredential)
  let longest = 0
  let all = 0
  for await (const chunk of body) {
    longest = Math.max(longest, chunk.length)
    all += chunk.length
    // Time for everything to come, if nobody held it back.
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.ok(all > 20_000_000, `${all} bytes`)
  assert.ok(longest < 1_000_000, `${longest} bytes at once`)
  server.stop()
})
