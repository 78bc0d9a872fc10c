import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateOf, recordedOf } from '../../test/call-stages.ts'
import { inForceOf } from '../../test/rulebook-parts.ts'
import { compileResultMasking } from '../mask/compile.ts'
import { limits } from '../mask/limits.ts'
import { type DetectionPlan, MaskError, type ResultMasking } from '../mask/plan.ts'
import type { Gate } from './gate.ts'
import { maskResult } from './mask-result.ts'
import { Refusal } from './refusal.ts'
import type { Masked, ReplyHead } from './stage.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  ...{ custom: [], allowed: new Set<string>(), onError: 'block', digest: 'd' },
}
const compiled = compileResultMasking([], [], plan)
assert.ok('masker' in compiled)
const detecting: ResultMasking = compiled

type Given = {
  readonly body: readonly Uint8Array[]
  readonly gate?: Partial<Gate>
  readonly masking?: ResultMasking
  readonly headers?: ReplyHead['headers']
}

/** The result of a call, and whether its upstream was let go. */
function given({ body, gate, masking = detecting, headers = [] }: Given) {
  const upstream = { isLetGo: false }
  const source = async function* () {
    yield* body
  }
  const mask = (): Masked =>
    maskResult(
      gateOf({ micros: () => 0, ...gate }),
      recordedOf({ rules: inForceOf({}, { resultMasking: () => masking }) }),
      { kind: 'none', echoes: [] },
      {
        ...{ state: 'raw', fragment: false },
        head: { status: 200, headers, mediaType: 'application/json' },
        body: {
          [Symbol.asyncIterator]: () => {
            const chunks = source()
            return {
              next: () => chunks.next(),
              return: async () => {
                upstream.isLetGo = true
                return chunks.return()
              },
            }
          },
        },
      },
    )
  return { mask, upstream }
}

async function chunksOf({ body }: Masked): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return chunks
}

const filling = 'nobody at all, and then some '.repeat(8_000)
const long = Buffer.from(
  JSON.stringify({ list: Array.from({ length: 3 }, () => [filling, 'nora@example.org', 1]) }),
)

test('one long chunk is masked in pieces, with a turn for others after each that takes long', async () => {
  let now = 0
  let turns = 0
  const { mask } = given({
    body: [long],
    gate: {
      micros: () => {
        now += limits.turnMicros
        return now
      },
      turn: async () => {
        turns += 1
      },
    },
  })
  const masked = mask()
  const chunks = await chunksOf(masked)
  const text = Buffer.concat(chunks).toString()
  assert.equal(text, long.toString().replaceAll('nora@example.org', '[REDACTED:EMAIL_ADDRESS]'))
  const pieces = Math.ceil(long.length / limits.pieceBytes)
  assert.equal(turns, pieces, 'after every piece, and so before the end')
  assert.equal(masked.looked()?.micros, (pieces + 1) * limits.turnMicros)
  assert.deepEqual(
    masked.findings().map(({ count }) => count),
    [3],
  )
})

test('what is found in headers is hidden, and told with what is found in the body', async () => {
  const { mask } = given({
    body: [Buffer.from('{"a":"nora@example.org"}')],
    headers: [
      ['x-user', 'nora@example.org'],
      ['etag', '"1"'],
    ],
  })
  const masked = mask()
  assert.deepEqual(masked.head.headers, [
    ['x-user', '[REDACTED:EMAIL_ADDRESS]'],
    ['etag', '"1"'],
  ])
  await chunksOf(masked)
  assert.deepEqual(
    masked.findings().map(({ path, count }) => [path, count]),
    [
      ['header:x-user', 1],
      ['$.a', 1],
    ],
  )
})

test('headers that cannot be masked withhold the result, and let go of its upstream', () => {
  const headers = () => {
    throw new MaskError('nora@example.org')
  }
  const { mask, upstream } = given({
    body: [],
    headers: [['x-user', 'nora@example.org']],
    masking: { ...detecting, headers },
  })
  assert.throws(mask, (thrown) => {
    assert.ok(thrown instanceof Refusal)
    assert.equal(thrown.code, 'result-withheld')
    assert.doesNotMatch(thrown.detail ?? '', /nora/)
    return true
  })
  assert.ok(upstream.isLetGo)
})
