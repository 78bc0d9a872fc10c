import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import { limits } from '../limits.ts'
import type { DetectionPlan } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

function masked(mediaType: string, body: string, size: number) {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const one = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  assert.ok(one)
  const parts: Uint8Array[] = []
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length; at += size)
    parts.push(one.push(bytes.subarray(at, at + size)))
  parts.push(one.end())
  return { out: Buffer.concat(parts).toString(), findings: one.findings() }
}

const pieces = ['the card ', '41', '1111', '11111', '11111', ' is']
const hidden = ['the card ', '[REDACTED:CREDIT_CARD]', '', '', '', ' is']

type Event = (text: string) => unknown
const written = {
  'text/event-stream': (events: readonly unknown[]) =>
    events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''),
  'application/x-ndjson': (events: readonly unknown[]) =>
    events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  'application/json': (events: readonly unknown[]) => JSON.stringify(events),
} as const

function check(name: string, event: Event, mediaType: keyof typeof written): void {
  test(`one text in ${name}`, () => {
    const write = written[mediaType]
    for (const size of [1_000_000, 7]) {
      const { out } = masked(mediaType, write(pieces.map(event)), size)
      assert.equal(out, write(hidden.map(event)))
    }
  })
}

const shapes: Readonly<Record<string, Event>> = {
  'outputs of Titan': (text) => ({ outputText: text, index: 0 }),
  'generations of Llama': (text) => ({ generation: text, stop_reason: null }),
  'outputs of Mistral on Bedrock': (text) => ({ outputs: [{ text }] }),
  'results of watsonx': (text) => ({ results: [{ generated_text: text }] }),
  'predictions of Vertex AI': (text) => ({ outputs: [{ stringVal: [text] }] }),
  'messages of Perplexity': (text) => ({
    choices: [{ index: 0, delta: { content: text }, message: { content: text } }],
  }),
  'messages of DashScope': (text) => ({ output: { choices: [{ message: { content: text } }] } }),
  'parts of messages of DashScope': (text) => ({
    output: { choices: [{ message: { content: [{ text }] } }] },
  }),
  'texts of DashScope': (text) => ({ output: { text } }),
  'chunks of Dify': (text) => ({ event: 'text_chunk', data: { text } }),
  'tokens of Flowise': (text) => ({ event: 'token', data: text }),
  'messages of LangGraph': (text) => [{ content: text, type: 'AIMessageChunk' }, { step: 1 }],
  'the log of LangServe': (text) => ({ ops: [{ op: 'add', value: { content: text } }] }),
  'events of LangChain': (text) => ({ run_id: 'a', data: { chunk: { content: text } } }),
  'serialised events of LangChain': (text) => ({ data: { chunk: { kwargs: { content: text } } } }),
  'the status of an agent': (text) => ({ result: { status: { message: { parts: [{ text }] } } } }),
  'patches of ChatGPT': (text) => ({ v: text }),
}
for (const [name, event] of Object.entries(shapes)) check(name, event, 'text/event-stream')
check('lines of Llama', (text) => ({ generation: text }), 'application/x-ndjson')
check(
  'the one array of Gemini',
  (text) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] }),
  'application/json',
)

test('a brace in a string begins no element of an answer', () => {
  const card = { candidates: [{ content: { parts: [{ text: whole }] } }] }
  const cardHidden = { candidates: [{ content: { parts: [{ text: wholeHidden }] } }] }
  const around = (one: unknown) => JSON.stringify([{ candidates: [] }, 'a\\"{', one, '}', '{', one])
  for (const size of [1_000_000, 7, 1]) {
    assert.equal(masked('application/json', around(card), size).out, around(cardHidden))
  }
})

for (const key of ['data', 'v']) {
  test(`lines of records with a text called ${key} do not wait for each other`, () => {
    const masking = compileResultMasking([], [], plan)
    assert.ok('masker' in masking)
    const mediaType = 'application/x-ndjson'
    const one = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
    for (const value of ['4111 1111', '1111 1111']) {
      const line = `${JSON.stringify({ id: 1, [key]: value })}\n`
      assert.equal(Buffer.from(one?.push(Buffer.from(line)) ?? []).toString(), line)
    }
  })
}

test('runs side by side do not become one', () => {
  const event = (run_id: string, content: string) => ({ run_id, data: { chunk: { content } } })
  const write = written['text/event-stream']
  const both = (text: string) => [event('a', text), event('b', text)]
  const { out } = masked('text/event-stream', write(pieces.flatMap(both)), 1_000)
  assert.equal(out, write(hidden.flatMap(both)))
})

const tokens = (texts: readonly string[]) =>
  texts.map((token) => ({ token, logprob: -1, bytes: [...Buffer.from(token)], top_logprobs: [] }))
const whole = pieces.join('')
const wholeHidden = hidden.join('')
const blank = ['one ', 'two']

type Case = {
  readonly mediaType?: keyof typeof written
  readonly events: readonly unknown[]
  readonly out: readonly unknown[]
  /** `path how count`, one for each finding. */
  readonly found: string
}
const chat = (content: string, logprobs: unknown) => ({
  choices: [{ index: 0, message: { content }, logprobs, finish_reason: 'stop' }],
})
const chunk = (content: string, logprobs: unknown) => ({
  choices: [{ index: 0, delta: { content }, logprobs }],
})
const item = (delta: string, logprobs: unknown) => ({ item_id: 'a', delta, logprobs })
const ofText = '$[*].choices[*].message.content'

const logprobs: Readonly<Record<string, Case>> = {
  'of a chat': {
    events: [chat(whole, { content: tokens(pieces), refusal: null })],
    out: [chat(wholeHidden, null)],
    found: `${ofText} redact 1, $..logprobs redact 1`,
  },
  'of a completion': {
    events: [{ choices: [{ text: whole, logprobs: { tokens: pieces, text_offset: [0, 9] } }] }],
    out: [{ choices: [{ text: wholeHidden, logprobs: null }] }],
    found: '$[*].choices[*].text redact 1, $..logprobs redact 1',
  },
  'of a response': {
    events: [{ output: [{ text: whole, logprobs: tokens(pieces) }] }],
    out: [{ output: [{ text: wholeHidden, logprobs: [] }] }],
    found: '$[*].output[*].text redact 1, $..logprobs redact 1',
  },
  'that say nothing': {
    events: [chat('one two', { content: tokens(blank) }), chat('', null), chat('', {})],
    out: [chat('one two', { content: tokens(blank) }), chat('', null), chat('', {})],
    found: '',
  },
  'of a candidate': {
    events: [{ a: [{ logprobsResult: { chosenCandidates: tokens(pieces) } }] }],
    out: [{ a: [{ logprobsResult: null }] }],
    found: '$..logprobs redact 1',
  },
  'that are too many to be read': {
    events: [chat('', { content: [{ token: 'word '.repeat(limits.eventBytes / 5) }] }), '4111'],
    out: [chat('', null), '4111'],
    found: '$ redact 1',
  },
  'of the events of a chat': {
    mediaType: 'text/event-stream',
    events: pieces.map((piece) => chunk(piece, { content: tokens([piece]) })),
    out: hidden.map((text) => chunk(text, / /.test(text) ? { content: tokens([text]) } : null)),
    found: '$.choices[*].delta.content redact 1, $.choices[*].logprobs.content[*].token redact 1',
  },
  'that come before the text they are of': {
    mediaType: 'text/event-stream',
    events: [chunk('', { content: tokens(['4111 1111 ', '1111 1111']) }), chunk('ok', null)],
    out: [chunk('', null), chunk('ok', null)],
    found: '$.choices[*].logprobs.content[*].token redact 1',
  },
  'of the events of a response': {
    mediaType: 'text/event-stream',
    events: pieces.map((piece) => item(piece, tokens([piece]))),
    out: hidden.map((text) => item(text, / /.test(text) ? tokens([text]) : [])),
    found: '$.delta redact 1, $.logprobs[*].token redact 1',
  },
}
for (const [name, { mediaType = 'application/json', events, out, found }] of Object.entries(
  logprobs,
)) {
  test(`tokens ${name}`, () => {
    const write = written[mediaType]
    const body = write(events)
    for (const size of [1_000_000, 65_536, 7]) {
      if (size === 7 && body.length > 10_000) continue
      const answer = masked(mediaType, body, size)
      assert.equal(answer.out, write(out))
      const told = answer.findings.map(({ path, how, count }) => `${path} ${how} ${count}`)
      assert.equal(told.join(', '), found)
    }
  })
}
