import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from './compile.ts'
import type { DetectionPlan } from './plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

/** What comes out of a stream that comes in these pieces. */
function masked(pieces: readonly Uint8Array[]): string {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const given = { mediaType: 'text/event-stream', fragment: false, key: Buffer.alloc(32) }
  const one = masking.masker({ ...given, echoes: [] })
  assert.ok(one)
  return Buffer.concat([...pieces.map((piece) => one.push(piece)), one.end()]).toString()
}

/** However it is cut: in two anywhere, and into single bytes. */
function check(text: string, expected: string): void {
  const bytes = Buffer.from(text)
  assert.equal(masked([bytes]), expected)
  for (let cut = 1; cut < bytes.length; cut++) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
    assert.equal(masked(pieces), expected, `cut at ${cut}`)
  }
  assert.equal(masked([...bytes].map((byte) => Uint8Array.of(byte))), expected, 'byte by byte')
}

const event = (text: string) => `data: ${text}\n\n`
const delta = (text: string, end = '}}') =>
  event(`{"type":"content_block_delta","index":0,"delta":{"text":"${text}"${end}`)
const called = (json: string) =>
  event(
    `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"${json}"}}]}}]}`,
  )
const hex = (text: string) =>
  [...text].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')
const card = '[REDACTED:CREDIT_CARD]'

const rows: readonly (readonly [name: string, text: string, expected: string])[] = [
  [
    'a value in two pieces, all of it in escapes',
    delta(hex('4111 11')) + delta(`${hex('11 1111 1111')} ok`),
    delta(card) + delta(' ok'),
  ],
  [
    'JSON in pieces, cut within an escape of it',
    called(String.raw`{\"n\":\"\\u00`) + called(String.raw`34111 1111 1111 1111\"}`),
    called(String.raw`{\"n\":\"${card}`) + called(String.raw`\"}`),
  ],
  [
    'JSON in pieces that is nested wrongly in the end',
    called(String.raw`{\"n\":\"4111 11`) + called(String.raw`11 1111 1111\"]}`),
    called(String.raw`{\"n\":\"${card}`) + called(String.raw`\"]}`),
  ],
  [
    'a piece that is nested wrongly is read alone',
    delta('4111 1111 1111 1111', '}]') + delta(' ok'),
    delta(card, '}]') + delta(' ok'),
  ],
  [
    'an event of two lines, cut in the middle of the JSON',
    `data: {"type":"content_block_delta","index":0,\ndata: "delta":{"text":"4111 11"}}\n\n${delta('11 1111 1111 ok')}`,
    `data: {"type":"content_block_delta","index":0,\ndata: "delta":{"text":"${card}"}}\n\n${delta(' ok')}`,
  ],
  ...['\r\n', '\r', '\n'].map((ending) => {
    const text = `${delta('hi 4111 11')}${delta('11 there')}: a comment\n\n${delta('bye')}`
    const written = text.replaceAll('\n', ending)
    return [`every byte in its place with ${JSON.stringify(ending)}`, written, written] as const
  }),
]
for (const [name, text, expected] of rows) {
  test(`an event stream: ${name}`, () => check(text, expected))
}
