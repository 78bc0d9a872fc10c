import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../model/json.ts'
import { type ArgumentChange, changesBetween } from './changes.ts'

const long = 'x'.repeat(2_000)
const cases: Readonly<
  Record<string, readonly [JsonObject, JsonObject, readonly ArgumentChange[]]>
> = {
  'the same': [{ a: 1, b: [1, { c: null }] }, { a: 1, b: [1, { c: null }] }, []],
  'another order is no difference': [{ a: 1, b: 2 }, { b: 2, a: 1 }, []],
  'a value': [{ a: 1 }, { a: 2 }, [{ pointer: '/a', change: 'changed', before: 1, after: 2 }]],
  'a member more': [{}, { a: { b: 1 } }, [{ pointer: '/a', change: 'added', after: { b: 1 } }]],
  'a member less': [{ a: null }, {}, [{ pointer: '/a', change: 'removed', before: null }]],
  'deep in a list': [
    { to: [{ iban: 'A' }, { iban: 'B' }] },
    { to: [{ iban: 'A' }, { iban: 'C' }, { iban: 'D' }] },
    [
      { pointer: '/to/1/iban', change: 'changed', before: 'B', after: 'C' },
      { pointer: '/to/2', change: 'added', after: { iban: 'D' } },
    ],
  ],
  'another kind of value': [
    { a: [1] },
    { a: { 0: 1 } },
    [{ pointer: '/a', change: 'changed', before: [1], after: { 0: 1 } }],
  ],
  'names that pointers escape': [
    { 'a/b': 1, '~': 1 },
    { 'a/b': 2, '~': 2 },
    [
      { pointer: '/a~1b', change: 'changed', before: 1, after: 2 },
      { pointer: '/~0', change: 'changed', before: 1, after: 2 },
    ],
  ],
  'a name that every object has': [
    {},
    { constructor: 'x' },
    [{ pointer: '/constructor', change: 'added', after: 'x' }],
  ],
  'a value too long to show': [
    { a: long },
    { a: 'short' },
    [{ pointer: '/a', change: 'changed', after: 'short' }],
  ],
}

for (const [name, [before, after, expected]] of Object.entries(cases)) {
  test(`what differs: ${name}`, () => {
    assert.deepEqual(changesBetween(before, after), { changes: expected, shortened: false })
  })
}

test('more differences than anybody reads are counted out', () => {
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`a${n}`, n]))
  const { changes, shortened } = changesBetween({}, many)
  assert.deepEqual([changes.length, shortened], [100, true])
  const { a100: _, ...fewer } = many
  assert.equal(changesBetween({}, fewer).shortened, false)
})

const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, 0, 1, '', 'a'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '~', '/', '__proto__'), tie('value'), { maxKeys: 3 }),
  ),
})).value
const objects = fc.dictionary(fc.constantFrom('a', 'b', '~', '/'), values, { maxKeys: 3 })

test('two arguments differ exactly where it is said, and nowhere else', () => {
  fc.assert(
    fc.property(objects, objects, (before, after) => {
      const { changes } = changesBetween(before, after)
      for (const { pointer, change, ...shown } of changes) {
        const [old, now] = [at(before, pointer), at(after, pointer)]
        assert.notDeepEqual(old, now)
        assert.deepEqual(
          [old === undefined, now === undefined],
          [change === 'added', change === 'removed'],
        )
        assert.deepEqual([shown.before, shown.after], [old, now])
      }
      if (changes.length === 0) assert.equal(sorted(before), sorted(after))
    }),
  )
})

function at(value: Json, pointer: string): Json | undefined {
  const names = pointer.split('/').slice(1)
  return names.reduce<Json | undefined>((found, name) => {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    return (found as Record<string, Json>)[key]
  }, value)
}

/** JSON text in which the order of members does not matter. */
function sorted(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}:${sorted(one)}`,
  )
  return `{${members.toSorted().join(',')}}`
}
