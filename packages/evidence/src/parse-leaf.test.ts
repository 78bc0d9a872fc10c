import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { healthyLog } from '../test/healthy-log.ts'
import { parseLeaf, readAnyLeaf, readPlainLeaf } from './parse-leaf.ts'
import type { LeafRecord } from './record.ts'

/** Leaves of a gateway's life, as text. */
const leaves = healthyLog().log.leaves.map((bytes) => bytes.toString())
const encoder = new TextEncoder()

function orUndefined(read: () => LeafRecord): LeafRecord | undefined {
  try {
    return read()
  } catch (thrown) {
    assert.ok(thrown instanceof TypeError)
    return undefined
  }
}

/**
 * Both ways of reading say the same of a text: what the quick one takes, the slow one takes as the same value,
 * members in the same order; and where only the slow one takes it, it has a reason. Returns who took it.
 */
function check(text: string): 'both' | 'slow' | 'none' {
  const bytes = encoder.encode(text)
  const quick = readPlainLeaf(bytes, text)
  const slow = orUndefined(() => readAnyLeaf(text))
  if (quick) {
    assert.deepEqual(quick, slow)
    assert.equal(JSON.stringify(quick), text)
  } else if (slow) assert.match(text, /\\|[^ -~]|\d{16}|:-\d/, 'a plain leaf that was not read')
  assert.deepEqual(
    orUndefined(() => parseLeaf(bytes)),
    slow,
  )
  return quick ? 'both' : slow ? 'slow' : 'none'
}

/** What a hostile leaf may hold where something else is expected. */
const tokens = [
  ...['', '"', '""', '\\', '\\"', '\\\\', '\\u0041', '\\ud800', '\\udc00', '\\ud83d\\ude00', '\\n'],
  ...['{', '}', '[', ']', '{}', '[]', '[[]]', ',', ':', ',,', ' ', '\n', '\t', '\u0000', '\u001f'],
  ...[
    '0',
    '1',
    '00',
    '01',
    '-0',
    '-1',
    '1.0',
    '1e3',
    '1E3',
    '0x1',
    '999999999999999',
    '9'.repeat(16),
  ],
  ...['9007199254740991', '9007199254740993', 'true', 'false', 'null', 'NaN', 'undefined'],
  ...['é', '€', '😀', '\u007f', '\u2028', '\ufeff', '/', '__proto__'],
  ...['"type":"heartbeat"', '"type":"call.denied",', '"v":"evd/1"', ',"v":"evd/1"', '"evd/2"'],
  ...[
    '"truncated":1,',
    '"a":1,',
    '"zz":1',
    '"obo":[],',
    '"constructor":{}',
    '"toString"',
    '"args"',
  ],
]

const edits = fc.array(
  fc.record({
    from: fc.nat(),
    length: fc.oneof(fc.constant(0), fc.nat(8)),
    token: fc.oneof(fc.constantFrom(...tokens), fc.string({ unit: 'binary', maxLength: 3 })),
    /** Whether what is taken out comes back behind the token: an insertion, or a member twice. */
    isTwice: fc.boolean(),
    isAtBorder: fc.boolean(),
  }),
  { maxLength: 3 },
)

/** Stretches of the text between punctuation, or at any place, become something else. */
function edit(
  text: string,
  changes: typeof edits extends fc.Arbitrary<infer Edits> ? Edits : never,
) {
  return changes.reduce((before, { from, length, token, isTwice, isAtBorder }) => {
    const borders = [...before.matchAll(/[{}[\],:]|"(?=[,:}\]])/g)].map(({ index }) => index)
    const places = isAtBorder ? borders : Array.from(before, (_, place) => place)
    places.push(before.length)
    const at = from % places.length
    const start = places[at] ?? 0
    const end = places[Math.min(at + length, places.length - 1)] ?? start
    const cut = before.slice(start, end)
    return before.slice(0, start) + (isTwice ? cut + token + cut : token) + before.slice(end)
  }, text)
}

test('every leaf of a log is read the quick way', () => {
  for (const text of leaves) assert.equal(check(text), 'both', text)
})

test('both ways of reading agree on hostile leaves', () => {
  const seen = { both: 0, slow: 0, none: 0 }
  fc.assert(
    fc.property(fc.constantFrom(...leaves), edits, (text, changes) => {
      const edited = edit(text, changes)
      fc.pre(edited.isWellFormed())
      seen[check(edited)] += 1
    }),
    { numRuns: 5000 },
  )
  // Otherwise the edits are too wild, or too tame, to tell anything.
  for (const [who, count] of Object.entries(seen)) assert.ok(count > 5, `${count} read by ${who}`)
})

test('both ways of reading agree on leaves cut off or with a byte changed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...leaves), fc.nat(), fc.nat(255), (text, at, byte) => {
      const bytes = encoder.encode(text)
      check(text.slice(0, at % text.length))
      bytes[at % bytes.length] = byte
      const changed = Buffer.from(bytes).toString()
      if (Buffer.compare(Buffer.from(changed), bytes) === 0) check(changed)
      else
        assert.equal(
          orUndefined(() => parseLeaf(bytes)),
          undefined,
        )
    }),
    { numRuns: 5000 },
  )
})

test('both ways of reading agree on anything in any member', () => {
  const seen = { both: 0, slow: 0, none: 0 }
  const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string(), fc.constantFrom(...tokens))
  const values = fc.oneof(texts, fc.maxSafeInteger(), fc.double(), fc.boolean(), fc.constant(null))
  const spelt = fc.oneof(
    values.map((value) => JSON.stringify(value)),
    fc.constantFrom(...tokens),
  )
  fc.assert(
    fc.property(fc.constantFrom(...leaves), fc.nat(), spelt, (text, at, value) => {
      const strings = [...text.matchAll(/(?<=:)(?:"[^"]*"|\d+)/g)]
      const found = strings[at % strings.length]
      assert.ok(found)
      const [before, behind] = [
        text.slice(0, found.index),
        text.slice(found.index + found[0].length),
      ]
      seen[check(`${before}${value}${behind}`)] += 1
    }),
    { numRuns: 5000 },
  )
  for (const [who, count] of Object.entries(seen)) assert.ok(count > 5, `${count} read by ${who}`)
})
