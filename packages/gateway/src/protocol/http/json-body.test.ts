import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../call/refusal.ts'
import { readJsonBody } from './json-body.ts'

/** What the reader says of a text: its value, or the public sentence of the refusal. */
function check(text: string | Uint8Array, expected: unknown): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  let seen: unknown
  try {
    seen = readJsonBody(bytes, 5).value
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    seen = thrown.detail
  }
  assert.deepEqual(seen, expected)
}

const repeated = 'The body repeats a key within one object.'
const deep = 'The body is nested deeper than 5.'
const rounded = 'A number has more digits than can be told apart.'
const notJson = 'The body is not JSON.'

const cases: readonly (readonly [string, string | Uint8Array, unknown])[] = [
  ['an object', '{"a":1,"b":[true,null,"x"]}', { a: 1, b: [true, null, 'x'] }],
  ['a scalar', '"text"', 'text'],
  ['one key in two objects is no duplicate', '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
  ['colons and braces inside strings do not count', '{"a:{":"}:\\":{"}', { 'a:{': '}:":{' }],
  ['duplicate key', '{"a":1,"a":2}', repeated],
  ['duplicate key, escaped', '{"a":1,"\\u0061":2}', repeated],
  ['duplicate key, nested', '{"x":[{"y":1,"y":1}]}', repeated],
  ['duplicate __proto__', '{"__proto__":1,"__proto__":2}', repeated],
  ['duplicate numeric key', '{"1":1,"1":2}', repeated],
  ['duplicate empty key', '{"":1,"":2}', repeated],
  ['a string that ends in backslashes', '{"a":"\\\\\\\\","b":1}', { a: '\\\\', b: 1 }],
  ['deep', '[[[[[[1]]]]]]', deep],
  ['as deep as allowed', '[[[[[1]]]]]', [[[[[1]]]]]],
  ['very deep does not end the process', '['.repeat(100_000), deep],
  ['truncated', '{"a":1', notJson],
  ['unterminated string', '{"a":"', notJson],
  ['trailing text', '{} x', notJson],
  ['two texts', '{}{}', notJson],
  ['single quotes', "{'a':1}", notJson],
  ['comment', '{/*c*/}', notJson],
  ['NaN', '[NaN]', notJson],
  ['a fraction that reads as an integer', '[1.00000000000000000001]', rounded],
  ['the same with an exponent', '[100000000000000000001e-20]', rounded],
  ['a number so small that it reads as zero', '{"a":1e-400}', rounded],
  ['whole numbers, however they are written', '[1.000000000000000000,20e-1,0e-9]', [1, 2, 0]],
  ['many digits inside a string', '["1.00000000000000000001"]', ['1.00000000000000000001']],
  ['a fraction', '[0.1000000000000000055]', [0.1]],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'The body is not UTF-8.'],
  ['byte order mark', '\ufeff{}', 'The body starts with a byte order mark.'],
]
for (const [name, text, expected] of cases) test(name, () => check(text, expected))

test('a key named __proto__ stays an ordinary own key', () => {
  const { value } = readJsonBody(Buffer.from('{"__proto__":{"admin":true}}'), 5)
  assert.deepEqual(Object.keys(value as object), ['__proto__'])
  assert.equal(Reflect.get(Object.prototype, 'admin'), undefined)
})

test('numbers keep their source text', () => {
  const { exactNumber } = readJsonBody(Buffer.from('{"a":{"b":1.10},"n":9007199254740993}'), 5)
  assert.equal(exactNumber(['a', 'b']), '1.10')
  assert.equal(exactNumber(['n']), '9007199254740993')
  assert.equal(exactNumber(['a', 'missing']), undefined)
  assert.equal(exactNumber(['a']), undefined)
})

test('every JSON text without duplicates is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (text) => {
      assert.deepEqual(readJsonBody(Buffer.from(text), 64).value, JSON.parse(text))
    }),
    { numRuns: 1000 },
  )
})
