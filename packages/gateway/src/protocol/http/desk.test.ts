import assert from 'node:assert/strict'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type DoorOptions, listen } from '../../../test/http-port.ts'
import { noFollowUps } from '../../../test/no-follow-ups.ts'
import {
  httpConnectionOf,
  httpFunctionOf,
  inForceOf,
  principalOf,
} from '../../../test/rulebook-parts.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call, Reading, Reply } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import type { HttpFunction } from '../../model/function.ts'
import type { Listener } from '../door/listen.ts'
import { revive } from './kept-call.ts'

/** The rules of these tests: one function that takes a JSON body, one that takes none, one streamed. */
const rules = inForceOf({
  connections: [
    httpConnectionOf({
      upstream: 'http://upstream.example/base',
      forwardHeaders: ['x-tenant', 'content-digest'],
    }),
  ],
  functions: [
    fnAt('put', 'POST', '/customers/{id}', {
      body: 'json',
      places: { id: 'path', n: 'query', 'X-Mode': 'header' },
    }),
    fnAt('get', 'GET', '/customers/{id}', { body: 'none', places: { id: 'path', n: 'query' } }),
    fnAt('form', 'POST', '/forms', { body: 'form', places: {} }),
    fnAt('text', 'POST', '/texts', { body: 'text', places: {}, bodyArgument: 'text' }),
    fnAt('upload', 'PUT', '/uploads', { body: 'stream', places: {} }),
  ],
})

function fnAt(
  name: string,
  method: string,
  path: string,
  http: Pick<HttpFunction['http'], 'body' | 'places' | 'bodyArgument'>,
): HttpFunction {
  const properties = {
    n: { type: 'integer' },
    rate: { type: 'number' },
    tag: { type: 'array', items: { type: 'string' } },
  }
  return httpFunctionOf({
    id: `crm.${name}`,
    http: { method, path, ...http },
    argumentSchema: { properties },
  })
}

const options: DoorOptions = {
  host: '127.0.0.1',
  port: 0,
  http2: true,
  concurrentCalls: 64,
  callsPerCaller: 64,
  limits,
}

const listenOne = (onCall: (call: Call) => Promise<Reply>) =>
  listen({ ...options, concurrentCalls: 1 }, onCall, noFollowUps)

let listener: Listener
before(async () => {
  listener = await listen({ ...options, concurrentCalls: 4 }, tell, noFollowUps)
})
after(() => listener.close({ graceMs: 0 }))

/** Answers with how the room read the call, so that a row can say what the pipeline would see. */
async function tell(call: Call): Promise<Reply> {
  const { fn, args, outbound } = await call.read(rules)
  assert.ok(outbound.protocol === 'http')
  let streamed = 0
  if (outbound.body && !(outbound.body instanceof Uint8Array)) {
    for await (const chunk of outbound.body) streamed += chunk.length
  }
  const seen = {
    fn: fn.id,
    args: args.values,
    path: outbound.path,
    headers: outbound.headers.map(([name]) => name),
    proof: call.proof?.kind,
    streamed,
    kept: sameAgain(await keptReading(call), { args, outbound }),
  }
  const body = Buffer.from(JSON.stringify(seen))
  return {
    state: 'witnessed',
    callId: 'call-1',
    record: { origin: 'test', index: 7 },
    length: body.length,
    head: {
      status: 200,
      headers: [['content-type', 'application/json']],
      mediaType: 'application/json',
    },
    body: (async function* () {
      yield body
    })(),
  }
}

/** The call as it is read once it was kept; undefined where it is not. */
async function keptReading({ kept, signal }: Call): Promise<Reading | undefined> {
  const bytes = kept?.()
  const principal = principalOf()
  return bytes && revive(bytes, { principal, approvalId: 'apr_1', signal }).read(rules)
}

function sameAgain(again: Reading | undefined, first: Pick<Reading, 'args' | 'outbound'>): boolean {
  const said = ({ args, outbound }: Pick<Reading, 'args' | 'outbound'>) => {
    assert.ok(outbound.protocol === 'http')
    const { path, body } = outbound
    const text = body instanceof Uint8Array && Buffer.from(body).toString()
    return JSON.stringify([args.values, path, text])
  }
  return again !== undefined && said(again) === said(first)
}

/** Sends raw bytes, reads until the connection closes or is quiet after an answer. */
function raw(bytes: string): Promise<string> {
  const { port } = new URL(listener.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      // Whoever hangs up is gone; opening a body takes longer than that.
      if (bytes.includes('content-encoding')) socket.write(bytes, 'latin1')
      else socket.end(bytes, 'latin1')
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

async function check(request: string, expected: object | readonly number[]): Promise<void> {
  const text = await raw(request)
  if (Array.isArray(expected)) assert.deepEqual(statuses(text), expected, text)
  else {
    const seen = bodyOf(text)
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(seen[key], value, text)
  }
}

const close = 'host: gw\r\nconnection: close\r\n'
const post = (headers: string, body: string, path = '/crm/customers/c-1') =>
  `POST ${path} HTTP/1.1\r\n${close}${headers}\r\n${body}`
const json = (body: string, more = '') =>
  post(`content-type: application/json\r\ncontent-length: ${body.length}\r\n${more}`, body)

const gzipped = (text: string) => gzipSync(text).toString('latin1')
const stream = (coding: string, body: string) =>
  `PUT /crm/uploads HTTP/1.1\r\n${close}content-type: a/b\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n${body}`

const cases: readonly (readonly [string, string, object | readonly number[]])[] = [
  [
    'path, query, header and body arguments become one object',
    `POST /crm/customers/c-1?n=5 HTTP/1.1\r\n${close}x-mode: fast\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"a":1}`,
    {
      fn: 'crm.put',
      args: { id: 'c-1', n: 5, 'X-Mode': 'fast', a: 1 },
      path: '/base/customers/c-1?n=5',
    },
  ],
  [
    'a text argument that is no integer stays text',
    `GET /crm/customers/c-1?n=5x HTTP/1.1\r\n${close}\r\n`,
    { args: { id: 'c-1', n: '5x' } },
  ],
  [
    'a fraction that a double would round stays text',
    `GET /crm/customers/c?n=1&rate=1.00000000000000000001 HTTP/1.1\r\n${close}\r\n`,
    { args: { id: 'c', n: 1, rate: '1.00000000000000000001' } },
  ],
  [
    'a fraction',
    `GET /crm/customers/c?rate=-12.50 HTTP/1.1\r\n${close}\r\n`,
    { args: { id: 'c', rate: -12.5 } },
  ],
  [
    'repeated query values are a list where declared',
    `GET /crm/customers/c?tag=a&tag=b HTTP/1.1\r\n${close}\r\n`,
    { args: { id: 'c', tag: ['a', 'b'] } },
  ],
  [
    'repeated query values elsewhere are refused',
    `GET /crm/customers/c?n=1&n=2 HTTP/1.1\r\n${close}\r\n`,
    [400],
  ],
  ['an argument from two places is refused', json('{"id":"c-2"}'), [400]],
  ['an argument from the wrong place is refused', json('{"n":1}'), [400]],
  [
    'only known headers cross, and never the proof',
    `GET /crm/customers/c HTTP/1.1\r\n${close}authorization: Bearer t\r\ncookie: a=b\r\nx-forwarded-for: 1.2.3.4\r\nforwarded: for=1.2.3.4\r\nx-tenant: t\r\nx-other: o\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nproxy-authorization: x\r\nsallyport-record: forged#1\r\n\r\n`,
    { headers: ['x-tenant', 'traceparent'], proof: 'bearer' },
  ],
  [
    'a fragment is not asked for',
    `GET /crm/customers/c HTTP/1.1\r\n${close}range: bytes=0-9\r\nif-range: "a"\r\n\r\n`,
    { headers: [] },
  ],
  ...['x-tenant', 'X-Mode', 'Content-Type', 'content-length', 'accept', 'host'].flatMap(
    (name): [string, string, number[]][] => [
      [
        `Connection names ${name}`,
        json('{}', `x-mode: fast\r\nx-tenant: t\r\n`).replace('close', `close, ${name}`),
        [400],
      ],
      [
        `a second Connection names ${name}`,
        json('{}', `x-mode: fast\r\nx-tenant: t\r\nConnection: ${name}\r\n`),
        [400],
      ],
    ],
  ),
  [
    'a hop’s own headers may be named in Connection',
    json('{}', 'x-mode: fast\r\nte: trailers\r\nconnection: keep-alive, TE,x-hop\r\nx-hop: h\r\n'),
    { args: { id: 'c-1', 'X-Mode': 'fast' }, headers: ['content-type', 'x-mode'] },
  ],
  [
    'Basic is no proof',
    `GET /crm/customers/c HTTP/1.1\r\n${close}authorization: Basic YTpi\r\n\r\n`,
    { proof: undefined },
  ],
  [
    'an API key is told by its prefix',
    `GET /crm/customers/c HTTP/1.1\r\n${close}authorization: Bearer spk_x\r\n\r\n`,
    { proof: 'api-key' },
  ],
  [
    'two Authorization headers',
    `GET /crm/customers/c HTTP/1.1\r\n${close}authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n`,
    [400],
  ],
  ['two Host headers', `GET /crm/customers/c HTTP/1.1\r\n${close}host: other\r\n\r\n`, [400]],
  ['no Host header', 'GET /crm/customers/c HTTP/1.1\r\nconnection: close\r\n\r\n', [400]],
  [
    'arguments named like what every object inherits',
    json('{"constructor":1,"toString":2}'),
    { args: { id: 'c-1', constructor: 1, toString: 2 } },
  ],
  [
    'form fields',
    post(
      'content-type: application/x-www-form-urlencoded\r\ncontent-length: 12\r\n',
      'a=1&tag=x+y%',
      '/crm/forms',
    ),
    [400],
  ],
  [
    'form fields, well formed',
    post(
      'content-type: application/x-www-form-urlencoded\r\ncontent-length: 11\r\n',
      'a=1&tag=x+y',
      '/crm/forms',
    ),
    { args: { a: '1', tag: ['x y'] } },
  ],
  [
    'a text body is one argument',
    post('content-type: text/plain\r\ncontent-length: 5\r\n', 'hello', '/crm/texts'),
    { args: { text: 'hello' } },
  ],
  [
    'a streamed body passes unread',
    `PUT /crm/uploads HTTP/1.1\r\n${close}content-length: 5\r\n\r\nhello`,
    { args: {}, streamed: 5 },
  ],
  [
    'a chunked body',
    post(
      'content-type: application/json\r\ntransfer-encoding: chunked\r\n',
      '7\r\n{"a":1}\r\n0\r\n\r\n',
    ),
    { args: { id: 'c-1', a: 1 } },
  ],
  ['duplicate keys', json('{"a":1,"a":2}'), [400]],
  ['not JSON', json('hello'), [400]],
  ['truncated JSON', json('{"a":'), [400]],
  [
    'a body where none belongs',
    `GET /crm/customers/c HTTP/1.1\r\n${close}content-length: 2\r\n\r\n{}`,
    [400],
  ],
  ['another media type', post('content-type: text/plain\r\ncontent-length: 2\r\n', '{}'), [400]],
  [
    'another charset',
    post('content-type: application/json; charset=utf-16\r\ncontent-length: 2\r\n', '{}'),
    [400],
  ],
  ['a body that is not what it is said to be', json('{}', 'content-encoding: gzip\r\n'), [400]],
  [
    'an encoded body is read opened, and nothing of how it came crosses',
    json(gzipped('{"a":1}'), 'content-encoding: gzip\r\nx-tenant: t\r\ncontent-digest: d\r\n'),
    { args: { id: 'c-1', a: 1 }, headers: ['content-type', 'x-tenant'], kept: true },
  ],
  [
    'a digest of what was not encoded crosses where the connection says so',
    json('{"a":1}', 'content-digest: d\r\n'),
    { headers: ['content-type', 'content-digest'] },
  ],
  [
    'an encoded form',
    post(
      `content-type: application/x-www-form-urlencoded\r\ncontent-encoding: gzip\r\ncontent-length: ${gzipped('a=1').length}\r\n`,
      gzipped('a=1'),
      '/crm/forms',
    ),
    { args: { a: '1' } },
  ],
  ['no body, encoded', json('', 'content-encoding: gzip\r\n'), { args: { id: 'c-1' } }],
  ['an unknown encoding', json('{}', 'content-encoding: aws-chunked\r\n'), [400]],
  [
    'two encodings in two lines',
    json(gzipped('{}'), 'content-encoding: gzip\r\ncontent-encoding: gzip\r\n'),
    [400],
  ],
  ['a bomb', json(gzipped('0'.repeat(3_000_000)), 'content-encoding: gzip\r\n'), [413]],
  [
    'a streamed body is streamed opened',
    stream('gzip', gzipped('u'.repeat(300_000))),
    { streamed: 300_000 },
  ],
  ['a streamed body that nobody opens', stream('compress', 'x'), [400]],
  [
    'a body that ends early',
    post('content-type: application/json\r\ncontent-length: 50\r\n', '{"a":1}'),
    [400],
  ],
  [
    'a body declared too large',
    post('content-type: application/json\r\ncontent-length: 99999999\r\n', '{'),
    [413],
  ],
  ['unknown path', `GET /crm/other HTTP/1.1\r\n${close}\r\n`, [404]],
  ['path traversal', `GET /crm/customers/../x HTTP/1.1\r\n${close}\r\n`, [400]],
  ['encoded slash', `GET /crm/customers/a%2fb HTTP/1.1\r\n${close}\r\n`, [400]],
  // Request smuggling: exactly one answer, and what follows is never taken for a request.
  [
    'both lengths',
    post(
      'content-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n',
      '0\r\n\r\nGET /crm/customers/x HTTP/1.1\r\nhost: gw\r\n\r\n',
    ),
    [400],
  ],
  ['two lengths', post('content-length: 2\r\ncontent-length: 3\r\n', '{}'), [400]],
  ['a list of lengths', post('content-length: 2, 2\r\n', '{}'), [400]],
  ['a signed length', post('content-length: +2\r\n', '{}'), [400]],
  ['chunked is not last', post('transfer-encoding: chunked, identity\r\n', '0\r\n\r\n'), [400]],
  ['an unknown transfer coding', post('transfer-encoding: xchunked\r\n', '0\r\n\r\n'), [400]],
  [
    'a bad chunk size',
    post(
      'content-type: application/json\r\ntransfer-encoding: chunked\r\n',
      'zz\r\n{}\r\n0\r\n\r\n',
    ),
    [400],
  ],
  [
    'a chunk longer than declared',
    post(
      'content-type: application/json\r\ntransfer-encoding: chunked\r\n',
      '2\r\n{"a":1}\r\n0\r\n\r\n',
    ),
    [400],
  ],
  ['a space before the colon', post('transfer-encoding : chunked\r\n', '0\r\n\r\n'), [400]],
  ['a folded header', `GET /crm/customers/c HTTP/1.1\r\n${close}x-a: b\r\n c\r\n\r\n`, [400]],
  [
    'a control character in a header',
    `GET /crm/customers/c HTTP/1.1\r\n${close}x-a: b\u0000c\r\n\r\n`,
    [400],
  ],
  [
    'headers too large',
    `GET /crm/customers/c HTTP/1.1\r\n${close}x-a: ${'a'.repeat(70_000)}\r\n\r\n`,
    [431],
  ],
  ['not HTTP', 'hello\r\n\r\n', [400]],
]
for (const [name, request, expected] of cases) test(name, () => check(request, expected))

test('HTTP/2 by prior knowledge on the same port', async () => {
  const session = connectHttp2(listener.url)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/crm/customers/c-1',
    'content-type': 'application/json',
  })
  stream.end('{"a":1}')
  const chunks: Buffer[] = []
  let status: number | undefined
  let record: unknown
  stream.on('response', (headers) => {
    status = headers[':status']
    record = headers['sallyport-record']
  })
  for await (const chunk of stream) chunks.push(chunk)
  session.close()
  assert.equal(status, 200)
  assert.equal(record, 'test#7')
  assert.deepEqual(JSON.parse(Buffer.concat(chunks).toString()).args, { id: 'c-1', a: 1 })
})

test('HTTP/2: a body that breaks off does not look like one that ended', async () => {
  const broken = await listenOne(async () => ({
    state: 'witnessed',
    callId: 'call-1',
    record: { origin: 'test', index: 7 },
    length: undefined,
    head: { status: 200, headers: [], mediaType: '' },
    body: (async function* () {
      yield Buffer.from('half')
      throw new Refusal('upstream-failed')
    })(),
  }))
  const session = connectHttp2(broken.url)
  const stream = session.request({ ':path': '/crm/customers/c' }).resume()
  const code = await new Promise((resolve) => {
    stream.on('error', () => {})
    stream.on('close', () => resolve(stream.rstCode))
  })
  assert.equal(code, constants.NGHTTP2_INTERNAL_ERROR)
  session.close()
  await broken.close({ graceMs: 1000 })
})

test('HTTP/2: a caller that cancels is told from one that was answered', async () => {
  const left = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const waiting = await listenOne(async (call) => {
    call.signal.addEventListener('abort', () => left.resolve())
    taken.resolve()
    await left.promise
    throw new Refusal('caller-left')
  })
  const session = connectHttp2(waiting.url)
  const stream = session.request({ ':path': '/crm/customers/c' })
  stream.on('error', () => {})
  await taken.promise
  stream.close(constants.NGHTTP2_CANCEL)
  await left.promise
  session.close()
  await waiting.close({ graceMs: 1000 })
})

test('garbage behind a call that is under way is not answered in its place', async () => {
  const taken = Promise.withResolvers<void>()
  const slow = await listenOne(async (call) => {
    taken.resolve()
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    throw new Refusal('caller-left')
  })
  const socket = connect(Number(new URL(slow.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.write('GET /crm/customers/c HTTP/1.1\r\nhost: gw\r\n\r\n')
  await taken.promise
  socket.write('{}{}\r\n\r\n')
  await new Promise((resolve) => socket.on('close', resolve))
  assert.equal(text, '')
  await slow.close({ graceMs: 1000 })
})

test('calls beyond the limit are shed at once', async () => {
  const held: (() => void)[] = []
  const busy = await listenOne(async () => {
    await new Promise<void>((resolve) => held.push(resolve))
    throw new Refusal('function-unknown')
  })
  const first = fetch(busy.url)
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = await fetch(busy.url)
  assert.equal(second.status, 503)
  assert.equal(second.headers.get('retry-after'), '1')
  held[0]?.()
  assert.equal((await first).status, 404)
  await busy.close({ graceMs: 1000 })
})
