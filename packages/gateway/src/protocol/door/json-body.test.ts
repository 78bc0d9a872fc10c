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
const tooLong = 'A number has more than 1100 characters.'
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
  ['a fraction behind a long integer', '[100000000.000000001]', rounded],
  ['a fraction behind an integer no double holds', '[9007199254740993.5]', rounded],
  ['a number so small that it reads as zero, written out', `[0.${'0'.repeat(400)}1]`, rounded],
  ['one digit too many, and it is whole', '[1000000000000000.0]', [1e15]],
  ['a fraction of fifteen digits', '[100000000.000001]', [100_000_000.000001]],
  ['a negative one', '[-1.00000000000000000001]', rounded],
  ['an exponent in capitals', '[10000000000000000000001E-21]', rounded],
  ['the longest number', `[${'9'.repeat(1_100)}]`, [Number.POSITIVE_INFINITY]],
  ['a number longer than any', `[${'9'.repeat(1_101)}]`, tooLong],
  ['a fraction longer than any', `{"a":1.${'0'.repeat(900_000)}1}`, tooLong],
  ['the same in a string', `["1.${'0'.repeat(2_000)}1"]`, [`1.${'0'.repeat(2_000)}1`]],
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

test('the text is parsed again once, however many numbers are asked for, and only if any is', (t) => {
  const numbers = Array.from({ length: 1_000 }, (_, at) => `${at}.10`)
  const parse = t.mock.method(JSON, 'parse')
  const { exactNumber } = readJsonBody(Buffer.from(`{"a":[${numbers}]}`), 5)
  assert.equal(parse.mock.callCount(), 1)
  assert.deepEqual(
    numbers.map((_, at) => exactNumber(['a', `${at}`])),
    numbers,
  )
  assert.equal(parse.mock.callCount(), 2)
})

test('what is refused quotes nothing, to the operator either', () => {
  for (const text of ['{"pin":4711canary}', '["canary', '{"canary":1,"canary":2}']) {
    assert.throws(
      () => readJsonBody(Buffer.from(text), 5),
      (thrown: Error) => !`${thrown.stack} ${thrown.cause}`.includes('canary'),
    )
  }
})

test('exact numbers are found among any neighbours', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 2 }), fc.string(), (neighbour, key) => {
      const text = `{"\u00e9\\"1.5":${neighbour},"list":[${neighbour},9007199254740993,7,"1.50"],${JSON.stringify(`_${key}`)}:-1.50}`
      const { value, exactNumber } = readJsonBody(Buffer.from(text), 64)
      assert.deepEqual(value, JSON.parse(text))
      assert.equal(exactNumber(['list', '1']), '9007199254740993')
      assert.equal(exactNumber(['list', '2']), undefined)
      assert.equal(exactNumber(['list', '3']), undefined)
      assert.equal(exactNumber([`_${key}`]), '-1.50')
    }),
    { numRuns: 500 },
  )
})

const decimals = fc.tuple(
  fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,20})$/),
  fc.stringMatching(/^(?:\.[0-9]{1,24})?$/),
  fc.stringMatching(/^(?:[eE][+-]?[0-9]{1,3})?$/),
)
test('no fraction is read as an integer', () => {
  fc.assert(
    fc.property(decimals, ([whole, fraction, exponent]) => {
      const text = `${whole}${fraction}${exponent}`
      let value: unknown
      try {
        ;[value] = readJsonBody(Buffer.from(`[${text}]`), 5).value as unknown[]
      } catch {
        return
      }
      assert.ok(!Number.isInteger(value) || isWholeNumber(whole, fraction, exponent), text)
    }),
    { numRuns: 2_000 },
  )
})

/** By integer arithmetic: mantissa and exponent, nothing of a double. */
function isWholeNumber(whole: string, fraction: string, exponent: string): boolean {
  const shift = Number(exponent.slice(1) || 0) - Math.max(0, fraction.length - 1)
  const mantissa = BigInt(`${whole}${fraction.slice(1)}`)
  return mantissa === 0n || shift >= 0 || mantissa % 10n ** BigInt(-shift) === 0n
}

test('every JSON text without duplicates is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (text) => {
      assert.deepEqual(readJsonBody(Buffer.from(text), 64).value, JSON.parse(text))
    }),
    { numRuns: 1000 },
  )
})
