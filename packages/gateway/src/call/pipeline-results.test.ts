import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, fails, type Row, streaming } from '../../test/pipeline-yard.ts'
import { MaskError, type Masker, type ResultMasking } from '../mask/plan.ts'
import type { Credential } from '../model/secret.ts'
import type { Gate } from './gate.ts'

const encoder = new TextEncoder()

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Masks as one that has to ask a recogniser first: holds all, and lets out what it held. */
function asking(): Masker {
  const held: Uint8Array[] = []
  let asked = false
  return {
    push: (chunk) => {
      held.push(chunk)
      return new Uint8Array()
    },
    ask: async (recognise) => {
      await recognise({ texts: ['x'], language: 'en', entities: ['PERSON'], confidence: 50 })
      asked = true
    },
    end: () => {
      assert.ok(asked)
      return Buffer.concat(held)
    },
    findings: () => [],
  }
}

/** An answer that is encoded in a way its room does not open. */
const closed: Partial<Gate> = {
  forward: async () => ({
    ...{ state: 'raw', fragment: false, isClosed: true },
    head: { status: 200, headers: [], mediaType: 'application/json' },
    body: (async function* () {
      yield encoder.encode('zz')
    })(),
  }),
}
const known: Credential = { kind: 'header', name: 'x', value: 'k', echoes: [encoder.encode('k')] }
/** Masks what it can read. */
const maskerOfWhole: ResultMasking['masker'] = ({ fragment }) =>
  fragment ? undefined : { push: (chunk) => chunk, end: () => new Uint8Array(), findings: () => [] }

const rows: readonly Row[] = [
  [
    'a stream: each stretch is committed to before it is released, the end after the outcome',
    streaming,
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream sends cd',
      'caller reads cd',
      'upstream let go',
      'outcome done streamed 4',
      'replied 0',
    ],
  ],
  [
    'a long result becomes a stream',
    { chunks: ['abcdef', 'ghijkl'] },
    [
      'intent',
      'upstream sends abcdef',
      'upstream sends ghijkl',
      'chunk up to 6',
      'caller reads abcdef',
      'chunk up to 12',
      'caller reads ghijkl',
      'upstream let go',
      'outcome done streamed 12',
      'replied 0',
    ],
  ],
  [
    'the caller of a stream leaves before the first chunk: there is an ending all the same',
    { ...streaming, reads: 0 },
    ['intent', 'outcome aborted streamed 0'],
  ],
  [
    'the caller of a stream leaves in the middle',
    { ...streaming, reads: 1 },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
    ],
  ],
  [
    'the caller of a stream leaves while the upstream is waited for',
    { ...streaming, chunks: ['ab', 'LEFT'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
      'refused caller-left',
    ],
  ],
  [
    'lines are for reading now, as events are, whatever is said of them besides',
    { ...streaming, mediaType: 'Application/X-NDJSON; charset=utf-8', chunks: ['ab'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome done streamed 2',
      'replied 0',
    ],
  ],
  [
    'a stream that cannot be committed to is not released',
    { ...streaming, gate: { appendChunk: fails } },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome evidence-unavailable streamed 2',
      'refused evidence-unavailable',
    ],
  ],
  [
    'the upstream says which definition it has',
    {
      gate: {
        forward: async () => ({
          ...{ state: 'raw', fragment: false, stated: 'v2', body: nothing() },
          head: { status: 200, headers: [], mediaType: 'application/json' },
        }),
      },
    },
    ['intent', 'crm says it has v2', 'outcome done', 'replied 1'],
  ],
  [
    'a result that its room does not open, where something may be hidden',
    { gate: closed, rules: { resultMasking: () => ({ masker: maskerOfWhole }) } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where the credential may come back in it',
    { gate: { ...closed, credential: async () => known } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where there is nothing to hide',
    { gate: closed },
    ['intent', 'outcome done', 'caller reads zz', 'replied 1'],
  ],
  [
    'what nothing can stand in for is withheld',
    {
      rules: {
        resultMasking: () => ({
          masker: () => {
            throw new MaskError('boom')
          },
        }),
      },
    },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'what cannot be masked is withheld',
    { rules: { resultMasking: () => ({ masker: () => undefined }) } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where the rules ask a recogniser, nothing goes out before its answer',
    {
      chunks: ['ab', 'cd'],
      gate: { recognise: async ({ texts }) => texts.map(() => []) },
      rules: { resultMasking: () => ({ masker: asking }) },
    },
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'outcome done',
      'caller reads abcd',
      'replied 1',
    ],
  ],
  [
    'where the rules ask a recogniser and none is configured, the result is withheld',
    { chunks: ['ab'], rules: { resultMasking: () => ({ masker: asking }) } },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome result-withheld',
      'refused result-withheld',
    ],
  ],
  [
    'a recogniser without an answer is no consent',
    {
      chunks: ['ab'],
      gate: { recognise: () => Promise.reject(new MaskError('no answer')) },
      rules: { resultMasking: () => ({ masker: asking }) },
    },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome result-withheld',
      'refused result-withheld',
    ],
  ],
]
for (const [name, given, expected] of rows) test(name, () => check(given, expected))

/** Masks one chunk, and cannot read the next. */
const breaking = (): Masker => {
  let chunks = 0
  return {
    push: (chunk) => {
      chunks += 1
      if (chunks > 1) throw new MaskError('boom')
      return chunk
    },
    end: () => new Uint8Array(),
    findings: () => [],
  }
}
const began = ['intent', 'upstream sends ab', 'chunk up to 2', 'caller reads ab']
const broken: readonly (readonly [Row[0], Row[1], Row[2], heard: readonly string[]])[] = [
  [
    'it turns out to be unreadable',
    { ...streaming, rules: { resultMasking: () => ({ masker: breaking }) } },
    [
      ...began,
      'upstream sends cd',
      'upstream let go',
      'outcome result-withheld streamed 2',
      'refused result-withheld',
    ],
    ['result-withheld: boom'],
  ],
  [
    'the upstream breaks off',
    { ...streaming, chunks: ['ab', 'BREAK'] },
    [...began, 'upstream let go', 'outcome upstream-failed streamed 2', 'refused upstream-failed'],
    ['upstream-failed: The upstream did not answer as agreed.'],
  ],
  [
    'its caller has left',
    { ...streaming, chunks: ['ab', 'LEFT'] },
    [...began, 'upstream let go', 'outcome aborted streamed 2', 'refused caller-left'],
    [],
  ],
  [
    'its end cannot be recorded',
    { ...streaming, chunks: ['ab', 'BREAK'], gate: { appendOutcome: fails } },
    [...began, 'upstream let go', 'refused upstream-failed'],
    ['upstream-failed: The upstream did not answer as agreed.', 'evidence-unavailable: boom'],
  ],
]
for (const [name, given, expected, heard] of broken) {
  test(`what the operator hears of a stream that breaks off: ${name}`, async () => {
    const told: string[] = []
    const logFault: Gate['logFault'] = (_, { code, cause }) => {
      assert.ok(cause instanceof Error)
      told.push(`${code}: ${cause.message}`)
    }
    await check({ ...given, gate: { ...given.gate, logFault } }, expected)
    assert.deepEqual(told, heard)
  })
}
