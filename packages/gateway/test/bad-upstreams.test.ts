import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Seen } from './caller.ts'
import { assertSoundLog, type House, openHouse, since } from './house.ts'
import { answer, chunk, chunkedHead, hang, raw, type Script } from './upstream.ts'

type Case = {
  readonly path?: string
  readonly script: (house: House) => Script
  /** What the caller sees. */
  readonly seen: readonly [status: number, code: string]
  readonly ending: string
  readonly recordedStatus: number
  readonly reached?: number
  readonly also?: (seen: Seen, house: House) => void
}

const person = '/up/person'
const lying = (length: number, body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`
const failed = {
  seen: [502, 'upstream-failed'],
  recordedStatus: 0,
  ending: 'upstream-failed',
} as const
const withheld = {
  seen: [502, 'result-withheld'],
  recordedStatus: 0,
  ending: 'result-withheld',
} as const
const fine = { seen: [200, 'ok'], recordedStatus: 200, ending: 'done' } as const
const passes = (status: number) =>
  ({ seen: [status, 'ok'], recordedStatus: status, ending: 'done' }) as const

const says = (text: string) => (seen: Seen) => assert.equal(seen.text(), text)
const hides = (seen: Seen, { secret }: House) => {
  const everything = `${JSON.stringify(seen.headers)}\n${seen.text()}`
  for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
    assert.ok(!everything.includes(form), 'the credential came back')
  }
}

/** Every other character as an escape. */
const spelled = (text: string) =>
  [...text]
    .map((one, at) => (at % 2 ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`))
    .join('')

const encoded = (coding: string, body: Uint8Array, status = 200): Script =>
  answer({ status, headers: { 'content-encoding': coding, vary: 'accept-encoding' }, body })
const pick = (headers: Seen['headers'], names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (name in headers ? [[name, headers[name]]] : [])))

/** Each lets a caller try out what a short value is that was hidden from them. */
const digests = {
  etag: '"2a"',
  digest: 'sha-256=AA==',
  'content-digest': 'sha-256=:AA==:',
  'repr-digest': 'sha-256=:AA==:',
  'unencoded-digest': 'sha-256=:AA==:',
  'content-md5': 'AA==',
  'x-goog-hash': 'crc32c=AA==',
  'x-amz-checksum-crc32': 'AA==',
  signature: 'sig1=:AA==:',
  'signature-input': 'sig1=("content-digest")',
}

const cases: Readonly<Record<string, Case>> = {
  'nobody listens': {
    path: '/dead/read',
    script: () => hang,
    seen: [502, 'upstream-unreachable'],
    recordedStatus: 0,
    ending: 'upstream-unreachable',
    reached: 0,
  },
  'its credential is not there': {
    path: '/bare/read',
    script: () => hang,
    seen: [502, 'credential-unavailable'],
    recordedStatus: 0,
    ending: 'credential-unavailable',
    reached: 0,
  },
  'it never answers': {
    script: () => hang,
    seen: [504, 'upstream-timeout'],
    recordedStatus: 0,
    ending: 'upstream-timeout',
  },
  'it stops in the middle of its head': {
    script: () => raw('HTTP/1.1 200 OK\r\ncontent-', 'end'),
    ...failed,
  },
  'it stops in the middle of its body and stays': {
    script: () => raw(lying(100, '{"a":1'), 'stay'),
    seen: [504, 'upstream-timeout'],
    recordedStatus: 0,
    ending: 'upstream-timeout',
  },
  'it hangs up at once': { script: () => (socket) => void socket.destroy(), ...failed },
  'it resets before it answers': {
    script: () => (socket) => void socket.resetAndDestroy(),
    ...failed,
  },
  'it resets in the middle of its body': {
    script: () => raw(lying(100, '{"a":1'), 'reset'),
    ...failed,
  },
  'it answers garbage': { script: () => raw('lorem ipsum dolor\r\n\r\n'), ...failed },
  'it answers TLS': { script: () => raw('\x15\x03\x03\x00\x02\x02\x28'), ...failed },
  'it answers nothing but line breaks': { script: () => raw('\r\n\r\n\r\n'), ...failed },
  'it says more than it sends': { script: () => raw(lying(50, '{}')), ...failed },
  'it sends more than it says': {
    script: () => raw(lying(2, '{}{"smuggled":true}')),
    ...fine,
    also: says('{}'),
  },
  'it says a length that is no number': {
    script: () => raw('HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}'),
    ...failed,
  },
  'it says both lengths': {
    script: () =>
      raw(
        'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      ),
    ...failed,
  },
  'it frames a chunk wrongly': {
    script: () => raw(`${chunkedHead('text/plain')}zz\r\nabc\r\n0\r\n\r\n`),
    ...failed,
  },
  'its chunks do not end': {
    script: () => raw(`${chunkedHead('text/plain')}3\r\nabc\r\n`),
    ...failed,
  },
  'its head is huge': {
    script: () => answer({ headers: { 'x-much': 'a'.repeat(40_000) }, body: '{}' }),
    ...failed,
  },
  'its headers are many': {
    script: () =>
      answer({
        headers: Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`x-${at}`, 'y'])),
      }),
    ...failed,
  },
  'it echoes the credential in its body': {
    script: ({ secret }) => answer({ body: JSON.stringify({ you: `Bearer ${secret}` }) }),
    ...fine,
    also: hides,
  },
  'it echoes the credential as JSON may spell it': {
    script: ({ secret }) => answer({ body: `{"you":"x${spelled(secret)}","in":"{\\"a\\":1}"}` }),
    ...fine,
    also: (seen, { secret }) => {
      const { you } = JSON.parse(seen.text())
      assert.ok(!you.includes(secret) && you.startsWith('x['), 'the credential came back')
    },
  },
  'it echoes the credential in a header': {
    script: ({ secret }) => answer({ headers: { 'x-seen': `Bearer ${secret}` }, body: '{}' }),
    ...fine,
    also: hides,
  },
  'it echoes the credential in the name of a header': {
    script: ({ secret }) => answer({ headers: { [`x-${secret}`]: 'y' }, body: '{}' }),
    ...fine,
    also: hides,
  },
  'it echoes the credential as base64': {
    script: ({ secret }) =>
      answer({ body: JSON.stringify({ you: Buffer.from(secret).toString('base64') }) }),
    ...fine,
    also: hides,
  },
  'it echoes the credential cut over two chunks': {
    script:
      ({ secret }) =>
      (socket) =>
        void socket.write(
          Buffer.concat([
            Buffer.from(chunkedHead('application/json')),
            chunk(`{"you":"${secret.slice(0, 9)}`),
            chunk(`${secret.slice(9)}"}`),
            chunk(''),
          ]),
        ),
    ...fine,
    also: hides,
  },
  'it echoes the credential in a refusal of its own': {
    script: ({ secret }) =>
      answer({
        status: 401,
        body: `bad token ${secret}`,
        headers: { 'content-type': 'text/plain' },
      }),
    ...passes(401),
    also: hides,
  },
  'it echoes the credential in its status line': {
    script: ({ secret }) => raw(`HTTP/1.1 403 No ${secret}\r\ncontent-length: 0\r\n\r\n`, 'stay'),
    ...passes(403),
    also: hides,
  },
  'it answers text where values have to be hidden': {
    path: person,
    script: () => answer({ headers: { 'content-type': 'text/html' }, body: '<p>536-22-8716' }),
    ...withheld,
  },
  'it answers JSON under another name': {
    path: person,
    script: () =>
      answer({ headers: { 'content-type': 'text/plain' }, body: '{"ssn":"536-22-8716"}' }),
    ...withheld,
  },
  'it answers without saying what, where values have to be hidden': {
    path: person,
    script: () => raw('HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"ssn":"536-22-8716"}', 'stay'),
    ...withheld,
  },
  'it answers what is no JSON': {
    path: person,
    script: () => answer({ body: '{"ssn":"536-22-8716"' }),
    ...withheld,
  },
  'it repeats a key around what is hidden': {
    path: person,
    script: () => answer({ body: '{"ssn":"536-22-8716","ssn":"219-09-9999"}' }),
    ...fine,
    also: (seen) => assert.ok(!/536-22|219-09/.test(seen.text())),
  },
  'it answers JSON in UTF-16': {
    path: person,
    script: () =>
      answer({
        headers: { 'content-type': 'application/json; charset=utf-16le' },
        body: Buffer.from('{"ssn":"536-22-8716"}', 'utf16le'),
      }),
    ...withheld,
  },
  'it spells the hidden key with escapes': {
    path: person,
    script: () => answer({ body: '{"s\\u0073n":"536-22-8716"}' }),
    ...fine,
    also: (seen) => assert.ok(!seen.text().includes('536-22')),
  },
  'it answers two JSON texts': {
    path: person,
    script: () => answer({ body: '{"a":1}{"ssn":"536-22-8716"}' }),
    ...withheld,
  },
  'it says two content types': {
    path: person,
    script: () =>
      raw(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-type: text/html\r\ncontent-length: 21\r\n\r\n{"ssn":"536-22-8716"}',
        'stay',
      ),
    ...failed,
  },
  'it says one content type twice': {
    script: () =>
      raw(
        'HTTP/1.1 200 OK\r\ncontent-type: text/x\r\ncontent-type: text/x\r\ncontent-length: 2\r\n\r\n{}',
        'stay',
      ),
    ...fine,
    also: ({ headers }) => assert.equal(headers['content-type'], 'text/x'),
  },
  'it sends the caller to two places': {
    script: () =>
      raw('HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n'),
    ...failed,
  },
  'it names its answer with two tags': {
    script: () => raw('HTTP/1.1 200 OK\r\netag: "a"\r\netag: "b"\r\ncontent-length: 0\r\n\r\n'),
    ...failed,
  },
  'it answers with a status no class has': {
    script: () => raw('HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}'),
    ...failed,
  },
  'it announces an answer for ever': {
    script: () => (socket) => {
      const more = () => {
        if (!socket.destroyed) socket.write('HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n', more)
      }
      more()
    },
    ...failed,
  },
  'it names headers like what every object has': {
    script: () =>
      raw(
        'HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\n__proto__: c\r\nhasownproperty: d\r\ncontent-length: 2\r\n\r\n{}',
        'stay',
      ),
    ...fine,
    also: says('{}'),
  },
  'it encodes below the chunks': {
    script: () =>
      raw('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'),
    ...failed,
  },
  'it answers a fragment where values have to be hidden': {
    path: person,
    script: () =>
      answer({
        status: 206,
        headers: { 'content-range': 'bytes 8-20/21' },
        body: '"536-22-8716"',
      }),
    ...withheld,
  },
  'it answers a fragment without calling it one where values have to be hidden': {
    path: person,
    script: () => answer({ headers: { 'content-range': 'bytes 8-20/21' }, body: '"536-22-8716"' }),
    ...withheld,
  },
  'it answers a fragment where nothing is hidden': {
    script: () =>
      answer({
        status: 206,
        headers: { 'content-range': 'bytes 0-1/9', 'content-type': 'text/plain' },
        body: 'ab',
      }),
    ...passes(206),
    also: says('ab'),
  },
  'it names a charset we do not read': {
    path: person,
    script: () =>
      answer({
        headers: { 'content-type': 'application/json; charset="utf-7"' },
        body: '{"s+AHM-n":"536-22-8716"}',
      }),
    ...withheld,
  },
  'it spells the hidden key with bytes a lenient reader drops': {
    path: person,
    script: () => answer({ body: Buffer.from('{"s\xffsn":"536-22-8716"}', 'latin1') }),
    ...withheld,
  },
  'it spells the hidden key with overlong bytes': {
    path: person,
    script: () => answer({ body: Buffer.from('{"\xc1\xb3sn":"536-22-8716"}', 'latin1') }),
    ...withheld,
  },
  'it names the charset everybody reads': {
    path: person,
    script: () =>
      answer({
        headers: { 'content-type': 'application/json; charset="UTF-8"' },
        body: '{"ssn":"536-22-8716"}',
      }),
    ...fine,
    also: says('{"ssn":"[REDACTED:SSN]"}'),
  },
  'it compresses unasked': {
    script: () => encoded('gzip', gzipSync('{"a":1.50}')),
    ...fine,
    also: (seen) => {
      assert.equal(seen.text(), '{"a":1.50}')
      assert.deepEqual(pick(seen.headers, ['content-encoding', 'content-length', 'vary']), {
        'content-length': '10',
        vary: 'accept-encoding',
      })
    },
  },
  'it compresses where values have to be hidden': {
    path: person,
    script: () => encoded('zstd', zstdCompressSync('{"ssn":"536-22-8716"}')),
    ...fine,
    also: says('{"ssn":"[REDACTED:SSN]"}'),
  },
  'it compresses twice': {
    path: person,
    script: () =>
      encoded('deflate, br', brotliCompressSync(deflateRawSync('{"ssn":"536-22-8716"}'))),
    ...fine,
    also: says('{"ssn":"[REDACTED:SSN]"}'),
  },
  'it compresses the credential it was given': {
    script: ({ secret }) => encoded('br', brotliCompressSync(JSON.stringify({ secret }))),
    ...fine,
    also: hides,
  },
  'it says that it compressed, and did not': {
    script: () => encoded('gzip', Buffer.from('{"a":1}')),
    ...withheld,
  },
  'what it compressed breaks off': {
    path: person,
    script: () => encoded('gzip', gzipSync('{"ssn":"536-22-8716"}').subarray(0, -4)),
    ...withheld,
  },
  'what it compressed goes on': {
    script: () => encoded('zstd', Buffer.concat([zstdCompressSync('{}'), Buffer.from('more')])),
    ...withheld,
  },
  'it compresses in a way that is not opened': {
    script: () => encoded('compress', Buffer.from('{}')),
    ...withheld,
  },
  'it compresses three times': {
    script: () => encoded('gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('{}')))),
    ...withheld,
  },
  'it compresses a part of an answer': {
    script: () => encoded('gzip', gzipSync('{}'), 206),
    ...withheld,
  },
  'it fails': {
    script: () => answer({ status: 500, body: '{"error":"no"}' }),
    ...passes(500),
    also: says('{"error":"no"}'),
  },
  'it fails with a value that is hidden': {
    path: person,
    script: () => answer({ status: 500, body: '{"ssn":"536-22-8716"}' }),
    ...passes(500),
    also: says('{"ssn":"[REDACTED:SSN]"}'),
  },
  'it sends the caller elsewhere': {
    script: ({ upstream }) =>
      answer({ status: 302, headers: { location: `${upstream.url}/admin` } }),
    ...passes(302),
  },
  'it answers nothing': {
    script: () => raw('HTTP/1.1 204 No Content\r\n\r\n', 'stay'),
    ...passes(204),
    also: says(''),
  },
  'it says hints first': {
    script: () => raw(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${lying(2, '{}')}`, 'stay'),
    ...fine,
    also: says('{}'),
  },
  'it changes the protocol unasked': {
    script: () =>
      raw(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
        'stay',
      ),
    ...failed,
  },
  'it sets cookies and asks for a sign-in': {
    script: () =>
      answer({
        status: 401,
        headers: {
          'set-cookie': 'a=b',
          'www-authenticate': 'Basic realm="x"',
          'alt-svc': 'h3=":1"',
        },
      }),
    ...passes(401),
    also: ({ headers }) => {
      for (const name of ['set-cookie', 'www-authenticate', 'alt-svc'])
        assert.equal(headers[name], undefined)
    },
  },
  'it sends digests of what is hidden': {
    path: person,
    script: () =>
      answer({ headers: { ...digests, 'x-other': 'y' }, body: '{"ssn":"536-22-8716"}' }),
    ...fine,
    also: (seen) => {
      says('{"ssn":"[REDACTED:SSN]"}')(seen)
      for (const name of Object.keys(digests)) assert.equal(seen.headers[name], undefined, name)
      assert.equal(seen.headers['x-other'], 'y')
    },
  },
  'it sends digests where nothing is hidden': {
    script: () => answer({ headers: digests, body: '{}' }),
    ...fine,
    also: ({ headers }) => {
      for (const [name, value] of Object.entries(digests)) assert.equal(headers[name], value)
    },
  },
  'it forges the gateway’s own words': {
    script: () =>
      answer({
        headers: {
          'sallyport-record': 'evil#1',
          'sallyport-call': 'x',
          'sallyport-approval': 'apr_1',
        },
        body: '{}',
      }),
    ...fine,
    also: ({ headers, record }) => {
      assert.ok(!record.includes('evil'))
      assert.notEqual(headers['sallyport-call'], 'x')
      assert.equal(headers['sallyport-approval'], undefined)
    },
  },
  'it answers in the shape of a refusal': {
    script: () =>
      answer({
        status: 403,
        headers: { 'content-type': 'application/problem+json' },
        body: '{"code":"policy-denied"}',
      }),
    seen: [403, 'policy-denied'],
    recordedStatus: 403,
    ending: 'done',
  },
}

test('an upstream that misbehaves', async (t) => {
  const house = await openHouse(t)
  for (const [name, one] of Object.entries(cases)) await t.test(name, () => check(house, one))
  await t.test('the log is sound', () => assertSoundLog(house, ['536-22-8716', '219-09-9999']))
})

async function check(house: House, one: Case): Promise<void> {
  const { path = '/up/read', reached = 1 } = one
  const now = since(house)
  house.upstream.script = one.script(house)
  const seen = await house.call(path)
  assert.deepEqual([seen.status, seen.code, seen.complete], [...one.seen, true])
  const leaves = now.leaves()
  assert.deepEqual(
    leaves.map(({ type, ending, status }) => [type, ending, status]),
    [
      ['call.authorized', undefined, undefined],
      ['call.outcome', one.ending, one.recordedStatus],
    ],
  )
  assert.equal(now.reached(), reached)
  assert.match(seen.record, /^sallyport\.local\/gateway#\d+$/)
  assert.ok(seen.record.endsWith(`#${leaves[1]?.index}`))
  one.also?.(seen, house)
}
