import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:http2'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import {
  assertSoundLog,
  ends,
  type House,
  intent,
  openHouse,
  since,
  until,
  withoutChunks,
} from './house.ts'
import { chunk, chunkedHead, events } from './upstream.ts'

const ssn = '536-22-8716'
const hiddenSsn = '[REDACTED:SSN]'

test('streams', async (t) => {
  const house = await openHouse(t)
  for (const one of lives) await t.test(`${one.mediaType}, one by one`, () => oneByOne(house, one))
  for (const [name, one] of Object.entries(breaks)) await t.test(name, () => breaksOff(house, one))
  await t.test('a body broken off over HTTP/2', () => breaksOffHttp2(house))
  await t.test('a body of 24 MB, masked on its way', () => large(house))
  await t.test('a caller that does not read stops the upstream', () => stalled(house))
  await t.test('an empty stream', () => empty(house))
  await t.test('HEAD', () => head(house))
  await t.test('the log is sound', () => assertSoundLog(house, [ssn]))
})

const chunks = (now: ReturnType<typeof since>) =>
  now.leaves().filter(({ type }) => type === 'call.chunk')

type Live = { readonly mediaType: string; readonly event: (text: string) => string }
const lives: readonly Live[] = [
  { mediaType: 'text/event-stream', event: (text) => `event: e\ndata: ${text}\n\n` },
  { mediaType: 'application/x-ndjson', event: (text) => `${text}\n` },
  { mediaType: 'application/jsonl', event: (text) => `${text}\n` },
]
const eventText = (n: number, value: string) => `{"n": ${n},  "ssn":"${value}"}`

/** The upstream sends an event only after the caller has seen the one before it. */
async function oneByOne(house: House, { mediaType, event }: Live): Promise<void> {
  const now = since(house)
  const events = 5
  let socket: Socket | undefined
  let sent = 0
  const send = () => {
    const bytes = event(eventText(sent++, ssn))
    // Cut in two, so that nothing can rely on an event being one piece.
    socket?.write(chunk(bytes.slice(0, 11)))
    socket?.write(chunk(bytes.slice(11)))
    if (sent === events) socket?.write(chunk(''))
  }
  house.upstream.script = (its) => {
    socket = its
    its.write(chunkedHead(mediaType))
    send()
  }
  let got = ''
  const onData = (piece: Buffer) => {
    got += piece.toString()
    if (got.split(hiddenSsn).length - 1 === sent && sent < events) send()
  }
  const seen = await house.call('/up/person', { onData })
  const expected = Array.from({ length: events }, (_, n) => event(eventText(n, hiddenSsn)))
  assert.equal(seen.text(), expected.join(''))
  assert.deepEqual([seen.status, seen.complete], [200, true])
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
  assert.ok(chunks(now).length > 0, 'released without a commitment')
  const outcome = now.leaves().at(-1)
  assert.equal(outcome?.returned.len, Buffer.byteLength(seen.body))
  const [{ version, ...masked }, ...others] = outcome?.masked ?? [{}]
  assert.deepEqual(masked, { how: 'redact', n: events, path: '$.ssn', rule: 'ssn' })
  assert.deepEqual([others, /^[0-9a-f]{16}$/.test(version)], [[], true])
  assert.equal(seen.record.split('#')[1], String(now.leaves()[0]?.index))
}

/** What goes wrong after something was released: the caller sees a broken body, the record says why. */
const breaks: Readonly<
  Record<
    string,
    { mediaType?: string; path?: string; next: (socket: Socket) => void; ending: string }
  >
> = {
  'the upstream resets': { next: (socket) => socket.resetAndDestroy(), ending: 'upstream-failed' },
  'the upstream hangs up': { next: (socket) => void socket.end(), ending: 'upstream-failed' },
  'the upstream falls silent': { next: () => {}, ending: 'upstream-timeout' },
  'a chunk is framed wrongly': {
    next: (socket) => void socket.write('zz\r\n'),
    ending: 'upstream-failed',
  },
  'an event is no JSON': {
    next: (socket) =>
      void socket.write(Buffer.concat([chunk(events(`{"ssn":"${ssn}"`)), chunk('')])),
    ending: 'result-withheld',
  },
  'an event has a field nobody knows': {
    next: (socket) => void socket.write(Buffer.concat([chunk(`secret: ${ssn}\n\n`), chunk('')])),
    ending: 'result-withheld',
  },
  'a long body turns out to be no JSON': {
    mediaType: 'application/json',
    next: (socket) => void socket.write(Buffer.concat([chunk(`"ssn" ${ssn}`), chunk('')])),
    ending: 'result-withheld',
  },
}

async function breaksOff(house: House, one: (typeof breaks)[string]): Promise<void> {
  const { mediaType = 'text/event-stream', next, ending } = one
  const now = since(house)
  let socket: Socket | undefined
  house.upstream.script = (its) => {
    socket = its
    its.write(chunkedHead(mediaType))
    its.write(
      chunk(
        mediaType === 'application/json' ? `{"a":"${'a'.repeat(400_000)}",` : events('{"a":1}'),
      ),
    )
  }
  let told = false
  const onData = () => {
    if (!told && socket) next(socket)
    told = true
  }
  const seen = await house.call('/up/person', { onData })
  assert.deepEqual([seen.status, seen.complete], [200, false])
  assert.ok(!seen.text().includes(ssn))
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', ending, 200]])
  assert.ok(
    (now.leaves().at(-1)?.returned.len ?? 0) >= seen.body.length,
    'more was seen than committed to',
  )
}

async function breaksOffHttp2(house: House): Promise<void> {
  const now = since(house)
  const seen = Promise.withResolvers<void>()
  house.upstream.script = (socket) => {
    socket.write(chunkedHead('text/event-stream'))
    socket.write(chunk(events('{"a":1}')))
    void seen.promise.then(() => socket.resetAndDestroy())
  }
  const session = connect(house.url())
  const stream = session.request({ ':path': '/up/person', authorization: `Bearer ${house.token}` })
  stream.on('data', () => seen.resolve())
  const [error] = await once(stream, 'error')
  assert.equal(error.code, 'ERR_HTTP2_STREAM_ERROR')
  session.close()
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'upstream-failed', 200]])
}

const rows = 240_000
const row = (n: number, value: string) => `{"id":${n}, "ssn":"${value}","note":"${'x'.repeat(60)}"}`
function* rowsOf(value: string): Generator<string> {
  yield '{"rows":['
  for (let n = 0; n < rows; n += 500) {
    let text = ''
    for (let at = n; at < n + 500; at++) text += (at > 0 ? ',\n' : '') + row(at, value)
    yield text
  }
  yield '], "total": 1.50}'
}

function sendRows(socket: Socket): void {
  socket.write(chunkedHead('application/json'))
  const parts = rowsOf(ssn)
  const more = () => {
    for (const part of parts) {
      if (!socket.write(chunk(part))) return void socket.once('drain', more)
    }
    socket.write(chunk(''))
  }
  // `for … of` would close the generator at the first pause.
  parts.return = () => ({ done: true, value: undefined })
  more()
}

async function large(house: House): Promise<void> {
  const now = since(house)
  house.upstream.script = sendRows
  const got = createHash('sha256')
  let size = 0
  const seen = await new Promise<{ complete: boolean }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${house.token}` }
    const asked = request(`${house.url()}/up/person`, { headers, agent: false }, (response) => {
      response.on('data', (piece: Buffer) => {
        size += piece.length
        got.update(piece)
      })
      response.on('close', () => resolve(response))
    })
    asked.on('error', reject)
    asked.end()
  })
  const expected = createHash('sha256')
  for (const part of rowsOf(hiddenSsn)) expected.update(part)
  assert.equal(seen.complete, true)
  assert.equal(got.digest('hex'), expected.digest('hex'))
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
  const outcome = now.leaves().at(-1)
  assert.equal(outcome?.returned.len, size)
  assert.equal(outcome?.masked[0].n, rows)
  assert.ok(
    chunks(now).length >= Math.floor(size / 1_048_576),
    'stretches were released uncommitted',
  )
}

/** Memory is bounded when an upstream can only send what the sockets between hold. */
async function stalled(house: House): Promise<void> {
  const now = since(house)
  let sent = 0
  house.upstream.script = (socket) => {
    socket.write(chunkedHead('application/json'))
    socket.write(`${(4e9).toString(16)}\r\n["`)
    const piece = 'a'.repeat(65_536)
    const flood = () => {
      do sent += piece.length
      while (!socket.destroyed && socket.write(piece))
    }
    socket.on('drain', flood)
    flood()
  }
  const headers = { authorization: `Bearer ${house.token}` }
  const asked = request(`${house.url()}/up/person`, { headers, agent: false })
  asked.on('error', () => {})
  asked.on('response', (response) => void response.pause())
  asked.end()
  let before = -1
  let still = 0
  await until(() => {
    still = sent === before && sent > 0 ? still + 1 : 0
    before = sent
    return still > 20
  }, 'the upstream had to stop')
  assert.ok(sent < 48 * 1_048_576, `${sent} bytes went somewhere`)
  asked.destroy()
  await ends(house, now, [intent, ['call.outcome', 'aborted', 200]])
}

async function empty(house: House): Promise<void> {
  const now = since(house)
  house.upstream.script = (socket) => {
    socket.write(chunkedHead('text/event-stream'))
    socket.write(chunk(''))
  }
  const seen = await house.call('/up/person')
  assert.deepEqual([seen.status, seen.complete, seen.text()], [200, true, ''])
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
}

/** A HEAD is no GET: nobody registered it. */
async function head(house: House): Promise<void> {
  const now = since(house)
  const seen = await house.call('/up/read', { method: 'HEAD' })
  assert.deepEqual([seen.status, now.reached()], [404, 0])
}
