import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../../model/json.ts'
import { hasFittingHeaders, paramHeaders } from './param-headers.ts'

const text = (header: string) => ({ type: 'string', 'x-mcp-header': header })

/** The headers for these arguments, or that no call can be made. */
function check(properties: JsonObject, args: JsonObject, expected: string): void {
  const schema = { type: 'object', properties }
  const params = Buffer.from(JSON.stringify({ name: 'x', arguments: args }))
  const headers = paramHeaders(schema, params).map(([name, value]) => `${name}: ${value}`)
  assert.equal(hasFittingHeaders(schema) ? headers.join(', ') : 'unfit', expected)
}

const cases: readonly (readonly [string, JsonObject, JsonObject, string])[] = [
  ['none', { a: { type: 'string' } }, { a: 'b' }, ''],
  ['a text', { a: text('Region') }, { a: 'us-west1' }, 'mcp-param-region: us-west1'],
  [
    'beyond ASCII',
    { a: text('A') },
    { a: 'Hello, 世界' },
    'mcp-param-a: =?base64?SGVsbG8sIOS4lueVjA==?=',
  ],
  [
    'blanks at the ends',
    { a: text('A') },
    { a: ' padded ' },
    'mcp-param-a: =?base64?IHBhZGRlZCA=?=',
  ],
  [
    'a line break',
    { a: text('A') },
    { a: 'line1\nline2' },
    'mcp-param-a: =?base64?bGluZTEKbGluZTI=?=',
  ],
  [
    'what looks encoded',
    { a: text('A') },
    { a: '=?base64?literal?=' },
    'mcp-param-a: =?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=',
  ],
  ['empty', { a: text('A') }, { a: '' }, 'mcp-param-a: =?base64??='],
  ['a whole number', { a: { type: 'integer', 'x-mcp-header': 'A' } }, { a: -7 }, 'mcp-param-a: -7'],
  ['a truth', { a: { type: 'boolean', 'x-mcp-header': 'A' } }, { a: false }, 'mcp-param-a: false'],
  ['nothing there', { a: text('A') }, {}, ''],
  ['null', { a: text('A') }, { a: null }, ''],
  [
    'inside',
    { a: { type: 'object', properties: { b: text('B') } } },
    { a: { b: 'c' } },
    'mcp-param-b: c',
  ],
  [
    'a text or nothing',
    { a: { type: ['string', 'null'], 'x-mcp-header': 'A' } },
    { a: 'b' },
    'mcp-param-a: b',
  ],
  ['inherited by no argument', { constructor: text('A') }, {}, ''],
  ['twice', { a: text('A'), b: text('a') }, {}, 'unfit'],
  ['empty name', { a: text('') }, {}, 'unfit'],
  ['a name that is none', { a: text('a b') }, {}, 'unfit'],
  ['a line break in the name', { a: text('a\r\nb') }, {}, 'unfit'],
  ['a number', { a: { type: 'number', 'x-mcp-header': 'A' } }, {}, 'unfit'],
  ['of an element', { a: { type: 'array', items: text('A') } }, {}, 'unfit'],
  ['of a choice', { a: { anyOf: [text('A')] } }, {}, 'unfit'],
  ['an argument of this name', { 'x-mcp-header': { type: 'string' } }, { 'x-mcp-header': 'a' }, ''],
]
for (const [name, properties, args, expected] of cases) {
  test(name, () => check(properties, args, expected))
}
