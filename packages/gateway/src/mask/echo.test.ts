import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scrubEchoes, scrubText } from './echo.ts'

const mark = '[REDACTED:CREDENTIAL]'

function check(text: string, echoes: readonly string[], expected: string): void {
  const wanted = echoes.map((echo) => Buffer.from(echo))
  for (let size = 1; size <= text.length + 1; size += 1) {
    assert.equal(scrub(text, wanted, size), expected, `in chunks of ${size}`)
  }
  assert.equal(scrubText(text, wanted), expected)
}

function scrub(text: string, echoes: readonly Uint8Array[], size: number): string {
  const scrubber = scrubEchoes(echoes)
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) {
    out.push(scrubber.push(bytes.subarray(at, at + size)))
  }
  return Buffer.concat([...out, scrubber.end()]).toString()
}

const cases: readonly (readonly [name: string, text: string, echoes: string[], out: string])[] = [
  ['nothing to find', 'plain text', ['secret-1'], 'plain text'],
  ['once', 'a secret-1 b', ['secret-1'], `a ${mark} b`],
  ['at both ends', 'secret-1, secret-1', ['secret-1'], `${mark}, ${mark}`],
  ['side by side', 'secret-1secret-1', ['secret-1'], `${mark}${mark}`],
  ['the longer of two', 'x Bearer secret-1', ['secret-1', 'Bearer secret-1'], `x ${mark}`],
  ['only its beginning', 'a secret- b secret-', ['secret-1'], 'a secret- b secret-'],
  ['begins again within itself', 'secsecsecret', ['secsecret'], `sec${mark}`],
  ['too short to be told from text', 'abcde', ['abcde'], 'abcde'],
  ['no echo at all', 'abc', [], 'abc'],
  ['one that the mark holds', 'xx REDACTED yy', ['REDACTED'], 'xx *** yy'],
  ['one that the mark could complete', 'secret[ x', ['secret['], '*** x'],
  ['not ASCII', 'x pässwörd y', ['pässwörd'], `x ${mark} y`],
]
for (const [name, text, echoes, out] of cases) test(`echo: ${name}`, () => check(text, echoes, out))

test('the chunk itself comes back when nothing is in it', () => {
  const chunk = Buffer.from('nothing to see here.')
  assert.equal(scrubEchoes([Buffer.from('secret-1')]).push(chunk), chunk)
})

test('a credential needing every mark is refused rather than half hidden', () => {
  assert.throws(() => scrubEchoes([Buffer.from('*#-_.~x0[')]), { name: 'MaskError' })
})

test('however the stream is cut, the same comes out and no echo is in it', () => {
  const piece = fc.constantFrom('a', 'b', 'ab', 'aab', 'abaabb', 'aabaab', 'bbabab')
  const echo = fc.array(fc.constantFrom('a', 'b'), { minLength: 6, maxLength: 9 })
  const echoes = fc.array(
    echo.map((all) => all.join('')),
    { minLength: 1, maxLength: 4 },
  )
  fc.assert(
    fc.property(
      fc.array(piece).map((all) => all.join('')),
      echoes,
      fc.integer({ min: 1, max: 20 }),
      (text, wanted, size) => {
        const bytes = wanted.map((one) => Buffer.from(one))
        const whole = scrub(text, bytes, text.length + 1)
        assert.equal(scrub(text, bytes, size), whole)
        for (const one of wanted) assert.ok(!whole.includes(one))
      },
    ),
    { numRuns: 500 },
  )
})
