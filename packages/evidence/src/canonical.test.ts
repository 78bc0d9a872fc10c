import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Canonical, canonicalBytes } from './canonical.ts'

/** Somebody else's RFC 8785. Its types do not fit its module. */
const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

function check(value: Canonical): void {
  assert.equal(Buffer.from(canonicalBytes(value)).toString(), canonicalize(value))
}

const cases: readonly (readonly [string, Canonical])[] = [
  ['keys by code unit', { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, ö: 6 }],
  ['nesting', { b: [{ d: true, c: [] }, -5], a: {} }],
  ['an absent member', { a: undefined, b: 1 }],
  ['escapes', '\u0000\b\t\n\f\r"\\\u001f\u007f/'],
]
for (const [name, value] of cases) test(name, () => check(value))

test('whatever fits', () => {
  const { tree } = fc.letrec<{ tree: Canonical }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.maxSafeInteger().map((n) => n + 0),
      fc.boolean(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(fc.property(tree, check), { numRuns: 200 })
})

const refused: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a fraction', 0.5],
  ['an unsafe integer', 2 ** 53],
  ['minus zero', -0],
  ['infinity', [Number.POSITIVE_INFINITY]],
  ['a lone surrogate', { a: '\udc00' }],
  ['a lone surrogate in a key', { '\ud800': 1 }],
  ['undefined in a list', [undefined]],
  ['a date', new Date(0)],
  ['a bigint', 1n],
]
for (const [name, value] of refused) {
  test(`refuses ${name}`, () => assert.throws(() => canonicalBytes(value as Canonical), TypeError))
}
