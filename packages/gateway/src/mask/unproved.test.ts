import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scanCell } from './detect/scan.ts'
import type { Recognised } from './plan.ts'
import { unproved } from './unproved.ts'

/** What a recogniser sees, by what it reads, an entity for each. */
type Row = readonly [
  title: string,
  text: string,
  seen: readonly (readonly [entity: string, value: string])[],
  left: readonly (readonly [entity: string, value: string])[],
]

const card = '4111 1111 1111 1111'
const rows: readonly Row[] = [
  ['nothing is proved there', 'for Ada', [['PERSON', 'Ada']], [['PERSON', 'Ada']]],
  ['all of it is proved', `for ${card}`, [['PERSON', card]], []],
  [
    'what stands around a proved value',
    `Ada ${card} Byron`,
    [['PERSON', `Ada ${card} Byron`]],
    [
      ['PERSON', 'Ada '],
      ['PERSON', ' Byron'],
    ],
  ],
  [
    'it reaches into a proved value, behind characters of two and more bytes',
    `für 👩‍💻 Zoë ${card} Byron`,
    [
      ['PERSON', 'Zoë 4111 1111'],
      ['PERSON', '1111 Byron'],
      ['LOCATION', card],
    ],
    [
      ['PERSON', 'Zoë '],
      ['PERSON', ' Byron'],
    ],
  ],
  [
    'one entity within itself, and another in the same place',
    'Ada Lovelace came',
    [
      ['PERSON', 'Ada'],
      ['PERSON', 'Ada Lovelace'],
      ['LOCATION', 'Lovelace'],
    ],
    [
      ['PERSON', 'Ada Lovelace'],
      ['LOCATION', 'Lovelace'],
    ],
  ],
]
for (const [title, text, seen, left] of rows) {
  test(title, () => {
    const recognised = seen.map(([entity, value]) => {
      const start = value.startsWith('1111 B') ? text.lastIndexOf(value) : text.indexOf(value)
      assert.ok(start >= 0)
      return { entity, start, end: start + value.length, confidence: 85 }
    })
    const got = [...unproved(text, recognised)].flatMap(([entity, stretches]) =>
      stretches.map(([start, end]) => [entity, text.slice(start, end)]),
    )
    assert.deepEqual(got, left)
  })
}

const entities = ['PERSON', 'LOCATION']
const words = ['Ada', 'Zoë', '😀', card, 'nora1@example.org', '536-90-4399', 'x', '👩‍💻 and']
const given = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 }).chain((said) => {
  const text = said.join(' ')
  const seen = fc
    .tuple(fc.constantFrom(...entities), fc.nat(text.length), fc.nat(text.length))
    .filter(([, one, other]) => one !== other)
    .map(
      ([entity, one, other]): Recognised => ({
        ...{ entity, confidence: 85 },
        ...{ start: Math.min(one, other), end: Math.max(one, other) },
      }),
    )
  return fc.record({ text: fc.constant(text), seen: fc.array(seen, { maxLength: 12 }) })
})

test('every character that is seen and not proved is left, and no other', () => {
  fc.assert(
    fc.property(given, ({ text, seen }) => {
      const got = unproved(text, seen)
      const proved = provedIn(text)
      for (const entity of entities) {
        const of = seen.filter((one) => one.entity === entity)
        const stretches = got.get(entity) ?? []
        let reach = 0
        for (const [start, end] of stretches) {
          assert.ok(start >= reach && end > start, 'they ascend and do not overlap')
          reach = end
        }
        for (let at = 0; at < text.length; at++) {
          const isSeen = of.some(({ start, end }) => start <= at && at < end)
          const isLeft = stretches.some(([start, end]) => start <= at && at < end)
          assert.equal(isLeft, isSeen && !proved.has(at), `${entity} at ${at}`)
        }
      }
    }),
  )
})

/** UTF-16 offsets of what the detectors prove, one by one. */
function provedIn(text: string): ReadonlySet<number> {
  const bytes = Buffer.from(text)
  const spans: Parameters<typeof scanCell>[1] = []
  scanCell({ bytes, from: 0, to: bytes.length, hint: 0, kind: 'string' }, spans)
  const proved = new Set<number>()
  for (const { start, end, confidence, validator } of spans) {
    if (confidence < 80 && validator === undefined) continue
    const from = bytes.subarray(0, start).toString().length
    const to = bytes.subarray(0, end).toString().length
    for (let at = from; at < to; at++) proved.add(at)
  }
  return proved
}
