import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from './compile.ts'
import type { DetectionPlan, SpanFound } from './plan.ts'

type Rule = DetectionPlan['rules'][number]
type Case = {
  readonly mediaType: string
  readonly rules?: readonly Partial<Rule>[]
  readonly body: string
  readonly out?: string
  /** `rule how entity count`, one for each finding. */
  readonly found: string
  /** What stands in the body where each value is said to be; absent: not looked at. */
  readonly seen?: readonly string[]
  /** Of the pieces it comes in. */
  readonly sizes?: readonly number[]
}

const mail = 'nora@example.org'
const card = '4111111111111111'
const lines = 'application/x-ndjson'
const events = 'text/event-stream'
const keep = { kind: 'keep' } as const
const hidden = '[REDACTED:EMAIL_ADDRESS]'
const data = (...texts: unknown[]) =>
  texts.map((text) => `data: ${JSON.stringify(text)}\n\n`).join('')
const records = (...texts: unknown[]) => texts.map((text) => `${JSON.stringify(text)}\n`).join('')
const choice = (content: string, more = {}) => ({
  choices: [{ index: 0, delta: { content } }],
  ...more,
})
const toolInput = (partial_json: string) => ({
  type: 'content_block_delta',
  index: 1,
  delta: { partial_json },
})
const keptContent = [
  { entities: ['EMAIL_ADDRESS'], paths: ['$.choices[*].delta.content'], strategy: keep },
  {},
]

const cases: Readonly<Record<string, Case>> = {
  'records on lines': {
    mediaType: lines,
    body: records({ id: 1, to: mail }, { a: [card, { b: `für ${mail}` }] }),
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1, d1 redact EMAIL_ADDRESS 1',
    seen: [mail, card, mail],
  },
  'behind a byte order mark': {
    mediaType: 'application/json',
    body: `\ufeff${JSON.stringify({ to: mail })}`,
    found: 'd1 redact EMAIL_ADDRESS 1',
    seen: [mail],
  },
  'lines with blank ones between': {
    mediaType: lines,
    body: `\n\r\n${records({ to: mail })}  \n${JSON.stringify({ to: mail })}`,
    found: 'd1 redact EMAIL_ADDRESS 2',
    seen: [mail, mail],
  },
  'lines that may go on in the next': {
    mediaType: lines,
    body: records({ text: `an ${mail} b` }, { text: `and ${card}` }),
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1',
    seen: [mail, card],
  },
  'a value that goes on in the next line': {
    mediaType: lines,
    body: records({ text: 'write to nora@exa' }, { text: 'mple.org, today' }),
    out: records({ text: `write to ${hidden}` }, { text: ', today' }),
    found: 'd1 redact EMAIL_ADDRESS 1',
    seen: ['nora@exa"}\n{"text":"mple.org'],
  },
  'a piece behind something of its line that is hidden': {
    mediaType: lines,
    body: records({ from: mail, text: `an ${mail} b` }),
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1',
    seen: [mail, mail],
  },
  'events, and a comment': {
    mediaType: events,
    body: `: for ${mail}\r\nid: 1\r\ndata: ${JSON.stringify(choice(`an ${card}`))}\r\n\r\n${data({ to: mail })}`,
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1, d1 redact EMAIL_ADDRESS 1',
    seen: [mail, card, mail],
  },
  'an event on several lines': {
    mediaType: events,
    body: `data: {"to":\ndata:  "${mail}", "text":\ndata: "${mail}"}\n\n`,
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1',
    seen: [mail, mail],
  },
  'events of plain text': {
    mediaType: events,
    body: `data: write to ${mail}\n\ndata:  or not\n\n`,
    found: 'd1 redact EMAIL_ADDRESS 1',
    seen: [mail],
  },
  'a value in three events': {
    mediaType: events,
    body: data(choice('no'), choice('ra@exam'), choice('ple.org, ok')),
    found: 'd1 redact EMAIL_ADDRESS 1',
  },
  'the arguments of a tool, in pieces': {
    mediaType: events,
    body: data(toolInput(`{"to":"${mail}","`), toolInput(`card":"${card}"}`)),
    found: 'd1 redact EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1',
  },
  'what is kept by its path in events is kept there, and hidden elsewhere': {
    mediaType: events,
    rules: keptContent,
    body: data(choice(`to ${mail}.`, { to: mail }), choice(` and ${card} `)),
    out: data(choice(`to ${mail}.`, { to: hidden }), choice(' and [REDACTED:CREDIT_CARD] ')),
    found: 'd1 redact EMAIL_ADDRESS 1, d0 keep EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1',
  },
  'what is kept in one channel is hidden in another': {
    mediaType: events,
    rules: keptContent,
    body: data({ choices: [{ index: 0, delta: { content: `${mail} `, refusal: `${mail} ` } }] }),
    out: data({ choices: [{ index: 0, delta: { content: `${mail} `, refusal: `${hidden} ` } }] }),
    found: 'd0 keep EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1',
  },
  'a kept value in three events': {
    mediaType: events,
    rules: keptContent,
    body: data(choice('no'), choice('ra@exam'), choice('ple.org, ok')),
    out: data(choice('no'), choice('ra@exam'), choice('ple.org, ok')),
    found: 'd0 keep EMAIL_ADDRESS 1',
  },
  'what is kept by its path in the arguments of a tool': {
    mediaType: events,
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.delta.partial_json'], strategy: keep }, {}],
    body: data(toolInput(`{"to":"${mail}","`), toolInput(`card":"${card}"}`)),
    out: data(toolInput(`{"to":"${mail}","`), toolInput('card":"[REDACTED:CREDIT_CARD]"}')),
    found: 'd0 keep EMAIL_ADDRESS 1, d1 redact CREDIT_CARD 1',
  },
  'what is kept by its path on lines': {
    mediaType: lines,
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.text'], strategy: keep }, {}],
    body: records({ text: `an ${mail} b` }, { output: `an ${mail} b` }, { to: mail }),
    out: records({ text: `an ${mail} b` }, { output: `an ${hidden} b` }, { to: hidden }),
    found: 'd0 keep EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1',
  },
  'what is kept by a path that is written with escapes': {
    mediaType: lines,
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.text'], strategy: keep }, {}],
    body: `{"te\\u0078t":"an ${mail} b"}\n`,
    found: 'd0 keep EMAIL_ADDRESS 1',
  },
  'what is kept by a path, where paths mean nothing': {
    mediaType: 'text/csv',
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.to'], strategy: keep }, {}],
    body: `to,what\n${mail},x\n`,
    out: `to,what\n${hidden},x\n`,
    found: 'd1 redact EMAIL_ADDRESS 1',
    seen: [mail],
  },
  'what is hidden by a path, where paths mean nothing': {
    mediaType: 'text/plain',
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.to'] }],
    body: `to ${mail}\n`,
    out: `to ${hidden}\n`,
    found: 'd0 redact EMAIL_ADDRESS 1',
  },
  'a rule for a path that is not sure, where paths mean nothing': {
    mediaType: 'text/plain',
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.to'], confidence: 100 }, {}],
    body: `to ${mail}\n`,
    out: `to ${hidden}\n`,
    found: 'd1 redact EMAIL_ADDRESS 1',
  },
  'parts, and what stands around them': {
    mediaType: 'multipart/mixed; boundary=b0',
    body: [
      `for ${mail}`,
      '--b0\r\nContent-Type: text/plain',
      `to ${mail}\r\n--b0`,
      `${card}\r\n--b0\r\nContent-Type: application/json`,
      `{"to":"${mail}"}\r\n--b0\r\nContent-Type: multipart/mixed; boundary=b1`,
      `--b1\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,${mail}\r\n--b1--\r\n--b0--`,
      `by ${mail}`,
    ].join('\r\n\r\n'),
    found:
      'd1 redact EMAIL_ADDRESS 2, d1 redact CREDIT_CARD 1, d1 redact EMAIL_ADDRESS 1, ' +
      'd1 redact EMAIL_ADDRESS 1, d1 redact EMAIL_ADDRESS 1',
    seen: [mail, mail, card, mail, mail, mail],
  },
  'the text of an element, below its tag': {
    mediaType: 'text/plain',
    body: '<list>\n<sentryToken>\r\n\r\n    q7zr2lw9xv4k8m3n5p6t\r\n</sentryToken>\n</list>\n4111\n',
    out: '<list>\n<sentryToken>\r\n\r\n    [REDACTED:SECRET]\r\n</sentryToken>\n</list>\n4111\n',
    found: 'd1 redact SECRET 1',
    seen: ['q7zr2lw9xv4k8m3n5p6t'],
  },
  'a value does not begin on the line of a tag': {
    mediaType: 'text/plain',
    body: 'x <b>\n411111\n<i>\n1111\n<b>\n111111',
    found: '',
  },
  'values far into a text, whose lines are long': {
    mediaType: 'text/plain',
    body: `${'words and so on '.repeat(9_000)}${mail}\n to ${mail}`,
    found: 'd1 redact EMAIL_ADDRESS 2',
    seen: [mail, mail],
  },
  'a long string, of which windows are read': {
    mediaType: 'application/json',
    body: JSON.stringify({ note: `it was ${mail}, and so on. `.repeat(20_000) }),
    found: 'd1 redact EMAIL_ADDRESS 20000',
    sizes: [4_096, 65_536, 1_000_000],
  },
  'a long line, of which windows are read': {
    mediaType: 'text/plain',
    body: `it was ${mail}, and so on. `.repeat(20_000),
    found: 'd1 redact EMAIL_ADDRESS 20000',
    sizes: [4_096, 65_536, 1_000_000],
  },
  'a long text in pieces of events': {
    mediaType: events,
    body: data(...Array.from({ length: 500 }, () => choice(`it was ${mail}, and so on. `))),
    found: 'd1 redact EMAIL_ADDRESS 500',
    sizes: [4_096, 1_000_000],
  },
  'what is hidden because nobody can wait for its end': {
    mediaType: events,
    body: data(
      choice('https://a:b'),
      ...Array.from({ length: 5 }, () => ({ x: 'q '.repeat(150_000) })),
    ),
    found: 'unsettled redact 1',
    sizes: [65_536, 1_000_000],
  },
  'a long text on lines': {
    mediaType: lines,
    body: records(...Array.from({ length: 500 }, () => ({ text: `it was ${mail}, and ` }))),
    found: 'd1 redact EMAIL_ADDRESS 500',
    sizes: [4_096, 1_000_000],
  },
}

function check({ mediaType, rules = [{ entities: [] }, {}], body, ...expected }: Case): void {
  const full = rules.map(
    (rule, at): Rule => ({
      id: `d${at}`,
      entities: ['*'],
      confidence: 50,
      strategy: { kind: 'redact' },
      ...rule,
    }),
  )
  const plan = {
    rules: full,
    custom: [],
    allowed: new Set(''),
    onError: 'block',
    digest: '',
  } as const
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  for (const size of expected.sizes ?? [1, 7, 1_000_000]) {
    const spans: SpanFound[] = []
    const masker = masking.masker({
      ...{ mediaType, fragment: false, key: Buffer.alloc(32, 7), echoes: [] },
      seen: (span) => spans.push(span),
    })
    assert.ok(masker)
    const bytes = Buffer.from(body)
    const parts: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) {
      parts.push(masker.push(bytes.subarray(at, at + size)))
    }
    const out = Buffer.concat([...parts, masker.end()]).toString()
    if (expected.out !== undefined) assert.equal(out, expected.out)
    const told = masker.findings().map(({ rule, how, count, found }) => {
      return found ? `${rule} ${how} ${found.entity} ${count}` : `${rule} ${how} ${count}`
    })
    assert.deepEqual(
      told.toSorted(),
      expected.found
        .split(', ')
        .filter((one) => one !== '')
        .toSorted(),
      `in pieces of ${size}`,
    )
    if (expected.seen === undefined) continue
    const ascending = spans.toSorted((a, b) => a.start - b.start)
    const texts = ascending.map(({ start, end }) => bytes.toString('utf8', start, end))
    // What a piece cuts off is read elsewhere, but for what comes in events and lines.
    if (mediaType === lines || mediaType === events || size > bytes.length) {
      assert.deepEqual(texts, expected.seen, `in pieces of ${size}`)
    }
  }
}

for (const [name, one] of Object.entries(cases)) test(name, () => check(one))
