import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exactDecimal, exactLong } from './exact-number.ts'
import { parseDatetime, parseDecimal, parseDuration, parseIp } from './extension.ts'
import { compilePattern } from './pattern.ts'
import { keyOf } from './value.ts'

/** `read` of the text, as its key; `undefined` where it is refused. */
function check(actual: { kind: string } | undefined, wanted: string | undefined): void {
  assert.equal(actual && keyOf(actual as ReturnType<typeof parseDecimal> & object), wanted)
}

const cases = [
  ['a decimal', parseDecimal('-1.5'), 'decimal(-15000)'],
  ['a decimal without a fraction', parseDecimal('1'), undefined],
  ['a date', parseDatetime('1970-01-02'), 'datetime(86400000)'],
  ['the year 99', parseDatetime('0099-12-31'), 'datetime(-59011545600000)'],
  ['no date', parseDatetime('2023-02-29'), undefined],
  ['a zone', parseDatetime('1970-01-01T01:00:00+0100'), 'datetime(0)'],
  ['a duration', parseDuration('-1h1m'), 'duration(-3660000)'],
  ['units in the wrong order', parseDuration('1m1h'), undefined],
  ['a range', parseIp('10.0.0.0/8'), 'ip(32,167772160,8)'],
  ['a short form', parseIp('::1'), 'ip(128,1,128)'],
  ['a leading zero', parseIp('010.0.0.1'), undefined],
  ['a number as written', exactDecimal(1.1, () => '1.10'), 'decimal(11000)'],
  ['an exponent', exactDecimal(1e-3, () => '1E-3'), 'decimal(10)'],
  ['five digits', exactDecimal(0.00001, () => undefined), undefined],
  ['a huge exponent', exactDecimal(Infinity, () => '1e999999999'), undefined],
] as const
for (const [name, actual, wanted] of cases) test(name, () => check(actual, wanted))

test('a long integer is what its text says', () => {
  assert.equal(
    exactLong(2 ** 53, () => '9007199254740993'),
    9007199254740993n,
  )
  assert.equal(
    exactLong(2 ** 53, () => '9007199254740992.5'),
    undefined,
  )
  assert.equal(
    exactLong(2 ** 53, () => undefined),
    undefined,
  )
  assert.ok(
    Object.is(
      exactLong(-0, () => undefined),
      0,
    ),
  )
})

test('any text of a safe integer is itself, as Long and as decimal', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (integer) => {
      assert.equal(
        exactLong(integer, () => undefined),
        integer + 0,
      )
      const decimal = exactDecimal(integer, () => undefined)
      const units = BigInt(integer) * 10_000n
      assert.equal(
        decimal && BigInt(decimal.units),
        units < 2n ** 63n && units >= -(2n ** 63n) ? units : undefined,
      )
    }),
    { seed: 1 },
  )
})

test('like matches as the plain definition does', () => {
  const matches = (pattern: readonly string[], text: string): boolean => {
    const [first, ...rest] = pattern
    if (first === undefined) return text === ''
    if (first !== '*') return text.startsWith(first) && matches(rest, text.slice(1))
    return matches(rest, text) || (text !== '' && matches(pattern, text.slice(1)))
  }
  const letter = fc.constantFrom('a', 'b')
  const patterns = fc.array(fc.oneof(letter, fc.constant('*')), { maxLength: 8 })
  fc.assert(
    fc.property(patterns, fc.string({ unit: letter, maxLength: 10 }), (pattern, text) => {
      const compiled = compilePattern(
        pattern.map((one) => (one === '*' ? 'Wildcard' : { Literal: one })),
      )
      assert.equal(compiled?.(text), matches(pattern, text))
    }),
    { seed: 1, numRuns: 2000 },
  )
})
