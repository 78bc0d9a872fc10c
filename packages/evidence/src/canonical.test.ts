import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Canonical, canonicalBytes } from './canonical.ts'

/** Somebody else's RFC 8785. Its types do not fit its module. */
const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

function check(value: Canonical, text = canonicalize(value)): void {
  assert.equal(Buffer.from(canonicalBytes(value)).toString(), text)
}

const cases: readonly (readonly [string, Canonical])[] = [
  ['keys by code unit', { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, ö: 6 }],
  ['nesting', { b: [{ d: true, c: [] }, -5], a: {} }],
  ['an absent member', { a: undefined, b: 1 }],
  ['escapes', '\u0000\b\t\n\f\r"\\\u001f\u007f/'],
]
for (const [name, value] of cases) test(name, () => check(value))

/** Examples of RFC 8785 and of its authors' test data, where they hold what a leaf may hold. */
const vectors: readonly (readonly [string, Canonical, string])[] = [
  [
    'section 3.2.3: property sorting',
    {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    },
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control",' +
      '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",' +
      '"😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  [
    'section 3.2.2: the string and the literals',
    { string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/', literals: [true, false] },
    '{"literals":[true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    'structures',
    {
      '1': { f: { f: 'hi', F: 5 }, '\n': 56 },
      '10': {},
      '': 'empty',
      a: {},
      '111': [{ e: 'yes', E: 'no' }],
      A: {},
    },
    '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
  ],
  ['no normalisation', { 'Unnormalized Unicode': 'A\u030a' }, '{"Unnormalized Unicode":"A\u030a"}'],
  [
    'no locale',
    { péché: 'is wrong', pêche: 'but', peach: 'This order', sin: 'ignore locale' },
    '{"peach":"This order","péché":"is wrong","pêche":"but","sin":"ignore locale"}',
  ],
  [
    'Appendix B: integers at the edges',
    [0, 2 ** 53 - 1, 1 - 2 ** 53],
    '[0,9007199254740991,-9007199254740991]',
  ],
]
for (const [name, value, text] of vectors) {
  test(`RFC 8785: ${name}`, () => {
    check(value)
    check(value, text)
  })
}

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
  fc.assert(
    fc.property(tree, (value) => check(value)),
    { numRuns: 200 },
  )
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
