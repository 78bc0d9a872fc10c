import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { certificate } from '../../../test/certificate.ts'
import { type DoorOptions, listen } from '../../../test/http-port.ts'
import { noFollowUps } from '../../../test/no-follow-ups.ts'
import { httpConnectionOf, httpFunctionOf, inForceOf } from '../../../test/rulebook-parts.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call, Reply } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'

/** Every way to listen: each has to hold what every other one holds. */
const forms: Readonly<Record<string, Pick<DoorOptions, 'tls' | 'http2'>>> = {
  'plain HTTP/1.1': { http2: false },
  'plain HTTP/1.1 and HTTP/2': { http2: true },
  'HTTP/1.1 over TLS': { http2: false, tls: certificate },
  'HTTP/1.1 and HTTP/2 over TLS': { http2: true, tls: certificate },
}

/** Short, so that what waits for an end sees it soon; nothing here has to happen before one of them. */
const impatient = {
  ...limits,
  requestHeadersMs: 1_000,
  requestIdleMs: 400,
  requestBodyMs: 1_200,
  lingerMs: 200,
  callerStallMs: 400,
  keepAliveMs: 1_000,
}

const base: DoorOptions = {
  host: '127.0.0.1',
  port: 0,
  http2: true,
  concurrentCalls: 16,
  callsPerCaller: 16,
  limits,
}

const bindings = [
  { method: 'POST', path: '/whole', body: 'json', places: {} },
  { method: 'PUT', path: '/streamed', body: 'stream', places: {} },
  { method: 'GET', path: '/nothing', body: 'none', places: {} },
] as const
const rules = inForceOf({
  connections: [httpConnectionOf({ id: 'up', upstream: 'http://upstream.example' })],
  functions: bindings.map((http) => httpFunctionOf({ id: `up.${http.body}`, http })),
})

function replyWith(body: AsyncIterable<Uint8Array>): Reply {
  return {
    state: 'witnessed',
    callId: 'call-1',
    record: { origin: 'test', index: 7 },
    length: undefined,
    head: { status: 200, headers: [], mediaType: '' },
    body,
  }
}

/** Reads the whole request and says how it went. */
async function readAll(call: Call): Promise<Reply> {
  const { outbound } = await call.read(rules)
  assert.ok(outbound.protocol === 'http')
  let size = 0
  if (outbound.body instanceof Uint8Array) size = outbound.body.length
  else for await (const chunk of outbound.body ?? []) size += chunk.length
  return replyWith(chunksOf(Buffer.from(`read ${size}`)))
}

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

type Open = { readonly url: string; readonly dial: () => Promise<Dialled> }
type Dialled = {
  readonly socket: Socket
  readonly said: () => string
  readonly closed: Promise<void>
}

async function open(
  t: TestContext,
  options: Partial<DoorOptions>,
  onCall: (call: Call) => Promise<Reply> = readAll,
): Promise<Open> {
  const listener = await listen({ ...base, ...options }, onCall, noFollowUps)
  t.after(() => listener.close({ graceMs: 0 }))
  const port = Number(new URL(listener.url).port)
  return { url: listener.url, dial: () => dial(port, options.tls !== undefined) }
}

async function dial(port: number, tls: boolean): Promise<Dialled> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', ca: certificate.cert, ALPNProtocols: ['http/1.1'] })
    : connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await once(socket, tls ? 'secureConnect' : 'connect')
  return { socket, said: () => text, closed }
}

const head = 'host: gw\r\ncontent-type: application/json\r\n'
const whole = `POST /up/whole HTTP/1.1\r\n${head}`
const streamed = `PUT /up/streamed HTTP/1.1\r\n${head}`
const nothing = 'GET /up/nothing HTTP/1.1\r\nhost: gw\r\n\r\n'

type Case = {
  /** Sent at once. */
  readonly send: string
  /** Sent again and again, until the connection is closed. */
  readonly drip?: string
  /** The statuses of all that was answered until the gateway closed the connection. */
  readonly statuses: readonly number[]
}

const cases: Readonly<Record<string, Case>> = {
  'a connection that says nothing': { send: '', statuses: [408] },
  'a head that does not end': { send: 'GET /up', statuses: [408] },
  'a head that comes byte by byte': {
    send: 'GET /up/nothing HTTP/1.1\r\nx: ',
    drip: 'x',
    statuses: [408],
  },
  'a second head that comes byte by byte': {
    send: `${nothing}GET /up/nothing HTTP/1.1\r\nx: `,
    drip: 'x',
    statuses: [200, 408],
  },
  'a connection kept for nothing': { send: nothing, statuses: [200] },
  'a body that stops': { send: `${whole}content-length: 10\r\n\r\n{"a"`, statuses: [400] },
  'a body that comes byte by byte': {
    send: `${whole}content-length: 100000\r\n\r\n{"a":"`,
    drip: 'a',
    statuses: [400],
  },
  'a streamed body that stops': {
    send: `${streamed}content-length: 10\r\n\r\n{"a"`,
    statuses: [400],
  },
  'a body nobody reads that does not end': {
    send: `POST /up/unknown HTTP/1.1\r\n${head}content-length: 100000\r\n\r\n`,
    drip: 'a',
    statuses: [404],
  },
  'a head that is too large': {
    send: `GET /up HTTP/1.1\r\nx: ${'x'.repeat(20_000)}`,
    statuses: [431],
  },
  'both lengths': {
    send: `${whole}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
    statuses: [400],
  },
  'no host': { send: 'GET /up/nothing HTTP/1.1\r\nconnection: close\r\n\r\n', statuses: [400] },
  'two hosts': {
    send: 'GET /up/nothing HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
    statuses: [400],
  },
}

async function check({ dial: connected }: Open, { send, drip, statuses }: Case): Promise<void> {
  const { socket, said, closed } = await connected()
  socket.write(send)
  const dripping = drip !== undefined && setInterval(() => socket.write(drip), 50)
  await closed
  if (dripping) clearInterval(dripping)
  const seen = [...said().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  // Node's own answers would say nothing of a record.
  const ours = [...said().matchAll(/sallyport-record: /g)]
  assert.equal(ours.length, seen.length, said())
  // Where nothing was said at all, the port that tells two protocols apart cannot know which to say no in.
  assert.deepEqual(send === '' && seen.length === 0 ? [408] : seen, statuses, said())
}

for (const [form, options] of Object.entries(forms)) {
  test(form, { concurrency: true }, async (t) => {
    const opened = await open(t, { ...options, limits: impatient })
    const rows = Object.entries(cases).map(([name, row]) => t.test(name, () => check(opened, row)))
    const others = Object.entries(stories).map(([name, tell]) =>
      t.test(name, (t) => tell(t, options)),
    )
    await Promise.all([...rows, ...others])
  })
}

type Story = (t: TestContext, form: Pick<DoorOptions, 'tls' | 'http2'>) => Promise<void>

const stories: Readonly<Record<string, Story>> = {
  'garbage behind a call that is under way': async (t, form) => {
    const taken = Promise.withResolvers<void>()
    const { dial: connected } = await open(t, form, async (call) => {
      taken.resolve()
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
      throw new Refusal('caller-left')
    })
    const { socket, said, closed } = await connected()
    socket.write(nothing)
    await taken.promise
    socket.write('{}{}\r\n\r\n')
    await closed
    assert.equal(said(), '')
  },
  'an answer nobody reads': async (t, form) => {
    const returned = Promise.withResolvers<void>()
    const { dial: connected } = await open(t, { ...form, limits: impatient }, async () =>
      replyWith(endless(returned.resolve)),
    )
    const { socket, closed } = await connected()
    socket.pause()
    socket.write(nothing)
    await returned.promise
    socket.resume()
    await closed
  },
  'a caller that leaves with half a body before it is asked for': (t, form) =>
    leavesEarly(t, form, { body: '{"', code: 'request-malformed' }),
  'a caller that leaves, body and all, before it is asked for': (t, form) =>
    leavesEarly(t, form, { body: '{"a":1}', code: 'caller-left' }),
  'a caller at its limit does not keep another one out': async (t, form) => {
    const options = { ...form, callsPerCaller: 2, concurrentCalls: 4 }
    const { dial: connected } = await open(t, options, async (call) => {
      const token = call.proof?.kind === 'bearer' ? call.proof.token : ''
      call.admit([token])
      if (token === 'greedy') return replyWith(endless(() => {}))
      return replyWith(chunksOf(Buffer.from('served')))
    })
    const as = async (token: string, reads: boolean) => {
      const { socket, said } = await connected()
      socket.write(`GET / HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer ${token}\r\n\r\n`)
      while (!said().includes('\r\n\r\n')) await once(socket, 'data')
      if (!reads) socket.pause()
      return { status: said().slice(9, 12), socket }
    }
    const first = await as('greedy', false)
    assert.deepEqual([first.status, (await as('greedy', false)).status], ['200', '200'])
    assert.equal((await as('greedy', true)).status, '503')
    assert.equal((await as('modest', true)).status, '200')
    first.socket.destroy()
    let status = ''
    while (status !== '200') status = (await as('greedy', false)).status
  },
}

/** As when the identity provider is slow: nobody has asked for the body when its caller goes. */
async function leavesEarly(
  t: TestContext,
  form: Pick<DoorOptions, 'tls' | 'http2'>,
  { body, code }: { readonly body: string; readonly code: string },
): Promise<void> {
  const taken = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const { dial: connected } = await open(t, { ...form, concurrentCalls: 1 }, async (call) => {
    if (call.proof === undefined) return replyWith(chunksOf(Buffer.from('served')))
    taken.resolve()
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    const refusal = await call.read(rules).catch((thrown) => thrown)
    ended.resolve(refusal)
    throw refusal
  })
  const { socket } = await connected()
  socket.write(`${whole}authorization: Bearer slow\r\ncontent-length: 7\r\n\r\n${body}`)
  await taken.promise
  socket.destroy()
  const refusal = await ended.promise
  assert.ok(refusal instanceof Refusal)
  assert.equal(refusal.code, code)
  const next = await connected()
  next.socket.write(nothing)
  while (!next.said().includes('\r\n\r\n')) await once(next.socket, 'data')
  assert.equal(next.said().slice(9, 12), '200', 'its place is not free again')
}

async function* endless(onReturn: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (;;) yield Buffer.alloc(65_536, 'a')
  } finally {
    onReturn()
  }
}

const secured = { tls: certificate, http2: true }
for (const [form, options] of Object.entries({ plain: { http2: true }, TLS: secured })) {
  test(`HTTP/2, ${form}`, { concurrency: true }, async (t) => {
    const tests = Object.entries(sessions).map(([name, tell]) =>
      t.test(name, (t) => tell(t, options)),
    )
    await Promise.all(tests)
  })
}

test('a TLS handshake that does not begin', async (t) => {
  const { url } = await open(t, { ...secured, limits: impatient })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket.resume(), 'close')
})

const enter = (t: TestContext, url: string): ClientHttp2Session => {
  const session = connectHttp2(url, { ca: certificate.cert })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return session
}

const sessions: Readonly<Record<string, Story>> = {
  'a session that asks nothing is ended': async (t, form) => {
    const { url } = await open(t, { ...form, limits: impatient })
    await once(enter(t, url), 'close')
  },
  'a session that has asked is ended when it is quiet': async (t, form) => {
    const { url } = await open(t, { ...form, limits: impatient })
    const session = enter(t, url)
    const [headers] = await once(session.request({ ':path': '/up/nothing' }).resume(), 'response')
    assert.equal(headers[':status'], 200)
    await once(session, 'close')
  },
  'a session with a call under way is not ended': async (t, form) => {
    const late = async (): Promise<Reply> => {
      await new Promise((resolve) => setTimeout(resolve, 3 * impatient.keepAliveMs))
      return replyWith(chunksOf(Buffer.from('late')))
    }
    const { url } = await open(t, { ...form, limits: impatient }, late)
    const [headers] = await once(enter(t, url).request({ ':path': '/' }).resume(), 'response')
    assert.equal(headers[':status'], 200)
  },
  'a body that stops': async (t, form) => {
    const { url } = await open(t, { ...form, limits: impatient })
    const stream = enter(t, url).request({
      ':method': 'POST',
      ':path': '/up/whole',
      'content-type': 'application/json',
    })
    stream.on('error', () => {})
    stream.resume().write('{"a"')
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 400)
    await once(stream, 'close')
  },
  'an answer nobody reads': async (t, form) => {
    const returned = Promise.withResolvers<void>()
    const { url } = await open(t, { ...form, limits: impatient }, async () =>
      replyWith(endless(returned.resolve)),
    )
    const stream = enter(t, url).request({ ':path': '/' })
    stream.on('error', () => {})
    await returned.promise
  },
}
