import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../model/json.ts'
import { type EmptyPlace, emptyPlaceOf } from './empty-place.ts'

const object = (properties: JsonObject): JsonObject => ({ type: 'object', properties })

const rows: readonly (readonly [schema: JsonObject | undefined, path: string, is: EmptyPlace])[] = [
  [undefined, '$.a', 'null'],
  [object({}), '$.a', 'null'],
  [object({ a: { type: 'string' } }), '$.a', 'mark'],
  [object({ a: { type: ['string', 'null'] } }), '$.a', 'null'],
  [object({ a: { type: 'integer' } }), '$.a', 'zero'],
  [object({ a: { type: ['integer', 'string'] } }), '$.a', 'mark'],
  [object({ a: {} }), '$.a', 'null'],
  [object({ a: true }), '$.a', 'null'],
  [object({ a: { enum: ['x', null] } }), '$.a', 'null'],
  [object({ a: { const: 7 } }), '$.a', 'mark'],
  [object({ a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }), '$.a', 'null'],
  [object({ a: { allOf: [{ type: 'string' }, {}] } }), '$.a', 'mark'],
  [object({ a: { type: 'array', items: { type: 'number' } } }), '$.a[*]', 'zero'],
  [object({ a: { type: 'array', items: object({ b: { type: 'string' } }) } }), '$.a[*].b', 'mark'],
  [object({ a: object({ b: { type: 'string' } }) }), '$.a.c', 'null'],
  [{ type: 'object', additionalProperties: { type: 'string' } }, '$.c', 'mark'],
  // A key that is not named may be any of them.
  [object({ 'a-b': { type: 'string' }, c: {} }), '$[*]', 'mark'],
  [{ anyOf: [object({ a: { type: 'string' } }), object({})] }, '$.a', 'mark'],
  [{ ...object({ a: { $ref: '#/$defs/x' } }), $defs: { x: { type: 'string' } } }, '$.a', 'mark'],
  // A schema of itself has an end, and what has none is not guessed.
  [{ ...object({ a: { $ref: '#/$defs/x' } }), $defs: { x: { $ref: '#/$defs/x' } } }, '$.a', 'mark'],
]

for (const [schema, path, is] of rows) {
  test(`${JSON.stringify(schema)} ${path}`, () => {
    const placeOf = emptyPlaceOf(schema)
    assert.equal(placeOf(path), is)
    assert.equal(placeOf(path), is)
  })
}
