import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../config/limits.ts'
import type { Json } from '../model/json.ts'
import { differencesOf } from './difference.ts'

const text = (value: Json | undefined) => (value === undefined ? '' : JSON.stringify(value))

/** Each difference as `where: before → after`. */
const cases: readonly (readonly [string, Json | undefined, Json | undefined, readonly string[]])[] =
  [
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['a member', { a: { max: 20 } }, { a: { max: 50 } }, ['a.max: 20 → 50']],
    ['a new member', { a: {} }, { a: { ssn: { type: 'string' } } }, ['a.ssn: {"type":"string"} ←']],
    ['a lost member', { a: 1, b: 2 }, { a: 1 }, ['b: 2 →']],
    [
      'parameters by name and place, in any order',
      {
        p: [
          { name: 'id', in: 'path' },
          { name: 'q', in: 'query', max: 1 },
        ],
      },
      {
        p: [
          { name: 'q', in: 'query', max: 2 },
          { name: 'id', in: 'path' },
        ],
      },
      ['p.q (query).max: 1 → 2'],
    ],
    ['an element of a list of words', ['a', 'b'], ['b', 'c'], ['"a": "a" →', '"c": "c" ←']],
    ['another order', { a: ['a', 'b'] }, { a: ['b', 'a'] }, ['a: ["a","b"] → ["b","a"]']],
    [
      'one more of the same name, beside one that is named like it',
      [{ name: 'a', in: 'query' }, { name: 'a (query) #2' }],
      [{ name: 'a', in: 'query' }, { name: 'a', in: 'query', max: 9 }, { name: 'a (query) #2' }],
      [
        'a (query) #2.name: "a (query) #2" → "a"',
        'a (query) #2.in: "query" ←',
        'a (query) #2.max: 9 ←',
        'a (query) #2 #2: {"name":"a (query) #2"} ←',
      ],
    ],
    ['equal elements are counted', ['a', 'a'], ['a'], ['"a" #2: "a" →']],
    ['another kind of thing', { a: [1] }, { a: { 0: 1 } }, ['a: [1] → {"0":1}']],
    ['null is something', { a: null }, {}, ['a: null →']],
    ['all of it is new', undefined, { a: 1 }, ['{"a":1} ←']],
    ['all of it is gone', { a: 1 }, undefined, ['{"a":1} →']],
  ]

test('two descriptions are compared member by member', async (t) => {
  for (const [name, before, after, expected] of cases) {
    await t.test(name, () => {
      const differences = differencesOf(text(before), text(after), limits)
      const lines = differences.map(({ at, before: old, after: now }) => {
        const change = old === undefined ? `${now} ←` : now === undefined ? `${old} →` : ''
        return [...(at.length > 0 ? [`${at.join('.')}:`] : []), change || `${old} → ${now}`].join(
          ' ',
        )
      })
      assert.deepEqual(lines, expected)
    })
  }
})

const long = 'x'.repeat(5000)
const half = 'x'.repeat(100)

test('of long values everything is shown that differs', () => {
  const before = { d: `${long}${long}`, e: long }
  const after = { d: `${long} and tells everybody ${long}`, e: `${long} too`, f: long }
  assert.deepEqual(differencesOf(text(before), text(after), limits), [
    { at: ['d'], before: `… ${half}${half} …`, after: `… ${half} and tells everybody ${half} …` },
    { at: ['e'], before: `… ${half}"`, after: `… ${half} too"` },
    { at: ['f'], after: text(long) },
  ])
  // Nothing was known of what was registered: the end of it is as visible as its beginning.
  const [all] = differencesOf('', text(after), limits)
  assert.equal(all?.after, text(after))
})

test('too many differences, or too long ones, are shown as one', () => {
  const after = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`m${at}`, at]))
  const one = [{ at: [], before: '{}', after: text(after) }]
  assert.equal(differencesOf('{}', text(after), limits).length, 30)
  for (const less of [{ differencesShown: 29 }, { differenceChars: 50 }]) {
    assert.deepEqual(differencesOf('{}', text(after), { ...limits, ...less }), one)
  }
})
