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
/** Every character as an escape. */
const hex = (text: string) =>
  [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const inner = (text: string) => JSON.stringify(text).slice(1, -1)

/** What JSON spells in another way. */
const spelled: readonly (readonly [name: string, text: string, echoes: string[], out: string])[] = [
  ['all of it in escapes', `{"a":"${hex('secret-1')}"}`, ['secret-1'], `{"a":"${mark}"}`],
  ['one letter', '{"a":"secr\\u0065t-1 b"}', ['secret-1'], `{"a":"${mark} b"}`],
  ['the first letter', '"\\u0073ecret-1"', ['secret-1'], `"${mark}"`],
  ['the last letter', '"secret-\\u0031"', ['secret-1'], `"${mark}"`],
  ['big and small digits', '"secret\\u002D\\u0031\\u002d"', ['secret-1-'], `"${mark}"`],
  ['some slashes', '"a\\/b/c\\/secret"', ['a/b/c/secret'], `"${mark}"`],
  ['one after another', '"secre\\u0074-1\\u0073ecret-1"', ['secret-1'], `"${mark}${mark}"`],
  ['one beside a plain one', '"secret-1secre\\u0074-1"', ['secret-1'], `"${mark}${mark}"`],
  ['behind a line break', '"x\\nsecre\\u0074-1"', ['secret-1'], `"x\\n${mark}"`],
  ['behind a backslash', '"x\\\\secre\\u0074-1"', ['secret-1'], `"x\\\\${mark}"`],
  ['behind its own first letter', '"x\\\\nsecre\\u0074"', ['nsecret'], `"x\\\\${mark}"`],
  [
    'in JSON in JSON',
    `"${inner('{"a":"secr\\u0065t-1"}')}"`,
    ['secret-1'],
    `"{\\"a\\":\\"${mark}\\"}"`,
  ],
  ['in JSON in JSON in JSON', inner(inner('secr\\u0065t-1')), ['secret-1'], mark],
  ['with its escapes escaped', inner('sec\\u0072et-1').replace('u', '\\u0075'), ['secret-1'], mark],
  ['with a quote', '"se\\"cr\\u0065t-1"', ['se"cret-1'], `"${mark}"`],
  ['with a backslash', '"se\\u005ccret"', ['se\\cret'], `"${mark}"`],
  ['not ASCII', '"p\\u00e4ssw\u00f6rd"', ['p\u00e4ssw\u00f6rd'], `"${mark}"`],
  ['beyond the first plane', '"key-\\ud83d\\ude00-1"', ['key-\u{1f600}-1'], `"${mark}"`],
  ['half of a pair', '"secret-\\ud83d"', ['secret-1'], '"secret-\\ud83d"'],
  ['another letter', '"secr\\u0066t-1"', ['secret-1'], '"secr\\u0066t-1"'],
  ['an escape that is none', '"secr\\u00g5t-1 \\u00"', ['secret-1'], '"secr\\u00g5t-1 \\u00"'],
  ['an escape that is not over', '"secret-\\u003', ['secret-1'], '"secret-\\u003'],
  ['the backslash itself', '"secr\\\\u0065t-1"', ['secr\\u0065t-1'], `"${mark}"`],
]
for (const [name, text, echoes, out] of spelled) {
  test(`an echo spelled otherwise: ${name}`, () => {
    const wanted = echoes.map((echo) => Buffer.from(echo))
    for (let size = 1; size <= text.length + 1; size += 1) {
      assert.equal(scrub(text, wanted, size), out, `in chunks of ${size}`)
    }
  })
}

const far = 'x'.repeat(2_000)
const slashed = hex('\\').slice(1)
const farApart: readonly (readonly [name: string, text: string, echoes: string[], out: string])[] =
  [
    [
      'each in a stretch of its own',
      `secr\\u0065t-1${far}secret-\\u0031${far}\\u0073ecret-1`,
      ['secret-1'],
      `${mark}${far}${mark}${far}${mark}`,
    ],
    [
      'a plain one between',
      `\\u0041${far}secret-1${far}\\u0041`,
      ['secret-1'],
      `\\u0041${far}${mark}${far}\\u0041`,
    ],
    [
      'behind many digits',
      `${'a0'.repeat(2_000)}secr\\u0065t-1${far}`,
      ['secret-1'],
      `${'a0'.repeat(2_000)}${mark}${far}`,
    ],
    [
      'behind many backslashes',
      `${'\\\\'.repeat(2_000)}secr\\u0065t-1${far}`,
      ['secret-1'],
      `${'\\\\'.repeat(2_000)}${mark}${far}`,
    ],
    [
      'the last letter in escapes of escapes',
      `${far}secret-\\${slashed}${slashed}u0031${far}`,
      ['secret-1'],
      `${far}${mark}${far}`,
    ],
  ]
for (const [name, text, echoes, out] of farApart) {
  test(`echoes in escapes far from each other: ${name}`, () => {
    const wanted = echoes.map((echo) => Buffer.from(echo))
    for (const size of [1, 7, 64, 511, 1_000, text.length]) {
      assert.equal(scrub(text, wanted, size), out, `in chunks of ${size}`)
    }
  })
}

test('of very many in a very long chunk none is left', () => {
  const text = '"secr\\u0065t-1",'.repeat(200_000)
  assert.equal(scrub(text, [Buffer.from('secret-1')], text.length), `"${mark}",`.repeat(200_000))
})

test('however it is spelled and cut, what JSON reads holds no echo', () => {
  const letter = fc.constantFrom('a', 'b')
  const echo = fc.array(letter, { minLength: 6, maxLength: 8 }).map((all) => all.join(''))
  const written = fc.constantFrom('a', 'b', '\\u0061', '\\u0062', '\\n', '\\\\', '\\"', '\\u2019')
  const string = fc.array(written, { maxLength: 60 }).map((all) => all.join(''))
  fc.assert(
    fc.property(
      string,
      fc.array(echo, { minLength: 1, maxLength: 3 }),
      fc.nat(20),
      (given, echoes, size) => {
        const wanted = echoes.map((one) => Buffer.from(one))
        const long = `"${given}${'c'.repeat(700)}${given}"`
        for (const text of [`"${given}"`, JSON.stringify(`"${given}"`), long]) {
          const whole = scrub(text, wanted, text.length + 1)
          assert.equal(scrub(text, wanted, size + 1), whole)
          let value: unknown = whole
          while (typeof value === 'string') {
            for (const one of echoes) assert.ok(!value.includes(one), `${one} in ${value}`)
            value = parsed(value)
          }
        }
      },
    ),
    { numRuns: 2_000 },
  )
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

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
