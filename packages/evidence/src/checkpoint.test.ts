import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'

const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
const body = `example.com/behind-the-sofa\n20852163\n${root}\n`
/** The examples of c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature. */
const signed = `${body}
— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`
const cosigned = `${signed}— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`
const parsed: Checkpoint = {
  origin: 'example.com/behind-the-sofa',
  size: 20852163n,
  root: Buffer.from(root, 'base64'),
  extensions: [],
}

function check(text: string, expected: Checkpoint | EvidenceErrorCode): void {
  if (typeof expected === 'string') {
    assert.throws(
      () => parseCheckpoint(text),
      (error) => error instanceof EvidenceError && error.code === expected,
    )
    return
  }
  const { root: hash, ...rest } = parseCheckpoint(text)
  const { root: expectedHash, ...expectedRest } = expected
  assert.deepEqual(rest, expectedRest)
  assert.deepEqual(Buffer.from(hash), Buffer.from(expectedHash))
}

const rows: readonly (readonly [string, string, Checkpoint | EvidenceErrorCode])[] = [
  ['the example', signed, parsed],
  ['the example, cosigned', cosigned, parsed],
  ['a text alone', body, parsed],
  ['extension lines', `${body}one\ntwo\n`, { ...parsed, extensions: ['one', 'two'] }],
  ['an empty tree', body.replace('20852163', '0'), { ...parsed, size: 0n }],
  ['2^63', body.replace('20852163', `${2n ** 63n}`), { ...parsed, size: 2n ** 63n }],
  ['beyond 2^63', body.replace('20852163', `${2n ** 63n + 1n}`), 'checkpoint-malformed'],
  ['a huge size', body.replace('20852163', '9'.repeat(10_000)), 'checkpoint-malformed'],
  ['a leading zero', body.replace('20852163', '020852163'), 'checkpoint-malformed'],
  ['two zeros', body.replace('20852163', '00'), 'checkpoint-malformed'],
  ['a sign', body.replace('20852163', '+20852163'), 'checkpoint-malformed'],
  ['a negative size', body.replace('20852163', '-1'), 'checkpoint-malformed'],
  ['an exponent', body.replace('20852163', '1e3'), 'checkpoint-malformed'],
  ['other digits', body.replace('20852163', '\u0661'), 'checkpoint-malformed'],
  ['a space after the size', body.replace('20852163', '20852163 '), 'checkpoint-malformed'],
  ['no size', body.replace('20852163\n', ''), 'checkpoint-malformed'],
  ['no origin', body.slice(body.indexOf('\n')), 'checkpoint-malformed'],
  ['two lines', body.split('\n').slice(0, 2).join('\n'), 'checkpoint-malformed'],
  ['no final newline', body.slice(0, -1), 'checkpoint-malformed'],
  ['a short root', body.replace(root, 'AAAA'), 'checkpoint-malformed'],
  ['a long root', body.replace(root, 'A'.repeat(48)), 'checkpoint-malformed'],
  ['a root with stray bits', body.replace('q2I=', 'q2J='), 'checkpoint-malformed'],
  ['a root unpadded', body.replace('q2I=', 'q2I'), 'checkpoint-malformed'],
  ['a carriage return', body.replaceAll('\n', '\r\n'), 'note-malformed'],
  ['a NUL', `\0${body}`, 'note-malformed'],
  ['an empty extension line', `${body}\none\n`, 'note-malformed'],
  ['nothing', '', 'checkpoint-malformed'],
]
for (const [name, text, expected] of rows) test(name, () => check(text, expected))

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a line may not have.
const line = fc.string({ minLength: 1 }).filter((text) => !/[\u0000-\u001f]/.test(text))
const any: fc.Arbitrary<Checkpoint> = fc.record(
  {
    origin: line,
    size: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(line, { maxLength: 3 }),
  },
  { noNullPrototype: true },
)
test('what is formatted is read back', () => {
  fc.assert(fc.property(any, (checkpoint) => check(formatCheckpoint(checkpoint), checkpoint)))
})

for (const [name, broken] of [
  ['no origin', { ...parsed, origin: '' }],
  ['two lines as origin', { ...parsed, origin: 'a\nb' }],
  ['a carriage return', { ...parsed, origin: 'a\r' }],
  ['a negative size', { ...parsed, size: -1n }],
  ['a number as size', { ...parsed, size: 1 as never }],
  ['a short root', { ...parsed, root: new Uint8Array(31) }],
  ['an empty extension', { ...parsed, extensions: [''] }],
] as const) {
  test(`formats no checkpoint with ${name}`, () => {
    assert.throws(() => formatCheckpoint(broken), EvidenceError)
  })
}
