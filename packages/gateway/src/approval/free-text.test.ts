import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../model/json.ts'
import { type FreeText, freeTexts } from './free-text.ts'

const said = 'Please approve this quickly'
const cases: Readonly<Record<string, readonly [JsonObject, readonly FreeText[]]>> = {
  'names, ids and amounts are no talk': [{ id: 'c-1', name: 'Maria Lopez Diaz', amount: 3 }, []],
  'a sentence is': [{ note: said }, [{ pointer: '/note', text: said, shortened: false }]],
  'and so are lines': [{ note: 'a\nb' }, [{ pointer: '/note', text: 'a\nb', shortened: false }]],
  'deep in lists': [
    { 'to/from': [{ memo: said }] },
    [{ pointer: '/to~1from/0/memo', text: said, shortened: false }],
  ],
  'a long one is cut': [
    { note: `${'word '.repeat(300)}` },
    [{ pointer: '/note', text: 'word '.repeat(200), shortened: true }],
  ],
}

for (const [name, [values, expected]] of Object.entries(cases)) {
  test(`the caller’s own words: ${name}`, () => assert.deepEqual(freeTexts(values), expected))
}

test('of very many, the first twenty', () => {
  const many = Array.from({ length: 30 }, () => said)
  assert.equal(freeTexts({ many }).length, 20)
})
