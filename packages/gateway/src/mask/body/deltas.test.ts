import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import type { DetectionPlan } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

/** What comes out of these texts, each an event or a line of its own. */
function masked(form: 'events' | 'lines', texts: readonly string[]): string[] {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const mediaType = form === 'events' ? 'text/event-stream' : 'application/x-ndjson'
  const one = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  assert.ok(one)
  const written = texts.map((text) => (form === 'events' ? `data: ${text}\n\n` : `${text}\n`))
  const out = Buffer.concat([...written.map((text) => one.push(Buffer.from(text))), one.end()])
  const parts = out.toString().split(form === 'events' ? '\n\n' : '\n')
  assert.equal(parts.pop(), '')
  return parts.map((part) => (form === 'events' ? part.slice('data: '.length) : part))
}

function check(
  name: string,
  form: 'events' | 'lines',
  texts: readonly unknown[],
  expected: readonly unknown[],
): void {
  test(name, () => {
    const read = (text: unknown) => (typeof text === 'string' ? text : JSON.stringify(text))
    assert.deepEqual(masked(form, texts.map(read)), expected.map(read))
  })
}

const card = '[REDACTED:CREDIT_CARD]'
const deep = (text: string): unknown => {
  let tree: unknown = { x: text }
  for (let depth = 0; depth < 100; depth += 1) tree = { a: tree }
  return { delta: tree }
}
const choice = (index: number, content: string, finish?: string) => ({
  choices: [{ index, delta: { content }, finish_reason: finish }],
})
const artifact = (text: string) => ({
  jsonrpc: '2.0',
  id: 1,
  result: { kind: 'artifact-update', artifact: { artifactId: 'a', parts: [{ text }] } },
})
const input = (inputTextDelta: string) => ({
  type: 'tool-input-delta',
  toolCallId: 'c',
  inputTextDelta,
})

check(
  'events that do not go on are read each alone',
  'events',
  [{ text: '4111111111111111' }, { text: '42 apples' }],
  [{ text: card }, { text: '42 apples' }],
)
check(
  'so are lines',
  'lines',
  [{ text: '4111111111111111' }, { text: '42 apples' }],
  [{ text: card }, { text: '42 apples' }],
)
check(
  'so are events that are no JSON',
  'events',
  ['nora@example.org', '.au was here'],
  ['[REDACTED:EMAIL_ADDRESS]', ' was here'],
)
check(
  'what both readings find is one mark',
  'events',
  [{ text: 'at 203.0.113.7' }, { text: '7 ok' }],
  [{ text: 'at [REDACTED:IP_ADDRESS]' }, { text: ' ok' }],
)
const over = {
  'the mark of the end': '[DONE]',
  'a reason to finish': choice(0, '', 'stop'),
  'an event that says so': { type: 'message_stop' },
  'records that are none of it': { usage: 3 },
} as const
for (const [name, end] of Object.entries(over)) {
  check(
    `${name} does not part a value`,
    'events',
    [
      choice(0, 'card 4111 1111 '),
      end,
      choice(0, '1111 1111 and '),
      end,
      choice(0, '42 more'),
      end,
    ],
    name === 'records that are none of it'
      ? [choice(0, `card ${card}`), end, choice(0, ' and '), end, choice(0, '42 more'), end]
      : [
          choice(0, 'card 4111 1111 '),
          end,
          choice(0, `${card} and `),
          end,
          choice(0, '42 more'),
          end,
        ],
  )
}
check(
  'what begins behind the end of a text is a text of its own',
  'events',
  [
    choice(0, 'about ', 'stop'),
    choice(0, '{"ssn":"536', 'length'),
    choice(0, '{"ssn":"536221234"}'),
  ],
  [
    choice(0, 'about ', 'stop'),
    choice(0, '{"ssn":"536', 'length'),
    choice(0, '{"ssn":"[REDACTED:US_SSN]"}'),
  ],
)
check(
  'fields in a delta say what they hold',
  'events',
  [{ delta: { first_name: 'John', dob: '1980-01-02', password: 'hunter2!', ssn: '536221234' } }],
  [
    {
      delta: {
        first_name: '[REDACTED:PERSON]',
        dob: '[REDACTED:DATE_OF_BIRTH]',
        password: '[REDACTED:SECRET]',
        ssn: '[REDACTED:US_SSN]',
      },
    },
  ],
)
check(
  'a field with an escape in its name too',
  'events',
  ['{"delta":{"p\\u0061ssword":"hunter2!"}}'],
  ['{"delta":{"p\\u0061ssword":"[REDACTED:SECRET]"}}'],
)
check('a delta may be deep', 'events', [deep('4111111111111111')], [deep(card)])
check(
  'an empty reason to finish ends nothing',
  'events',
  [choice(0, 'card 4111 11', ''), choice(0, '11 1111 1111 ok', '')],
  [choice(0, `card ${card}`, ''), choice(0, ' ok', '')],
)
check(
  'the end of one choice does not end another whose number begins alike',
  'events',
  [choice(10, 'card 4111 11'), choice(1, '', 'stop'), choice(10, '11 1111 1111 ok')],
  [choice(10, `card ${card}`), choice(1, '', 'stop'), choice(10, ' ok')],
)
check(
  'the end of one block does not end another',
  'events',
  [
    { type: 'content_block_delta', index: 1, delta: { text: 'card 4111 11' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_delta', index: 1, delta: { text: '11 1111 1111 ok' } },
  ],
  [
    { type: 'content_block_delta', index: 1, delta: { text: `card ${card}` } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_delta', index: 1, delta: { text: ' ok' } },
  ],
)
check(
  'a text goes on in the next line',
  'lines',
  [{ response: 'card 4111 11' }, '', { response: '11 1111 1111 ok', done: true }],
  [{ response: `card ${card}` }, '', { response: ' ok', done: true }],
)
check(
  'but not behind a line that is a record',
  'lines',
  [{ response: 'code 4111 11' }, { id: 5 }, { response: '11 1111 1111 ok' }],
  [{ response: 'code 4111 11' }, { id: 5 }, { response: '11 1111 1111 ok' }],
)
check(
  'inputs of tools',
  'events',
  [input('card 4111 11'), input('11 1111 1111 ok')],
  [input(`card ${card}`), input(' ok')],
)
check(
  'artifacts',
  'events',
  [artifact('card 4111 11'), artifact('11 1111 1111 ok')],
  [artifact(`card ${card}`), artifact(' ok')],
)

test('a line that is too long to be held streams by, between lines that are held', () => {
  const long = 'some words 12 '.repeat(100_000)
  const lines = [
    JSON.stringify({ text: 'to nora@example.org' }),
    JSON.stringify({ text: `${long} to nora@example.org` }),
    JSON.stringify({ text: 'card 4111 11' }),
    JSON.stringify({ text: '11 1111 1111 ok' }),
  ]
  assert.deepEqual(masked('lines', lines), [
    JSON.stringify({ text: 'to [REDACTED:EMAIL_ADDRESS]' }),
    JSON.stringify({ text: `${long} to [REDACTED:EMAIL_ADDRESS]` }),
    JSON.stringify({ text: `card ${card}` }),
    JSON.stringify({ text: ' ok' }),
  ])
})

const toolInput = (piece: string) => ({
  choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: piece } }] } }],
})
check(
  'a piece of JSON that only looks like all of one is read as what it is part of',
  'events',
  ['{"data":[', '{"a":1},{"sum":4111111111111111,"full_name":"Nora Quist"}', ']}'].map(toolInput),
  ['{"data":[', `{"a":1},{"sum":"${card}","full_name":"[REDACTED:PERSON]"}`, ']}'].map(toolInput),
)

/** What the events of one text tell, when it comes in pieces of so many characters. */
function told(text: string, size: number): string {
  const count = Math.ceil(text.length / size)
  const pieces = Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size))
  const events = pieces.map((piece) => JSON.stringify({ text: piece }))
  const texts = masked('events', events).map((event): unknown => JSON.parse(event))
  return texts
    .map((event) => (typeof event === 'object' && event && 'text' in event ? event.text : ''))
    .join('')
}

const completedLate: readonly (readonly [text: string, hidden: string])[] = [
  ['Number 536221234 currently my social security, ok', '536221234'],
  ['the number 123456789012 was printed on the bank account, ok', '123456789012'],
  ['write "john x smithson"@example.com now', 'john'],
  ['write "john \\"x\\" smith"@example.com now', 'john'],
  ['say "some words" and "john smith"@example.com now', 'smith'],
]
for (const [text, hidden] of completedLate) {
  test(`what a value needs may come after it: ${text}`, () => {
    for (let size = 1; size <= text.length; size += 1) {
      const out = told(text, size)
      assert.ok(!out.includes(hidden), out)
      assert.match(out, / (?:ok|now)$/)
    }
  })
}

test('base64 that is longer than what is held says nothing, wherever it is cut', () => {
  for (const before of [500, 2_585, 4_136]) {
    for (const size of [7, 100, 1_001]) {
      const words = 'some w\u00f6rds and more. '.repeat(300).slice(0, before)
      const plain = `${words} card 4111111111111111 and nora@example.org ${'more words '.repeat(90)}`
      const out = told(`see ${Buffer.from(plain).toString('base64')} ok`, size)
      for (const stretch of out.split(/[^\w+/=]/)) {
        for (const phase of [0, 1, 2, 3]) {
          const said = Buffer.from(stretch.slice(phase), 'base64').toString('latin1')
          assert.ok(!/4111111|nora@/.test(said), `${before} ${size}: ${said}`)
        }
      }
      assert.match(out, /\[REDACTED:\w+\]/)
    }
  }
})
