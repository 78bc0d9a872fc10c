import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { visibleBytes, visibleJson, visibleText } from './visible.ts'

const cases: readonly (readonly [string, string, string])[] = [
  ['plain text', 'pay 5 € to Zoë\n\tnow', 'pay 5 € to Zoë\n\tnow'],
  ['a right-to-left override', 'a\u202Eb', 'a\\u{202e}b'],
  ['a zero-width space', 'a\u200Bb', 'a\\u{200b}b'],
  ['a tag character', 'a\u{E0041}', 'a\\u{e0041}'],
  ['a variation selector', 'a\uFE0F', 'a\\u{fe0f}'],
  ['a Hangul filler', 'a\u3164', 'a\\u{3164}'],
  ['a blank Braille pattern', 'a\u2800', 'a\\u{2800}'],
  ['a no-break space', 'a\u00A0b', 'a\\u{a0}b'],
  ['a carriage return', 'a\rb', 'a\\u{d}b'],
  ['an escape sequence', '\u001B[2J', '\\u{1b}[2J'],
  ['a lone surrogate', 'a\uD800', 'a\\u{d800}'],
  ['text that looks like an escape', '\\u{202e}', '\\u{5c}u{202e}'],
]

function check(text: string, expected: string): void {
  assert.equal(visibleText(text), expected)
  assert.deepEqual(visibleJson({ [text]: [text, 1, null] }), { [expected]: [expected, 1, null] })
}

for (const [name, text, expected] of cases) test(name, () => check(text, expected))

test('bytes that are no UTF-8 are shown byte by byte', () => {
  assert.equal(visibleBytes(Uint8Array.of(0x61, 0xff, 0x0a, 0x00)), 'a\\x{ff}\n\\u{0}')
})

test('two different texts never look the same, and nothing unseen is left', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 12 })
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assert.equal(visibleText(one) === visibleText(other), one === other)
      assert.doesNotMatch(visibleText(one), /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/u)
    }),
  )
})
