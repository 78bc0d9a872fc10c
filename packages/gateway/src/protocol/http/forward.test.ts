import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { callOf, httpOutboundOf, recordedOf } from '../../../test/call-stages.ts'
import { detectRuleOf, httpConnectionOf, httpFunctionOf } from '../../../test/rulebook-parts.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Recorded } from '../../call/stage.ts'
import type { HttpFunction } from '../../model/function.ts'
import type { Credential } from '../../model/secret.ts'
import { forwarder } from './forward.ts'

const none: Credential = { kind: 'none', echoes: [] }
const upstreams = forwarder({})
after(() => upstreams.close())

type Upstream = {
  readonly url: string
  /** What arrived, request heads as text. */
  readonly requests: readonly string[]
  readonly closed: Promise<void>
  readonly stop: () => void
}

/** A peer that does to the socket whatever a row wants, once a request head has arrived. */
async function startUpstream(answer: (socket: Socket) => void): Promise<Upstream> {
  const requests: string[] = []
  let onClosed = () => {}
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('close', onClosed)
    socket.on('data', (chunk) => {
      requests.push(chunk.toString('latin1'))
      answer(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, requests, closed, stop: () => server.close() }
}

function recorded(url: string, changes: Partial<Omit<Recorded, 'stage'>> = {}): Recorded {
  return recordedOf({
    connection: httpConnectionOf({ upstream: url, timeoutMs: 300 }),
    outbound: httpOutboundOf({ path: '/a?b=c', headers: [['accept', 'text/plain']] }),
    ...changes,
  })
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function check(answer: (socket: Socket) => void, expected: string): Promise<void> {
  const upstream = await startUpstream(answer)
  let seen: string
  try {
    const raw = await upstreams.forward(recorded(upstream.url), none)
    const { head, fragment, isClosed, body } = raw
    const names = head.headers.map(([name]) => name).join(',')
    const status = `${head.status}${fragment ? ' fragment' : ''}${isClosed ? ' closed' : ''}`
    seen = `${status} ${head.mediaType} [${names}] ${await collect(body)}`
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal, String(thrown))
    seen = thrown.code
  }
  upstream.stop()
  assert.equal(seen, expected)
}

const withHead = (lines: string, status = '200 OK') =>
  say(`HTTP/1.1 ${status}\r\n${lines.replaceAll('\n', '\r\n')}\r\ncontent-length: 2\r\n\r\nhi`)
function encoded(coding: string, body: Uint8Array, lines = '') {
  const length = `content-encoding: ${coding}\ncontent-length: ${body.length}`
  const head = `HTTP/1.1 200 OK\n${lines === '' ? length : `${length}\n${lines}`}\n\n`
  const bytes = Buffer.concat([Buffer.from(head.replaceAll('\n', '\r\n')), body])
  return (socket: Socket) => void socket.write(bytes)
}
const say = (text: string) => (socket: Socket) => void socket.write(text)
const sayAndEnd = (text: string) => (socket: Socket) => void socket.end(text)

const cases: readonly (readonly [string, (socket: Socket) => void, string])[] = [
  [
    'an answer',
    say(
      'HTTP/1.1 200 OK\r\ncontent-type: Text/Plain; charset=utf-8\r\ncontent-length: 2\r\n\r\nhi',
    ),
    '200 Text/Plain; charset=utf-8 [content-type] hi',
  ],
  [
    'an informational answer first',
    say(
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi',
    ),
    '200  [] hi',
  ],
  [
    'an error status is an answer',
    say('HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n'),
    '500  [] ',
  ],
  [
    'chunked',
    say('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'),
    '200  [] hi',
  ],
  [
    'what belongs to the hop, sets authority or speaks in our name does not cross',
    say(
      'HTTP/1.1 200 OK\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nset-cookie: s=1\r\nwww-authenticate: Basic\r\nsallyport-record: forged#1\r\nx-ok: 1\r\ncontent-length: 0\r\n\r\n',
    ),
    '200  [x-ok] ',
  ],
  ['hangs up at once', (socket) => socket.destroy(), 'upstream-failed'],
  ['resets', (socket) => socket.resetAndDestroy(), 'upstream-failed'],
  ['answers garbage', sayAndEnd('hello, I am not HTTP\r\n\r\n'), 'upstream-failed'],
  ['never answers', () => {}, 'upstream-timeout'],
  [
    'stops in the middle',
    say('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi'),
    'upstream-timeout',
  ],
  [
    'ends before its length',
    sayAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi'),
    'upstream-failed',
  ],
  [
    'resets in the middle',
    (socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi', () =>
        socket.resetAndDestroy(),
      ),
    'upstream-failed',
  ],
  [
    'says more than its length',
    sayAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi, and more'),
    '200  [] hi',
  ],
  [
    'two content types: we would mask by one, the caller read by the other',
    say(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n{}',
    ),
    'upstream-failed',
  ],
  [
    'one content type said twice is one',
    withHead('content-type: text/x\ncontent-type: text/x'),
    '200 text/x [content-type] hi',
  ],
  ['two tags', withHead('etag: "a"\netag: "b"'), 'upstream-failed'],
  ['one tag said twice is one', withHead('etag: "a"\neTag: "a"'), '200  [etag] hi'],
  ['two places to go to', withHead('location: /a\nlocation: /b', '302 F'), 'upstream-failed'],
  ['two times to come back', withHead('retry-after: 1\nretry-after: 9'), 'upstream-failed'],
  [
    'what may be said twice',
    withHead('link: </a>\nlink: </b>\nvary: a\nvary: a'),
    '200  [link,link,vary,vary] hi',
  ],
  [
    'two lengths',
    say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi!'),
    'upstream-failed',
  ],
  [
    'one length said twice',
    say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi'),
    'upstream-failed',
  ],
  [
    'a list of lengths',
    say('HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi'),
    'upstream-failed',
  ],
  [
    'an encoding below the chunks',
    sayAndEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'),
    'upstream-failed',
  ],
  [
    'an encoding to the end of the connection',
    sayAndEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhi'),
    'upstream-failed',
  ],
  [
    'headers named like what every object has',
    withHead('__proto__: a\nconstructor: b\nhasOwnProperty: c\n__proto__: d\ntoString: e'),
    '200  [__proto__,__proto__,constructor,hasownproperty,tostring] hi',
  ],
  ['a status no class has', withHead('x: y', '999 Odd'), 'upstream-failed'],
  ['the last status there is', withHead('x: y', '599 Odd'), '599  [x] hi'],
  ['a status of two digits', withHead('x: y', '99 Odd'), 'upstream-failed'],
  ['a status below all classes', withHead('x: y', '000 Odd'), 'upstream-failed'],
  [
    'announcements without end',
    say('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(500)),
    'upstream-failed',
  ],
  [
    'a go-ahead nobody asked for',
    say('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'),
    'upstream-failed',
  ],
  ['a fragment', withHead('x: y', '206 Part'), '206 fragment  [x] hi'],
  ['a difference', withHead('x: y', '226 IM Used'), '226 fragment  [x] hi'],
  [
    'a fragment that does not call itself one',
    withHead('content-range: bytes 0-1/9\nconnection: content-range'),
    '200 fragment  [] hi',
  ],
  [
    'a length that is no number',
    say('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nhi'),
    'upstream-failed',
  ],
  [
    'both lengths',
    say(
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ),
    'upstream-failed',
  ],
  [
    'a broken chunk',
    say('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n'),
    'upstream-failed',
  ],
  [
    'what it encoded although nobody asked is opened, and its digests go',
    encoded('gzip', gzipSync('hi'), 'etag: "a"\ncontent-digest: sha-256=:AA==:\nvary: accept'),
    '200  [etag,vary] hi',
  ],
  ['and opened twice', encoded('gzip, br', brotliCompressSync(gzipSync('hi'))), '200  [] hi'],
  ['what is no encoding', encoded('identity', Buffer.from('hi')), '200  [content-encoding] hi'],
  ['what is not what it says it is', encoded('gzip', Buffer.from('hi')), 'result-withheld'],
  ['what breaks off', encoded('gzip', gzipSync('hi').subarray(0, -1)), 'result-withheld'],
  ['a bomb', encoded('gzip', gzipSync(Buffer.alloc(20_000_000))), 'result-withheld'],
  ['an unknown one', encoded('compress', Buffer.from('hi')), '200 closed  [content-encoding] hi'],
  ['three', encoded('br, br, br', Buffer.from('hi')), '200 closed  [content-encoding] hi'],
  [
    'a fragment of something encoded',
    withHead('content-encoding: gzip', '206 Part'),
    '206 fragment closed  [content-encoding] hi',
  ],
  [
    'headers without end',
    say(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`),
    'upstream-failed',
  ],
]
/** What crosses, there and back, of headers that speak of the result's bytes. */
async function checkDigests(
  changes: Parameters<typeof recorded>[1],
  expected: readonly [string, string],
): Promise<void> {
  const upstream = await startUpstream(
    withHead('etag: "2a"\ncontent-digest: sha-256=:AA==:\nx-ok: 1'),
  )
  const headers = ['if-match', 'if-none-match', 'if-range', 'x-a'].map(
    (name) => [name, '"2a"'] as const,
  )
  const at = recorded(upstream.url, {
    outbound: httpOutboundOf({ headers }),
    ...changes,
  })
  const { head, body } = await upstreams.forward(at, none)
  await collect(body)
  upstream.stop()
  const sent = headers.flatMap(([name]) =>
    upstream.requests[0]?.includes(`${name}:`) ? [name] : [],
  )
  const back = head.headers.map(([name]) => name)
  assert.deepEqual([sent.join(), back.join()], expected)
}

const everything = ['if-match,if-none-match,if-range,x-a', 'etag,content-digest,x-ok'] as const
const resultMasks: HttpFunction['resultMasks'] = [
  { id: 'm', path: '$.a', strategy: { kind: 'drop' } },
]
const binding = { method: 'GET', path: '/', places: {}, body: 'none' } as const
const digestCases: readonly (readonly [
  name: string,
  changes: Parameters<typeof recorded>[1],
  expected: readonly [string, string],
])[] = [
  ['of a result that is not masked', {}, everything],
  ['of a masked result', { fn: httpFunctionOf({ resultMasks }) }, ['x-a', 'x-ok']],
  [
    'of a result in which values are looked for',
    { fn: httpFunctionOf({ detect: [detectRuleOf({ direction: ['result'] })] }) },
    ['x-a', 'x-ok'],
  ],
  [
    'where values are looked for in arguments only',
    { fn: httpFunctionOf({ detect: [detectRuleOf({ direction: ['arguments'] })] }) },
    everything,
  ],
  ['of a result of which not all is granted', { fields: [['$.a']] }, ['x-a', 'x-ok']],
  [
    'that are arguments',
    { fn: httpFunctionOf({ resultMasks, http: { ...binding, places: { 'If-Match': 'header' } } }) },
    ['if-match,x-a', 'x-ok'],
  ],
  [
    'that keep a change from being made twice',
    {
      fn: httpFunctionOf({ resultMasks, http: { ...binding, method: 'PUT' } }),
      outbound: httpOutboundOf({ method: 'PUT', headers: [['if-match', '"2a"']] }),
    },
    ['if-match', 'x-ok'],
  ],
]
for (const [name, changes, expected] of digestCases) {
  test(`digests ${name}`, () => checkDigests(changes, expected))
}

for (const [name, answer, expected] of cases) test(name, () => check(answer, expected))

test('nobody listens', async () => {
  const upstream = await startUpstream(() => {})
  upstream.stop()
  await assert.rejects(upstreams.forward(recorded(upstream.url), none), {
    code: 'upstream-unreachable',
  })
})

test('the request carries the credential and the call id, and asks for plain bytes', async () => {
  const upstream = await startUpstream(say('HTTP/1.1 204 No Content\r\n\r\n'))
  const credential: Credential = {
    kind: 'header',
    name: 'Authorization',
    value: 'Bearer s',
    echoes: [],
  }
  const { body } = await upstreams.forward(recorded(upstream.url), credential)
  await collect(body)
  upstream.stop()
  const [request = ''] = upstream.requests
  assert.match(request, /^GET \/a\?b=c HTTP\/1\.1\r\n/)
  for (const line of [
    'Authorization: Bearer s',
    'sallyport-call: call-1',
    'accept-encoding: identity',
  ]) {
    assert.ok(request.includes(`${line}\r\n`), request)
  }
})

test('a credential in the query is added to the path', async () => {
  const upstream = await startUpstream(say('HTTP/1.1 204 No Content\r\n\r\n'))
  const credential: Credential = { kind: 'query', name: 'key', value: 'a&b', echoes: [] }
  await collect((await upstreams.forward(recorded(upstream.url), credential)).body)
  upstream.stop()
  assert.match(upstream.requests[0] ?? '', /^GET \/a\?b=c&key=a%26b HTTP/)
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** One socket, which the first call holds until its caller leaves. */
async function occupy(upstreamQueueMs: number) {
  const upstream = await startUpstream(() => {})
  const narrow = forwarder({ upstreamSockets: 1, upstreamQueueMs })
  const holder = new AbortController()
  const connection = httpConnectionOf({ upstream: upstream.url })
  const call = (signal: AbortSignal, path: string) =>
    narrow.forward(
      recorded(upstream.url, {
        call: callOf({ signal }),
        connection,
        outbound: httpOutboundOf({ path }),
      }),
      none,
    )
  const first = assert.rejects(call(holder.signal, '/first'), { name: 'Refusal' })
  while (upstream.requests.length === 0) await turn()
  const stop = async () => {
    holder.abort()
    await first
    await narrow.close()
    upstream.stop()
  }
  return { upstream, holder, call, first, close: () => narrow.close(), stop }
}

test('a call that waits for a connection too long is refused, and nothing of it is sent', async () => {
  const { upstream, call, stop } = await occupy(20)
  const { signal } = new AbortController()
  const waited = await Promise.allSettled([call(signal, '/second'), call(signal, '/third')])
  for (const one of waited) {
    assert.ok(one.status === 'rejected' && one.reason instanceof Refusal)
    assert.equal(one.reason.code, 'overloaded')
  }
  await stop()
  assert.equal(upstream.requests.length, 1)
})

test('those who wait are sent in their order, without those who left', async () => {
  const { upstream, holder, call, first, stop } = await occupy(60_000)
  const callers = [new AbortController(), new AbortController(), new AbortController()] as const
  const answers = callers.map(({ signal }, at) =>
    assert.rejects(call(signal, `/waiting-${at}`), { code: 'caller-left' }),
  )
  callers[0].abort()
  await answers[0]
  holder.abort()
  await first
  while (upstream.requests.length < 2) await turn()
  callers[1].abort()
  while (upstream.requests.length < 3) await turn()
  callers[2].abort()
  await Promise.all(answers)
  await stop()
  const paths = upstream.requests.map((request) => request.split(' ')[1])
  assert.deepEqual(paths, ['/first', '/waiting-1', '/waiting-2'])
})

test('closing refuses those who wait', async () => {
  const { call, close, stop } = await occupy(60_000)
  const waiting = assert.rejects(call(new AbortController().signal, '/second'), {
    code: 'overloaded',
  })
  await close()
  await waiting
  await stop()
})

test('what was sent in single bytes is read at once', async () => {
  const letters = 'x'.repeat(5_000)
  const chunks = [...letters].map((letter) => `1\r\n${letter}\r\n`).join('')
  const upstream = await startUpstream(
    say(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`),
  )
  const { body } = await upstreams.forward(recorded(upstream.url), none)
  let text = ''
  let reads = 0
  for await (const chunk of body) {
    text += Buffer.from(chunk)
    reads += 1
  }
  upstream.stop()
  assert.equal(text, letters)
  // A packet could be as short as it likes, but this many were not sent.
  assert.ok(reads < 500, `${reads} reads for one write`)
})

test('when the caller leaves, the upstream is let go', async () => {
  const upstream = await startUpstream(() => {})
  const caller = new AbortController()
  const at = recorded(upstream.url, { call: callOf({ signal: caller.signal }) })
  const answer = assert.rejects(upstreams.forward(at, none), { code: 'caller-left' })
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  caller.abort()
  await answer
  await upstream.closed
  upstream.stop()
})

test('an upstream is let go when the grant is revoked while it answers, and not asked again', async () => {
  const upstream = await startUpstream(say('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi'))
  const grants = new AbortController()
  const at = recorded(upstream.url, { grantsRevoked: grants.signal })
  const { body } = await upstreams.forward(at, none)
  const pieces = body[Symbol.asyncIterator]()
  await pieces.next()
  grants.abort()
  await assert.rejects(pieces.next(), { code: 'caller-left' })
  await upstream.closed
  await assert.rejects(upstreams.forward(at, none), { code: 'caller-left' })
  assert.equal(upstream.requests.length, 1)
  upstream.stop()
})

test('return() lets go of an upstream whose body nobody started to read', async () => {
  const upstream = await startUpstream(say('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi'))
  const { body } = await upstreams.forward(recorded(upstream.url), none)
  await body[Symbol.asyncIterator]().return?.()
  await upstream.closed
  upstream.stop()
})

test('the tag of something that was opened is a weak one', async () => {
  const upstream = await startUpstream(encoded('gzip', gzipSync('hi'), 'etag: "a"'))
  const { head, body } = await upstreams.forward(recorded(upstream.url), none)
  assert.equal(await collect(body), 'hi')
  upstream.stop()
  assert.deepEqual(head.headers, [['etag', 'W/"a"']])
})

test('an upstream that sends faster than it is read is paused', async () => {
  let sent = 0
  const upstream = await startUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n')
    const fill = () => {
      while (sent < 1024 && socket.write(Buffer.alloc(65_536))) sent++
      if (sent++ < 1024) socket.once('drain', fill)
    }
    fill()
  })
  const { body } = await upstreams.forward(recorded(upstream.url), none)
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(sent < 512, `the peer could send ${sent} of 1024 blocks into an unread body`)
  await body[Symbol.asyncIterator]().return?.()
  await upstream.closed
  upstream.stop()
})

const stated: readonly (readonly [
  lines: string,
  header: string | undefined,
  said: string | undefined,
])[] = [
  ['X-Api-Version: 7', 'x-api-version', '7'],
  ['X-Api-Version: 7', undefined, undefined],
  ['X-Other: 7', 'x-api-version', undefined],
  ['X-Api-Version:', 'x-api-version', ''],
  ['X-Api-Version: 7\nX-Api-Version: 8', 'x-api-version', '7, 8'],
]
for (const [lines, definitionHeader, said] of stated) {
  test(`with ${JSON.stringify(lines)} the ${definitionHeader} states ${said}`, async () => {
    const upstream = await startUpstream(withHead(lines))
    const connection = httpConnectionOf({
      ...{ upstream: upstream.url, timeoutMs: 3_000 },
      ...(definitionHeader !== undefined && { definitionHeader }),
    })
    const raw = await upstreams.forward(recorded(upstream.url, { connection }), none)
    await collect(raw.body)
    upstream.stop()
    assert.equal(raw.stated, said)
  })
}

const lengths: readonly (readonly [name: string, (socket: Socket) => void, number | undefined])[] =
  [
    ['it is said', withHead('x-a: b'), 2],
    ['it is not', say('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'), undefined],
    ['it is that of another form', encoded('gzip', gzipSync('hi')), undefined],
  ]
for (const [name, answer, bytes] of lengths) {
  test(`how long a body is to be: ${name}`, async () => {
    const upstream = await startUpstream(answer)
    const raw = await upstreams.forward(recorded(upstream.url), none)
    await collect(raw.body)
    upstream.stop()
    assert.equal(raw.bytes, bytes)
  })
}
