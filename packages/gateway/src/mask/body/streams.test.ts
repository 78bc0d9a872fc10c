import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileResultMasking } from '../compile.ts'
import { limits } from '../limits.ts'
import type { DetectionPlan, Masker } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

function masker(mediaType: string): Masker {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const made = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  assert.ok(made)
  return made
}

function mask(mediaType: string, pieces: readonly Uint8Array[]): string {
  const one = masker(mediaType)
  return Buffer.concat([...pieces.map((piece) => one.push(piece)), one.end()]).toString()
}

/** The text in one piece, in every two pieces, and in pieces of one to seven characters. */
function cuts(text: string): string[][] {
  const twice = [...text].map((_, at) => [text.slice(0, at), text.slice(at)])
  const even = [1, 2, 3, 4, 5, 6, 7].map((size) =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      text.slice(at * size, (at + 1) * size),
    ),
  )
  return [[text], ...twice, ...even]
}

type Format = {
  readonly event: (piece: string) => string
  readonly textOf: (event: unknown) => unknown
}

const get = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce<unknown>(
    (one, name) =>
      typeof one === 'object' && one !== null
        ? Object.entries(one).find(([key]) => key === name)?.[1]
        : undefined,
    value,
  )

const formats: Readonly<Record<string, Format>> = {
  'choices of a chat': {
    event: (piece) => JSON.stringify({ choices: [{ index: 0, delta: { content: piece } }] }),
    textOf: (event) => get(event, 'choices', '0', 'delta', 'content'),
  },
  'arguments of a tool call': {
    event: (piece) =>
      JSON.stringify({
        choices: [
          { delta: { tool_calls: [{ index: 1, function: { arguments: piece } }] }, index: 0 },
        ],
      }),
    textOf: (event) =>
      get(event, 'choices', '0', 'delta', 'tool_calls', '0', 'function', 'arguments'),
  },
  'deltas of a content block': {
    event: (piece) =>
      JSON.stringify({
        type: 'content_block_delta',
        index: 2,
        delta: { type: 'text_delta', text: piece },
      }),
    textOf: (event) => get(event, 'delta', 'text'),
  },
  'JSON of a content block': {
    event: (piece) =>
      JSON.stringify({ delta: { type: 'input_json_delta', partial_json: piece }, index: 0 }),
    textOf: (event) => get(event, 'delta', 'partial_json'),
  },
  'deltas of a response': {
    event: (piece) =>
      JSON.stringify({ type: 'response.output_text.delta', item_id: 'a', delta: piece }),
    textOf: (event) => get(event, 'delta'),
  },
  'plain text': { event: (piece) => piece, textOf: (event) => event },
}

const texts: readonly string[] = [
  'Sure, the card is 4111 1111 1111 1111 as requested.',
  'write to nora.quist+x@mail.example.org, or nora@example.org!',
  'IBAN DE89 3704 0044 0532 0130 00 and ssn 536-90-4399.',
  'from 203.0.113.77 with key AKIAQ3EGRZWX7HVN5MKT ok',
  `see -----BEGIN PRIVATE KEY-----\n${'QUJDREVGR0hJSktM\n'.repeat(6)}-----END PRIVATE KEY-----\nand go`,
  '{"card":4111111111111111,"note":"to nora@example.org","password":"tr0mbone-Kuf7","n":[1,2]}',
  '[4111 1111 1111 1111] x',
  '{"token":ghp_16C7e42F292c6912E7710c838347Ae178B4a,"n":[536-90-4399]}',
  '[a] \u00e9\u{1f600} n\u043era@example.org "x\\y" 4111-1111-1111-1111',
]
const values = [
  '4111 1111 1111 1111',
  'nora.quist+x@mail.example.org',
  'nora@example.org',
  'DE89 3704 0044 0532 0130 00',
  '536-90-4399',
  '203.0.113.77',
  'AKIAQ3EGRZWX7HVN5MKT',
  'QUJDREVGR0hJSktM',
  '4111111111111111',
  'tr0mbone-Kuf7',
  'n\u043era@example.org',
  '4111-1111-1111-1111',
  '[4111',
  '6912E7710c8',
]

for (const [name, { event, textOf }] of Object.entries(formats)) {
  test(`however ${name} are cut, no value comes out`, () => {
    for (const text of texts) {
      // A line of data has no line end; and what is one JSON text is read as one.
      if (name === 'plain text' && /^\{|\n/.test(text)) continue
      for (const pieces of cuts(text)) {
        const whole = pieces.filter((piece) => piece !== '' && piece.isWellFormed())
        if (whole.join('') !== text) continue
        const events = whole.map((piece) => Buffer.from(`data: ${event(piece)}\n\n`))
        const out = mask('text/event-stream', events)
        const told = out
          .split('\n\n')
          .filter((one) => one !== '')
          .map((one) => one.slice('data: '.length))
          .map((one) => textOf(name === 'plain text' ? one : JSON.parse(one)))
          .join('')
        assert.match(told, /\[REDACTED:[A-Z_]+\]/)
        for (const value of values) assert.ok(!told.includes(value), `${value} of ${told}`)
      }
    }
  })
}

test('a value that is escaped twice is long, and hidden in pieces all the same', () => {
  const escaped = (text: string) =>
    text.replace(/./g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const text = `to ${escaped(escaped('4111111111111111'))} ok`
  for (let at = 50; at < text.length; at += 50) {
    const events = [text.slice(0, at), text.slice(at)].map((piece) =>
      Buffer.from(`data: ${JSON.stringify({ text: piece })}\n\n`),
    )
    const out = mask('text/event-stream', events)
    assert.ok(out.includes('[REDACTED:CREDIT_CARD]'), `cut at ${at}`)
  }
})

test('texts side by side do not become one', () => {
  const event = (index: number, piece: string) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content: piece } }] })}\n\n`
  const body = [event(0, '4111 1111 '), event(1, '5 '), event(0, '1111 1111'), event(1, '6')]
  const out = mask(
    'text/event-stream',
    body.map((one) => Buffer.from(one)),
  )
  assert.equal(
    out,
    [event(0, '[REDACTED:CREDIT_CARD]'), event(1, '5 '), event(0, ''), event(1, '6')].join(''),
  )
})

test('events in which nothing is found go out byte for byte, at the latest at the end of their text', () => {
  const one = masker('text/event-stream')
  const delta = `event: x\r\ndata:  {"index":0 ,"delta":{"text":"hello 12"}}\r\n\r\n`
  const stop = `data: {"type":"content_block_stop","index":0}\n\n`
  const parts = [delta, `: ping\n\n`, stop].map((part) => one.push(Buffer.from(part)))
  assert.equal(Buffer.concat(parts).toString(), `${delta}: ping\n\n${stop}`)
  assert.equal(Buffer.from(one.end()).toString(), '')
})

test('an event that answers a request does not wait', () => {
  const one = masker('text/event-stream')
  const answer = `data: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"see 12"}]}}\n\n`
  assert.equal(Buffer.from(one.push(Buffer.from(answer))).toString(), answer)
})

test('what waits too long is hidden, and memory stays bounded', () => {
  const one = masker('text/event-stream')
  const delta = (index: number, text: string) =>
    Buffer.from(`data: ${JSON.stringify({ index, delta: { text } })}\n\n`)
  let sent = 0
  let out = Buffer.concat([one.push(delta(0, 'call nora@'))])
  while (sent < 2 * limits.heldEventBytes) {
    const event = delta(1, `${'some words '.repeat(80)}. `)
    sent += event.length
    out = Buffer.concat([out, one.push(event)])
  }
  assert.ok(out.length > 0)
  assert.ok(!out.includes('nora@'))
})

test('short events cost memory too, so that only so many are held', () => {
  const one = masker('text/event-stream')
  const begun = Buffer.from('data: {"index":0,"delta":{"text":"call nora@"}}\n\n')
  let out = Buffer.from(one.push(begun))
  for (let sent = 0; sent < limits.heldEvents; sent += 1) {
    assert.equal(out.length, 0)
    out = Buffer.from(one.push(Buffer.from(':\n\n')))
  }
  out = Buffer.concat([out, one.push(Buffer.from(':\n\n'))])
  assert.ok(out.length > 0)
  assert.ok(!out.includes('nora@'))
})

/** Names that say nothing about their values: others make an address a time, or a word a password. */
const names = fc.constantFrom('a', 'note', '', 'x y', '\u00e9', 'b"c', '__proto__')

test('what remains of a body is what JSON.parse reads, but for values', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(...values.slice(0, 7)),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
      tie('tree').map((value) => JSON.stringify(value)),
    ),
  }))
  fc.assert(
    fc.property(tree, fc.integer({ min: 1, max: 40 }), (value, size) => {
      const text = JSON.stringify(value)
      const bytes = Buffer.from(text)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      const out = mask('application/json', [bytes])
      assert.equal(mask('application/json', pieces), out)
      assertSame(JSON.parse(text), JSON.parse(out))
      for (const hidden of values.slice(0, 7)) assert.ok(!out.includes(hidden))
      if (!out.includes('[REDACTED:')) assert.equal(out, text)
    }),
    { numRuns: 500 },
  )
})

/** Equal, but where one of them shows a mark. */
function assertSame(before: unknown, after: unknown): void {
  if (typeof after === 'string' && after.includes('[REDACTED:')) return
  if (typeof before !== 'object' || before === null) {
    assert.deepEqual(after, before)
    return
  }
  assert.ok(typeof after === 'object' && after !== null)
  const [left, right] = [Object.entries(before), Object.entries(after)]
  if (right.some(([key]) => key.includes('[REDACTED:'))) return
  assert.deepEqual(
    right.map(([key]) => key),
    left.map(([key]) => key),
  )
  for (const [at, [, child]] of left.entries()) assertSame(child, right[at]?.[1])
}

test('a clean body is the same array, whatever it is made of', () => {
  for (const [type, text] of [
    ['application/json', '{"a":"some words \\u00e9","n":12,"list":[true,null,{}]}'],
    ['text/plain', 'some words\nand more\n'],
    ['text/csv', 'a,b\n1,"x y"\n'],
    ['application/x-www-form-urlencoded', 'a=1&b=x+y%20z'],
    ['text/html', '<p class="x">words &amp; more</p>'],
  ] as const) {
    const one = masker(type)
    const bytes = Buffer.from(text)
    const out = one.push(bytes)
    const rest = one.end()
    assert.equal(Buffer.concat([out, rest]).toString(), text)
    if (rest.length === 0) assert.equal(out, bytes, type)
  }
})

const nearLimit: readonly (readonly [name: string, length: number, chunk: number])[] = [
  ['a little longer', limits.tokenBytes + 2_000, 2_048],
  ['longer by part of a chunk', limits.tokenBytes + 16_000, 40_000],
  ['longer by most of a chunk', limits.tokenBytes + 60_000, 65_536],
  ['as long', limits.tokenBytes - 2, 65_536],
  ['shorter by a byte', limits.tokenBytes - 3, 65_536],
]
for (const [name, length, chunk] of nearLimit) {
  test(`a string that is ${name} than what is looked at whole`, () => {
    const text = `${'some words, '.repeat(length / 12 + 1).slice(0, length - 30)} card 4111111111111111 end. `
    const body = Buffer.from(JSON.stringify({ a: text, b: 1 }))
    const pieces = Array.from({ length: Math.ceil(body.length / chunk) }, (_, at) =>
      body.subarray(at * chunk, (at + 1) * chunk),
    )
    const expected = body.toString().replace('4111111111111111', '[REDACTED:CREDIT_CARD]')
    assert.ok(mask('application/json', pieces) === expected)
  })
}

const unbounded: readonly (readonly [name: string, type: string, begin: string, filler: string])[] =
  [
    ['one string', 'application/json', '["', 'some words 12 '],
    ['records', 'application/json', '[0', ',{"a":"some words","n":4111111111111112}'],
    ['one line', 'text/plain', '', 'some words 12 '],
    ['lines', 'text/plain', '', 'some words 12\n'],
    ['cells', 'text/csv', '', 'some words,12\n'],
    ['a field of a form', 'application/x-www-form-urlencoded', 'a=', 'some+words+'],
    [
      'a private key without end',
      'text/plain',
      '-----BEGIN PRIVATE KEY-----\n',
      'QUJDREVGR0hJSktM\n',
    ],
    ['markup', 'text/html', '<p>', '<b>some words</b> '],
  ]
for (const [name, type, begin, filler] of unbounded) {
  test(`memory stays bounded over 8 MB of ${name}`, () => {
    const one = masker(type)
    const chunk = Buffer.from(filler.repeat(Math.floor(65_536 / filler.length)))
    let waiting = one.push(Buffer.from(begin)).length - begin.length
    for (let pushed = 0; pushed < 128; pushed += 1) {
      waiting += one.push(chunk).length - chunk.length
      // What does not go out is kept, or was replaced by something shorter.
      if (!name.startsWith('a private key'))
        assert.ok(waiting > -1_048_576, `${waiting} bytes kept`)
    }
  })
}
