import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type Asked, type Seen, sendRaw } from './caller.ts'
import { assertSoundLog, type House, openHouse, since } from './house.ts'
import { answer } from './upstream.ts'

type Case = {
  readonly path: string
  readonly asked?: Asked
  readonly seen: readonly [status: number, code: string]
  /** How far the call came before it was refused; absent: it was not. */
  readonly stage?: string
  /** Of the refusal: which arguments it names. */
  readonly pointers?: readonly string[]
}

const malformed = { seen: [400, 'request-malformed'], stage: 'identified' } as const
const unknown = { seen: [404, 'function-unknown'], stage: 'identified' } as const
const tooLarge = { seen: [413, 'request-too-large'], stage: 'identified' } as const
const passed = { seen: [200, 'ok'] } as const
const unfit = (...pointers: string[]) =>
  ({ seen: [422, 'arguments-invalid'], stage: 'reviewed', pointers }) as const
const item = '/up/items/a-1'
const json = (body: string | Uint8Array, type = 'application/json'): Asked => ({
  method: 'POST',
  body,
  headers: { 'content-type': type },
})
const encoded = (coding: string, body: Uint8Array): Asked => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', 'content-encoding': coding },
})
const nested = (depth: number) =>
  `{"name":"n","nested":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
/** A value nobody may read in the log. */
const canary = 'canary-4539578763621486'
/** The same, as short as what the parser's own error would quote. */
const shortCanary = 'pin-4711'

const cases: Readonly<Record<string, Case>> = {
  'a call as it should be': { path: item, asked: { json: { name: 'n', count: 2 } }, ...passed },
  'an unknown path': { path: '/up/nothing', ...unknown },
  'an unknown connection': { path: '/nowhere/read', ...unknown },
  'the root': { path: '/', ...unknown },
  'another method': { path: '/up/read', asked: { method: 'DELETE' }, ...unknown },
  'a path in other letters': { path: '/UP/read', ...unknown },
  'more path than there is': { path: '/up/read/more', ...unknown },
  'a slash too many at the end': { path: '/up/read/', ...unknown },
  'a slash too many before': { path: '//up/read', ...malformed },
  'a way out of the prefix': { path: '/up/../dead/read', ...malformed },
  'a way out, encoded': { path: '/up/%2e%2e/dead/read', ...malformed },
  'a way out in an argument': {
    path: '/up/items/..',
    asked: { json: { name: 'n' } },
    ...malformed,
  },
  'an encoded slash in an argument': {
    path: '/up/items/a%2Fb',
    asked: { json: { name: 'n' } },
    ...malformed,
  },
  'an encoded backslash in an argument': {
    path: '/up/items/a%5cb',
    asked: { json: { name: 'n' } },
    ...malformed,
  },
  'an encoded NUL in an argument': {
    path: '/up/items/a%00',
    asked: { json: { name: 'n' } },
    ...malformed,
  },
  'broken percent-encoding': {
    path: '/up/items/%zz',
    asked: { json: { name: 'n' } },
    ...malformed,
  },
  'an encoded way to say the same': { path: '/up/%72ead', ...passed },
  'an argument encoded twice': {
    path: '/up/items/a%252Fb',
    asked: { json: { name: 'n' } },
    ...unfit('/id'),
  },
  'a body of 2 MiB': {
    path: item,
    asked: json(`{"name":"${'a'.repeat(2_097_152)}"}`),
    ...tooLarge,
  },
  'a body just too large': {
    path: item,
    asked: json(`{"name":"${'a'.repeat(1_048_576)}"}`),
    ...tooLarge,
  },
  'a body nested 60 deep': { path: item, asked: json(nested(60)), ...passed },
  'a body nested 65 deep': { path: item, asked: json(nested(65)), ...malformed },
  'a body nested 200,000 deep': {
    path: item,
    asked: json(`{"name":"n","nested":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
    ...malformed,
  },
  'a body cut off': { path: item, asked: json('{"name":"n"'), ...malformed },
  'a body that goes on': { path: item, asked: json('{"name":"n"} {}'), ...malformed },
  'a repeated key': { path: item, asked: json('{"name":"a","name":"b"}'), ...malformed },
  'a repeated key, written differently': {
    path: item,
    asked: json('{"name":"a","n\\u0061me":"b"}'),
    ...malformed,
  },
  'a repeated key further down': {
    path: item,
    asked: json('{"name":"a","nested":{"x":[{"k":1,"k":2}]}}'),
    ...malformed,
  },
  'a key that is special to JavaScript': {
    path: item,
    asked: json('{"name":"a","__proto__":{"count":1}}'),
    ...unfit('/__proto__'),
  },
  'keys that are special to JavaScript, where any are allowed': {
    path: '/up/write',
    asked: json('{"__proto__":{"a":1},"constructor":2,"toString":3}'),
    ...passed,
  },
  'no JSON': { path: item, asked: json('name=n'), ...malformed },
  'no JSON, and a value in it': {
    path: item,
    asked: json(`{"name":${shortCanary}}`),
    ...malformed,
  },
  'JSON with a comment': { path: item, asked: json('{"name":"n"/**/}'), ...malformed },
  'JSON with a byte order mark': { path: item, asked: json('\ufeff{"name":"n"}'), ...malformed },
  'JSON that is not UTF-8': {
    path: item,
    asked: json(Buffer.from('{"name":"\xff"}', 'latin1')),
    ...malformed,
  },
  'JSON in UTF-16': {
    path: item,
    asked: json(Buffer.from('{"name":"n"}', 'utf16le')),
    ...malformed,
  },
  'a list where an object belongs': { path: item, asked: json('[{"name":"n"}]'), ...malformed },
  'null where an object belongs': { path: item, asked: json('null'), ...malformed },
  'JSON under another name': {
    path: item,
    asked: json('{"name":"n"}', 'text/plain'),
    ...malformed,
  },
  'JSON in another charset': {
    path: item,
    asked: json('{"name":"n"}', 'application/json; charset=utf-16'),
    ...malformed,
  },
  'a compressed body': { path: item, asked: encoded('gzip', gzipSync('{"name":"n"}')), ...passed },
  'a body that is compressed twice': {
    path: item,
    asked: encoded('gzip, br', brotliCompressSync(gzipSync('{"name":"n"}'))),
    ...passed,
  },
  'a compressed body with an argument nobody knows': {
    path: item,
    asked: encoded('zstd', zstdCompressSync(`{"name":"n","extra":"${canary}"}`)),
    ...unfit('/extra'),
  },
  'a body that says it is compressed': {
    path: item,
    asked: encoded('gzip', Buffer.from('{"name":"n"}')),
    ...malformed,
  },
  'a compressed body that breaks off': {
    path: item,
    asked: encoded('gzip', gzipSync('{"name":"n"}').subarray(0, -4)),
    ...malformed,
  },
  'a compressed body that goes on': {
    path: item,
    asked: encoded('br', Buffer.concat([brotliCompressSync('{"name":"n"}'), Buffer.from('{}')])),
    ...malformed,
  },
  'a body that is compressed in a way nobody opens': {
    path: item,
    asked: encoded('compress', Buffer.from('{"name":"n"}')),
    ...malformed,
  },
  'a body that bursts when it is opened': {
    path: item,
    asked: encoded('gzip', gzipSync(`{"name":"${'n'.repeat(3_000_000)}"}`)),
    ...tooLarge,
  },
  'a body where none belongs': {
    path: '/up/read',
    asked: { ...json('{}'), method: 'GET' },
    ...malformed,
  },
  'no body where one belongs': { path: item, asked: { method: 'POST' }, ...unfit('/name') },
  'an unknown argument in the body': {
    path: item,
    asked: { json: { name: 'n', extra: canary } },
    ...unfit('/extra'),
  },
  'an unknown argument in the query': { path: `/up/read?extra=${canary}`, ...unfit('/extra') },
  'a body argument in the query': {
    path: `${item}?name=n`,
    asked: { method: 'POST' },
    ...malformed,
  },
  'a path argument in the body': {
    path: item,
    asked: { json: { name: 'n', id: 'b-2' } },
    ...malformed,
  },
  'an argument twice in the query': { path: '/up/read?q=a&q=b', ...malformed },
  'an argument of the wrong type': { path: item, asked: { json: { name: 7 } }, ...unfit('/name') },
  'an argument that is null': { path: item, asked: { json: { name: null } }, ...unfit('/name') },
  'an argument that is too long': {
    path: item,
    asked: { json: { name: canary.repeat(10) } },
    ...unfit('/name'),
  },
  'an argument out of range': {
    path: item,
    asked: { json: { name: 'n', count: 11 } },
    ...unfit('/count'),
  },
  'a fraction where none belongs': {
    path: item,
    asked: json('{"name":"n","count":1.5}'),
    ...unfit('/count'),
  },
  'a number only just a fraction': {
    path: item,
    asked: json('{"name":"n","count":1.0000000000000000001}'),
    ...malformed,
  },
  'a number only just a fraction, behind a long integer': {
    path: item,
    asked: json('{"name":"n","count":100000000.000000001}'),
    ...malformed,
  },
  'a number of 500,000 zeros': {
    path: item,
    asked: json(`{"name":"n","count":1.${'0'.repeat(500_000)}1}`),
    ...malformed,
  },
  'a number too large for anybody': {
    path: item,
    asked: json('{"name":"n","count":1e999}'),
    ...unfit('/count'),
  },
  'two problems at once': {
    path: item,
    asked: { json: { name: 1, count: 'x' } },
    ...unfit('/count', '/name'),
  },
  'a problem in a list': {
    path: item,
    asked: { json: { name: 'n', tags: ['a', 1] } },
    ...unfit('/tags/1'),
  },
  'a path argument that does not fit': {
    path: '/up/items/A_B',
    asked: { json: { name: 'n' } },
    ...unfit('/id'),
  },
  'what policy forbids': {
    path: item,
    asked: { method: 'DELETE' },
    seen: [403, 'policy-denied'],
    stage: 'resolved',
  },
}

test('requests that are not as they should be', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  for (const [name, one] of Object.entries(cases)) await t.test(name, () => check(house, one))
  for (const [name, bytes, ...statuses] of broken) {
    await t.test(name, () => checkBroken(house, bytes, statuses))
  }
  await t.test('a body the caller breaks off', () => brokenOff(house))
  await t.test('arguments hidden from the upstream and from the record', () => hidden(house))
  await t.test('arguments that were refused and may not be read either', () =>
    hiddenWhenRefused(house),
  )
  await t.test('an argument that cannot be decided on', () => undecidable(house))
  await t.test('the log is sound', () => assertSoundLog(house, [canary, shortCanary]))
})

async function check(house: House, one: Case): Promise<void> {
  const now = since(house)
  const seen = await house.call(one.path, one.asked)
  assert.deepEqual([seen.status, seen.code], one.seen, seen.text())
  assert.ok(!seen.text().includes(canary), 'a value stands in the answer')
  const leaves = now.leaves()
  const shape = leaves.map(({ type, stage, code, ending }) => [type, stage, code ?? ending])
  if (one.stage === undefined) {
    assert.deepEqual(shape, [
      ['call.authorized', undefined, undefined],
      ['call.outcome', undefined, 'done'],
    ])
  } else assert.deepEqual(shape, [['call.denied', one.stage, one.seen[1]]])
  assert.equal(now.reached(), one.stage === undefined ? 1 : 0)
  assert.equal(seen.record, `sallyport.local/gateway#${leaves.at(-1)?.index}`)
  if (one.pointers) assert.deepEqual([...seen.json().pointers].sort(), one.pointers)
}

const post =
  'POST /up/write HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n'
const second =
  'GET /up/read HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\nconnection: close\r\n\r\n'

/** What is not one HTTP request: one answer, and nothing behind it is taken for a request. */
const broken: readonly (readonly [name: string, bytes: string, ...statuses: number[]])[] = [
  [
    'both lengths',
    `${post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${second}`,
    400,
  ],
  [
    'two lengths that differ',
    `${post}content-length: 2\r\ncontent-length: 3\r\n\r\n{}${second}`,
    400,
  ],
  ['two lengths in one', `${post}content-length: 2, 3\r\n\r\n{}${second}`, 400],
  ['a length with a sign', `${post}content-length: +2\r\n\r\n{}${second}`, 400],
  [
    'an encoding nobody knows',
    `${post}transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${second}`,
    400,
  ],
  [
    'chunked, but not last',
    `${post}transfer-encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n${second}`,
    400,
  ],
  [
    'a chunk of no length',
    `${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${second}`,
    400,
  ],
  ['a header name with a space', `${post}content-length : 2\r\n\r\n{}${second}`, 400],
  ['a header over two lines', `${post}x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}${second}`, 400],
  ['a bare line feed', `${post.replaceAll('\r\n', '\n')}content-length: 2\n\n{}${second}`, 400],
  ['garbage', 'hello\r\n\r\n', 400],
  ['headers of 40 KB', `${post}x-a: ${'a'.repeat(40_000)}\r\n\r\n${second}`, 431],
  // A request that ends where it says it ends is one, and so is the next.
  [
    'no host',
    `${second.replace('host: x\r\n', '').replace('connection: close\r\n', '')}${second}`,
    400,
    200,
  ],
  ['two requests in one packet', `${post}content-length: 2\r\n\r\n{}${second}`, 200, 200],
]

async function checkBroken(
  house: House,
  bytes: string,
  statuses: readonly number[],
): Promise<void> {
  const now = since(house)
  const done = statuses.filter((status) => status === 200).length
  const seen = await sendRaw(house.url(), bytes.replaceAll('TOKEN', house.token))
  assert.deepEqual(
    [...seen.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    statuses,
  )
  assert.equal(now.reached(), done)
  // Where the head could be read and the body could not, there is a denial too; it may come later.
  const intents = now.leaves().filter(({ type }) => type === 'call.authorized')
  assert.equal(intents.length, done)
}

/** It promised more than it sent: half a call is no call. */
async function brokenOff(house: House): Promise<void> {
  const now = since(house)
  const bytes = `${post}content-length: 100\r\n\r\n{"a":1`
  await sendRaw(house.url(), bytes.replace('TOKEN', house.token), 'end')
  await house.call('/up/read')
  const denied = now.leaves().filter(({ type }) => type === 'call.denied')
  assert.deepEqual(
    denied.map(({ stage, code }) => [stage, code]),
    [['identified', 'request-malformed']],
  )
  assert.equal(now.reached(), 1)
}

const args = { open: 'plain-1', pin: 'pin-8812', note: 'note-8812', card: 'card-8812' }

async function hidden(house: House): Promise<void> {
  const now = since(house)
  const seen: Seen = await house.call('/up/hush', { json: args })
  assert.equal(seen.status, 200, seen.text())
  assert.deepEqual(JSON.parse(String(house.upstream.reached.at(-1)?.body)), {
    open: args.open,
    pin: '[REDACTED:PIN]',
    note: args.note,
    card: '[REDACTED:CARD]',
  })
  const [intent, outcome] = now.leaves()
  assert.deepEqual(
    intent?.masked.map((one: { rule: string; n: number }) => [one.rule, one.n]).sort(),
    [
      ['card', 1],
      ['card', 1],
      ['note', 1],
      ['pin', 1],
    ],
  )
  const recorded = ['args', 'forwarded', 'result', 'returned'] as const
  const kept = recorded.map(
    (role) => house.payload(intent?.index, role) ?? house.payload(outcome?.index, role),
  )
  assert.ok(kept[0]?.includes(args.open), 'the arguments were not kept')
  const text = JSON.stringify([kept, now.leaves(), house.logged()])
  assert.ok(
    !text.includes(args.note) && !text.includes(args.card),
    'a hidden argument was recorded',
  )
  assert.ok(
    !text.includes(args.pin) || kept[0]?.includes(args.pin),
    'a hidden argument was recorded',
  )
}

/** Refused by the schema before anything was masked: committed to, and not readable. */
async function hiddenWhenRefused(house: House): Promise<void> {
  const now = since(house)
  const seen = await house.call('/up/hush', { json: { ...args, card: 'card-8812'.repeat(20) } })
  assert.deepEqual([seen.status, seen.code], [422, 'arguments-invalid'])
  const [denied] = now.leaves()
  assert.equal(typeof denied?.args.c, 'string')
  assert.equal(house.payload(denied?.index, 'args'), undefined)
  assert.equal(now.reached(), 0)
}

/** 2^53 + 1 is no double: policy must not decide on its neighbour. */
async function undecidable(house: House): Promise<void> {
  const now = since(house)
  const seen = await house.call('/up/transfers', json('{"to":"a","amount":1e400}'))
  assert.ok([400, 403, 422].includes(seen.status), seen.text())
  assert.equal(now.reached(), 0)
}
