import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePattern, compileSet, type LinearPattern, patternEngine } from './linear-pattern.ts'

const skip =
  patternEngine() === 're2js' &&
  'the package re2 is not installed: there is nothing to compare with'

/** Every match with all its groups, as an engine finds them. */
function found({ groups, matches }: LinearPattern, text: string): readonly unknown[] {
  return Array.from(matches(text), (match) =>
    Array.from({ length: groups + 1 }, (_, group) => match(group) ?? 'took no part'),
  )
}

function check(title: string, pattern: string, text: string, spans: readonly unknown[]): void {
  for (const engine of ['re2js', 're2'] as const) {
    test(`${title}, by ${engine}`, { skip: engine === 're2' && skip }, () => {
      const compiled = compilePattern(pattern, engine)
      assert.deepEqual(found(compiled, text), spans)
      assert.equal(compiled.isIn(text), spans.length > 0)
      assert.deepEqual(compileSet(['no', pattern], engine)(text), [1])
    })
  }
}

check('places are UTF-16 offsets', '(k)=(\\d+)?', 'é😀k=12 k=', [
  [
    [3, 7],
    [3, 4],
    [5, 7],
  ],
  [[8, 10], [8, 9], 'took no part'],
])
check('the first of two ways counts, not the longest', 'a|ab', 'ab', [[[0, 1]]])
check('a character is never halved', '\\b|[^a]', 'a😀😀', [[[3, 5]]])
check('an empty match ends nothing', 'b*', 'abab', [[[1, 2]], [[3, 4]]])
check('case beyond ASCII', '(?i)straße', 'STRAẞE', [[[0, 6]]])
check(
  'more than any list holds',
  'a',
  'a'.repeat(20_000),
  Array.from({ length: 20_000 }, (_, at) => [[at, at + 1]]),
)

test('a pattern that costs too much for each character is refused, and says why', () => {
  assert.throws(() => compilePattern('(?:[a-z]?){1000}'.repeat(3)), /6002 instructions, more than/)
  assert.equal(compilePattern('[\\w-]{50,1000}').instructions > 1_000, true)
})

const char = fc.constantFrom(...'abkABK1_ .-\n\\é😀ſKßẞσςΣЖжİıǅ')
const atom = fc.oneof(
  { weight: 2, arbitrary: char.map((one) => (/[.\\-]/.test(one) ? `\\${one}` : one)) },
  fc.constantFrom('.', '\\d', '\\w', '\\W', '\\s', '\\S', '\\b', '\\B', '^', '$', '\\A', '\\z'),
  fc.constantFrom('\\pL', '\\PL', '\\p{Lu}', '\\p{Greek}', '[[:alpha:]]', '\\x{1F600}'),
  fc.constantFrom('[^a]', '[^\\d\\n]', '[a-k]', '[A-Z_]', '[é-😀]', '\\Qa.b\\E'),
)
const repeat = fc.oneof(
  fc.constant(''),
  fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{0,3}', '{1,2}?', '{2,}'),
)

function inRow(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const parts = fc.array(fc.tuple(part, repeat), { minLength: 1, maxLength: 3 })
  return parts.map((list) => list.flat().join(''))
}

function grouped(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const before = fc.constantFrom('(', '(?:', '(|', '(?i:', '(?s:', '(?m:', '(?U:', '(?i-s:')
  return fc.oneof(
    fc.tuple(before, inner).map(([begin, one]) => `${begin}${one})`),
    fc.tuple(inner, inner).map(([one, other]) => `(${one}|${other})`),
  )
}

const flat = inRow(atom)
const nested = inRow(fc.oneof(atom, grouped(flat)))
const pattern = inRow(fc.oneof(atom, grouped(nested)))
const text = fc.array(char, { maxLength: 30 }).map((chars) => chars.join(''))

test('both engines find the same', { skip }, () => {
  const texts = fc.array(text, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(pattern, texts, (one, given) => {
      const [fast, script] = [compilePattern(one, 're2'), compilePattern(one, 're2js')]
      for (const each of given) {
        assert.deepEqual(found(fast, each), found(script, each))
        assert.equal(fast.isIn(each), script.isIn(each))
        assert.deepEqual(compileSet([one], 're2')(each), compileSet([one], 're2js')(each))
      }
    }),
    { numRuns: 400 },
  )
})
