import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fault, faultOf } from './fault.ts'

/** What the operator reads of something thrown, but for where; and that no value is in any of it. */
function check(thrown: () => unknown, expected: Fault): void {
  let fault: Fault | undefined
  try {
    fault = faultOf(thrown())
  } catch (cause) {
    fault = faultOf(cause)
  }
  const { stack = '', ...said } = fault
  assert.deepEqual(said, expected)
  assert.ok(!`${JSON.stringify(said)}${stack}`.includes('4711'), stack)
}

const notWellFormed = 'what was read is not well-formed'
const cases: readonly (readonly [string, () => unknown, Fault])[] = [
  [
    'a parser’s error does not quote',
    () => JSON.parse('{"pin":4711x}'),
    { name: 'SyntaxError', message: notWellFormed },
  ],
  ['nor that of a number', () => BigInt('4711x'), { name: 'SyntaxError', message: notWellFormed }],
  [
    'another error is said as it is, without what it carries',
    () => Object.assign(new Error('no such file'), { code: 'ENOENT', value: '4711' }),
    { name: 'Error', message: 'no such file', code: 'ENOENT' },
  ],
  ['something that is no error', () => '4711', { name: 'thrown', message: 'string' }],
]
for (const [name, thrown, expected] of cases) test(name, () => check(thrown, expected))

test('where it was thrown is said', () => {
  assert.match(faultOf(new SyntaxError('4711')).stack ?? '', /fault\.test\.ts:\d+/)
})
