import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { httpOutboundOf, recordedOf } from '../../../test/call-stages.ts'
import { listen } from '../../../test/http-port.ts'
import { noFollowUps } from '../../../test/no-follow-ups.ts'
import { httpConnectionOf } from '../../../test/rulebook-parts.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call, Reply } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import type { Listener } from '../door/listen.ts'
import { forwarder } from './forward.ts'

type Pairs = readonly (readonly [name: string, value: string])[]
type Answer = {
  readonly status?: number
  readonly headers?: Pairs
  readonly length?: number
  readonly review?: 'due-soon'
}

/** How often the body of the last reply was given back or read to its end: its ending is recorded then. */
let ended = 0
let answer: (call: Call) => Promise<Reply>
let listener: Listener
before(async () => {
  const places = { concurrentCalls: 4, callsPerCaller: 4 }
  listener = await listen(
    {
      ...{ host: '127.0.0.1', port: 0, http2: true, ...places },
      limits: { ...limits, headWaitMs: 1 },
    },
    (call) => answer(call),
    noFollowUps,
  )
})
after(() => listener.close({ graceMs: 0 }))

function replyOf({ status = 200, headers = [], length, review }: Answer): Reply {
  let left = 1
  return {
    state: 'witnessed',
    callId: 'call-1',
    record: { origin: 'test', index: 7 },
    length,
    ...(review && { review }),
    head: { status, headers, mediaType: '' },
    body: {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (left-- > 0) return { value: Buffer.from('hi') }
          ended++
          return { done: true, value: undefined }
        },
        return: async () => {
          ended++
          return { done: true, value: undefined }
        },
      }),
    },
  }
}

type Seen = { readonly status: number; readonly headers: Pairs; readonly body: string }

async function overHttp1(): Promise<Seen> {
  const asked = request(listener.url, { agent: false }).end()
  const [response] = await once(asked, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const headers: [string, string][] = []
  const { rawHeaders } = response
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.push([rawHeaders[at], rawHeaders[at + 1]])
  return { status: response.statusCode, headers, body: Buffer.concat(chunks).toString() }
}

async function overHttp2(): Promise<Seen> {
  const session = connect(listener.url)
  try {
    const stream = session.request({ ':path': '/' })
    const [headers, , raw] = await once(stream, 'response')
    const pairs: [string, string][] = []
    for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at], raw[at + 1]])
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return { status: headers[':status'], headers: pairs, body: Buffer.concat(chunks).toString() }
  } finally {
    session.close()
  }
}

const ours = /^(?::status|sallyport-|date|connection|transfer-encoding|keep-alive|content-length)/i

type Expected = { readonly status: number; readonly headers?: Pairs }

/** The same over both protocols; a refusal says which record it stands in. */
async function check(given: Answer, { status, headers }: Expected): Promise<void> {
  for (const ask of [overHttp1, overHttp2]) {
    ended = 0
    answer = async () => replyOf(given)
    const seen = await ask()
    assert.equal(seen.status, status, ask.name)
    assert.equal(ended, 1, 'the body was not ended')
    const own = new Map(seen.headers)
    assert.equal(own.get('sallyport-record'), 'test#7')
    assert.equal(own.get('sallyport-call'), 'call-1')
    if (headers) assert.equal(own.get('sallyport-review'), given.review)
    if (headers) {
      assert.deepEqual(
        seen.headers.filter(([name]) => !ours.test(name)),
        headers,
        ask.name,
      )
      assert.equal(seen.body, 'hi')
    } else assert.equal(JSON.parse(seen.body).code, 'upstream-failed', seen.body)
  }
}

const failed = { status: 502 }

const cases: Readonly<Record<string, readonly [Answer, Expected]>> = {
  'a head': [
    { status: 404, headers: [['x-a', '1']], length: 2 },
    { status: 404, headers: [['x-a', '1']] },
  ],
  'a review that is due soon': [{ review: 'due-soon' }, { status: 200, headers: [] }],
  'a header that comes twice': [
    {
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
        ['x-a', '3'],
      ],
    },
    {
      status: 200,
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
        ['x-a', '3'],
      ],
    },
  ],
  'headers named like what every object inherits': [
    {
      headers: [
        ['constructor', '1'],
        ['__proto__', '2'],
        ['tostring', '3'],
        ['__proto__', '4'],
      ],
    },
    {
      status: 200,
      headers: [
        ['constructor', '1'],
        ['__proto__', '2'],
        ['__proto__', '4'],
        ['tostring', '3'],
      ],
    },
  ],
  'two entity tags': [
    {
      headers: [
        ['etag', '"a"'],
        ['etag', '"b"'],
      ],
    },
    { status: 200, headers: [['etag', '"a"']] },
  ],
  'two places': [
    {
      headers: [
        ['location', '/a'],
        ['location', '/b'],
      ],
    },
    { status: 200, headers: [['location', '/a']] },
  ],
  'a status above all': [{ status: 999 }, failed],
  'a status of the next class': [{ status: 600 }, failed],
  'a status below all': [{ status: 99 }, failed],
  'no status': [{ status: 0 }, failed],
  'an informational status at the end': [{ status: 103 }, failed],
  'a control character in a value': [
    {
      headers: [
        ['x-b', '1'],
        ['x-a', 'a\u0001b'],
      ],
    },
    failed,
  ],
  'a character no header can hold': [
    {
      headers: [
        ['x-b', '1'],
        ['x-a', 'a\u6c34'],
      ],
    },
    failed,
  ],
  'a name that is none': [{ headers: [['x a', '1']] }, failed],
}
for (const [name, row] of Object.entries(cases)) test(name, () => check(...row))

const broken: Readonly<Record<string, readonly [thrown: unknown, code: string, status: number]>> = {
  'is withheld': [new Refusal('result-withheld'), 'result-withheld', 502],
  'cannot be recorded': [new Refusal('evidence-unavailable'), 'evidence-unavailable', 503],
  'fails as nobody foresaw': [new Error('boom'), 'internal', 500],
}
for (const [name, [thrown, code, status]] of Object.entries(broken)) {
  test(`a result that ${name} before anything of it has come is refused`, async () => {
    const next = () => Promise.reject(thrown)
    for (const ask of [overHttp1, overHttp2]) {
      answer = async () => {
        const reply = replyOf({ headers: [['x-a', '1']] })
        const { return: back } = reply.body[Symbol.asyncIterator]()
        const body = { next, ...(back && { return: back }) }
        return { ...reply, body: { [Symbol.asyncIterator]: () => body } }
      }
      ended = 0
      const seen = await ask()
      assert.equal(seen.status, status)
      assert.equal(JSON.parse(seen.body).code, code)
      const own = new Map(seen.headers)
      assert.deepEqual(
        ['sallyport-record', 'sallyport-call', 'x-a'].map((one) => own.get(one)),
        ['test#7', 'call-1', undefined],
      )
      assert.equal(ended, 1)
    }
  })
}

/** Says when the head has come, and what followed. */
const silent = {
  'HTTP/1.1': async (onHead: () => void) => {
    const asked = request(listener.url, { agent: false }).end()
    const [response] = await once(asked, 'response')
    onHead()
    return text(response)
  },
  'HTTP/2': async (onHead: () => void) => {
    const session = connect(listener.url)
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    onHead()
    const body = await text(stream)
    session.close()
    return body
  },
}
for (const [name, ask] of Object.entries(silent)) {
  test(`a stream that is silent at first has its head over ${name}`, async () => {
    const head = Promise.withResolvers<void>()
    answer = async () => {
      const reply = replyOf({})
      const body = reply.body[Symbol.asyncIterator]()
      const next = () => head.promise.then(() => body.next())
      return { ...reply, body: { [Symbol.asyncIterator]: () => ({ ...body, next }) } }
    }
    ended = 0
    assert.equal(await ask(head.resolve), 'hi')
    assert.equal(ended, 1)
  })
}

/** What an upstream may say that is no message of HTTP/2. */
const raw: Readonly<Record<string, readonly [string, number]>> = {
  'headers of the hop': [
    'HTTP/1.1 200 OK\r\nconnection: x-hop\r\nConnection: x-skip, close\r\nkeep-alive: timeout=5\r\nproxy-connection: a\r\n' +
      'upgrade: h9\r\nte: trailers\r\nhttp2-settings: AAMAAABk\r\nx-hop: 1\r\nx-skip: 1\r\ncontent-length: 2\r\n\r\nhi',
    200,
  ],
  'a status above all': ['HTTP/1.1 999 Over\r\ncontent-length: 2\r\n\r\nhi', 502],
  'a status below all': ['HTTP/1.1 099 Under\r\ncontent-length: 2\r\n\r\nhi', 502],
  'two entity tags': [
    'HTTP/1.1 200 OK\r\netag: "a"\r\netag: "b"\r\ncontent-length: 2\r\n\r\nhi',
    0,
  ],
}
for (const [name, [text, status]] of Object.entries(raw)) {
  test(`an upstream says ${name}`, () => checkRaw(text, status))
}

async function checkRaw(text: string, status: number): Promise<void> {
  const upstream = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text, 'latin1'))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const address = upstream.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const upstreams = forwarder({})
  answer = async (call) => {
    const connection = httpConnectionOf({ upstream: url })
    const at = recordedOf({ call, connection, outbound: httpOutboundOf() })
    const none = { kind: 'none', echoes: [] } as const
    const { head, body } = await upstreams.forward(at, none)
    return { ...replyOf({}), head, body }
  }
  for (const ask of [overHttp1, overHttp2]) {
    const seen = await ask()
    // Of two entity tags either side of the gateway may decide: what counts is that there is an answer.
    if (status !== 0) assert.equal(seen.status, status, seen.body)
    const names = seen.headers.map(([one]) => one.toLowerCase())
    for (const hop of ['x-hop', 'x-skip', 'upgrade', 'te', 'http2-settings', 'proxy-connection']) {
      assert.ok(!names.includes(hop), hop)
    }
  }
  await upstreams.close()
  upstream.close()
}
