import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateOf, recordedOf } from '../../test/call-stages.ts'
import { inForceOf } from '../../test/rulebook-parts.ts'
import { limits } from '../mask/limits.ts'
import { type Finding, MaskError, type Masker, type MaskerAside } from '../mask/plan.ts'
import { maskResult } from './mask-result.ts'
import { Refusal } from './refusal.ts'

/** What the other thread does otherwise than we would here. */
type Thread = Partial<MaskerAside> | 'full'

type Case = {
  readonly chunks: readonly string[]
  /** Said of the body before. */
  readonly bytes?: number
  readonly thread?: Thread
  readonly asks?: true
  /** After so many chunks the caller leaves. */
  readonly leaves?: number
  /** What comes out, or the code of the refusal behind what came out. */
  readonly out: string
  /** What the thread was told. */
  readonly told: readonly string[]
  /** Where what the record says was found. */
  readonly found?: string
}

const overBytes = 8
const found = (rule: string): readonly Finding[] => [{ rule, path: '$', how: 'redact', count: 1 }]
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

/** Here what is masked becomes `x` for every letter; there as well, unless it is said what else. */
function maskerOf({ thread = {}, asks }: Case, told: string[]): Masker {
  const masked = (bytes: Uint8Array) => Buffer.from(text(bytes).replace(/\w/g, 'x'))
  const aside: MaskerAside = {
    push: async (pieces) => masked(Buffer.concat(pieces)),
    ask: async () => undefined,
    end: async () => Buffer.from('.'),
    findings: () => found('there'),
    micros: () => 1_000,
    drop: () => undefined,
    ...(thread === 'full' ? {} : thread),
  }
  const open = () => {
    told.push('open')
    if (thread === 'full') return undefined
    return {
      ...aside,
      push: (pieces: readonly Uint8Array[]) => {
        told.push(`push ${pieces.map(text).join('|')}`)
        return aside.push(pieces)
      },
      ask: (recognise: Parameters<MaskerAside['ask']>[0]) => {
        told.push('ask')
        return aside.ask(recognise)
      },
      end: () => {
        told.push('end')
        return aside.end()
      },
      drop: () => told.push('drop'),
    }
  }
  return {
    push: masked,
    end: () => Buffer.from('.'),
    findings: () => found('here'),
    ...(asks && { ask: async () => undefined }),
    digest: 'd',
    aside: { overBytes, open },
  }
}

async function check(one: Case): Promise<void> {
  const told: string[] = []
  const masker = maskerOf(one, told)
  const left = { isLetGo: false }
  const gate = gateOf({ micros: () => 0, ...(one.asks && { recognise: async () => [] }) })
  const rules = inForceOf({}, { resultMasking: () => ({ masker: () => masker }) })
  const chunks = one.chunks.values()
  const { body, findings, looked } = maskResult(
    gate,
    recordedOf({ rules }),
    { kind: 'none', echoes: [] },
    {
      ...{ state: 'raw', fragment: false, ...(one.bytes && { bytes: one.bytes }) },
      head: { status: 200, headers: [], mediaType: 'text/plain' },
      body: {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            const { done, value } = chunks.next()
            return done ? { done, value: undefined } : { value: Buffer.from(value) }
          },
          return: async () => {
            left.isLetGo = true
            return { done: true, value: undefined }
          },
        }),
      },
    },
  )
  let out = ''
  const reading = body[Symbol.asyncIterator]()
  try {
    for (let read = 0; read !== one.leaves; read += 1) {
      const { done, value } = await reading.next()
      if (done) break
      out += text(value)
    }
    if (one.leaves !== undefined) await reading.return?.()
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal, String(thrown))
    assert.doesNotMatch(thrown.detail ?? '', /canary/)
    out += ` ${thrown.code}`
    assert.ok(left.isLetGo, 'the upstream was not let go')
    assert.deepEqual(await reading.next(), { done: true, value: undefined })
  }
  assert.equal(out, one.out)
  assert.deepEqual(told, one.told)
  if (one.found !== undefined) assert.equal(findings()[0]?.rule, one.found)
  const isElsewhere = told.length > 0 && one.thread !== 'full'
  assert.equal(looked()?.micros, isElsewhere ? 1_000 : 0)
}

const dies = async () => {
  throw new Error('the masking thread has ended: canary')
}
const cannot = async () => {
  throw new MaskError('no JSON')
}

const cases: Readonly<Record<string, Case>> = {
  'a short body stays here': {
    chunks: ['abcd', 'efgh'],
    out: 'xxxxxxxx.',
    told: [],
    found: 'here',
  },
  'what came of a long one is given again, in its pieces, and it goes on there': {
    chunks: ['abc', 'def', 'ghi', 'j-k'],
    out: 'xxxxxxxxxx-x.',
    told: ['open', 'push abc|def', 'push ghi', 'push j-k', 'end'],
    found: 'there',
  },
  'one that is long at once is never masked here': {
    chunks: ['abc def ghi'],
    out: 'xxx xxx xxx.',
    told: ['open', 'push abc def ghi', 'end'],
    found: 'there',
  },
  'nor one that is said to be long': {
    chunks: ['abc'],
    bytes: overBytes + 1,
    out: 'xxx.',
    told: ['open', 'push abc', 'end'],
    found: 'there',
  },
  'a long chunk goes there in pieces': {
    chunks: ['a'.repeat(limits.pieceBytesMax + 1)],
    out: `${'x'.repeat(limits.pieceBytesMax + 1)}.`,
    told: ['open', `push ${'a'.repeat(limits.pieceBytesMax)}`, 'push a', 'end'],
  },
  'without a place there it stays here, and asks for none again': {
    chunks: ['abc', 'def', 'ghi', 'jkl'],
    thread: 'full',
    out: 'xxxxxxxxxxxx.',
    told: ['open'],
    found: 'here',
  },
  'what is masked otherwise there goes no further': {
    chunks: ['abc', 'def', 'ghi'],
    thread: { push: async () => Buffer.from('xxxxxX') },
    out: 'xxxxxx result-withheld',
    told: ['open', 'push abc|def', 'drop'],
    found: 'here',
  },
  'nor what is less there': {
    chunks: ['abc', 'def', 'ghi'],
    thread: { push: async () => Buffer.from('xxx') },
    out: 'xxxxxx result-withheld',
    told: ['open', 'push abc|def', 'drop'],
  },
  'nor what is more there': {
    chunks: ['abc', 'def', 'ghi'],
    thread: { push: async () => Buffer.from('xxxxxxcanary') },
    out: 'xxxxxx result-withheld',
    told: ['open', 'push abc|def', 'drop'],
  },
  'the thread ends while it is given what came': {
    chunks: ['abc', 'def', 'ghi'],
    thread: { push: dies },
    out: 'xxxxxx result-withheld',
    told: ['open', 'push abc|def', 'drop'],
    found: 'here',
  },
  'the thread ends in the middle': {
    chunks: ['abc def ghi', 'jkl'],
    thread: {
      push: async ([piece]) => (piece && text(piece) === 'jkl' ? dies() : (piece ?? Buffer.of())),
    },
    out: 'abc def ghi result-withheld',
    told: ['open', 'push abc def ghi', 'push jkl', 'drop'],
    found: 'there',
  },
  'the thread ends before the end': {
    chunks: ['abc def ghi'],
    thread: { end: dies },
    out: 'xxx xxx xxx result-withheld',
    told: ['open', 'push abc def ghi', 'end', 'drop'],
  },
  'what cannot be masked there': {
    chunks: ['abc def ghi'],
    thread: { end: cannot },
    out: 'xxx xxx xxx result-withheld',
    told: ['open', 'push abc def ghi', 'end', 'drop'],
  },
  'the recogniser is asked from there': {
    chunks: ['abc def ghi'],
    asks: true,
    out: 'xxx xxx xxx.',
    told: ['open', 'push abc def ghi', 'ask', 'end'],
  },
  'the recogniser gives no answer there': {
    chunks: ['abc def ghi'],
    asks: true,
    thread: { ask: cannot },
    out: 'xxx xxx xxx result-withheld',
    told: ['open', 'push abc def ghi', 'ask', 'drop'],
  },
  'the thread ends while the recogniser is asked': {
    chunks: ['abc def ghi'],
    asks: true,
    thread: { ask: dies },
    out: 'xxx xxx xxx result-withheld',
    told: ['open', 'push abc def ghi', 'ask', 'drop'],
  },
  'a caller that leaves leaves nothing there': {
    chunks: ['abc def ghi', 'jkl', 'mno'],
    leaves: 1,
    out: 'xxx xxx xxx',
    told: ['open', 'push abc def ghi', 'drop'],
    found: 'there',
  },
}
for (const [name, one] of Object.entries(cases)) test(name, () => check(one))
