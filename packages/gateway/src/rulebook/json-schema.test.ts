import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../model/json.ts'
import { compileSchema } from './json-schema.ts'

/** `expected`: the problems of the value, or what is said of a schema that cannot be used. */
function check(schema: JsonObject, value: JsonObject, expected: readonly string[]): void {
  const compiled = compileSchema(schema)
  const got =
    'faults' in compiled
      ? compiled.faults.map(({ message }) => message)
      : compiled.check(value).map(({ pointer, problem }) => `${pointer} ${problem}`)
  assert.deepEqual(got, expected)
}

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => {
  return { type: 'object', properties, additionalProperties: false, ...more }
}
const secret = 'hunter2hunter2'

const cases: readonly (readonly [string, JsonObject, JsonObject, readonly string[]])[] = [
  ['fits', object({ a: { type: 'integer' } }), { a: 1 }, []],
  ['wrong type', object({ a: { type: 'integer' } }), { a: secret }, ['/a must be integer']],
  ['missing', object({ a: {} }, { required: ['a'] }), {}, ['/a is required']],
  [
    'inherited is missing',
    object({ toString: {} }, { required: ['toString'] }),
    {},
    ['/toString is required'],
  ],
  [
    'unknown',
    object({ amount: {} }),
    { amuont: 1 },
    ['/amuont is not known; did you mean amount?'],
  ],
  [
    'all at once',
    object({ a: { type: 'integer' }, b: { type: 'boolean' } }),
    { a: secret, b: secret },
    ['/a must be integer', '/b must be boolean'],
  ],
  ['enum', object({ a: { enum: ['x'] } }), { a: secret }, ['/a is not one of the allowed values']],
  [
    'pattern',
    object({ a: { type: 'string', pattern: '^x+$' } }),
    { a: secret },
    ['/a does not have the required form'],
  ],
  [
    'each pattern is its own',
    object({ a: { type: 'string', pattern: '^a+$' }, b: { type: 'string', pattern: '^b+$' } }),
    { a: 'bbb', b: 'bbb' },
    ['/a does not have the required form'],
  ],
  ['pattern is unanchored', object({ a: { type: 'string', pattern: 'nter' } }), { a: secret }, []],
  [
    'format',
    object({ a: { type: 'string', format: 'email' } }),
    { a: secret },
    ['/a must match format "email"'],
  ],
  [
    'a format is bounded',
    object({ a: { type: 'string', format: 'email' } }),
    { a: `${'a'.repeat(2000)}@b.example` },
    ['/a must match format "email"'],
  ],
  ['a header of MCP', object({ a: { type: 'string', 'x-mcp-header': 'Region' } }), {}, []],
  ['unknown keyword', object({ a: { typ: 'string' } }), {}, ['Unknown keyword: "typ".']],
  [
    'no such type',
    object({ a: { type: 'text' } }),
    {},
    ['In the JSON Schema this must be equal to one of the allowed values.'],
  ],
  [
    'reference outside',
    object({ a: { $ref: 'https://x.example/s' } }),
    {},
    ['A `$ref` leads out of this schema or nowhere.'],
  ],
  [
    'quadratic comparison',
    object({ a: { type: 'array', uniqueItems: true } }),
    {},
    ['Comparing every two elements takes too long without a bound.'],
  ],
]
for (const [name, schema, value, expected] of cases) {
  test(name, () => check(schema, value, expected))
}

test('a pattern that needs backtracking, or too much for each character, is refused', () => {
  for (const pattern of ['(?=a)b', '(a)\\1', '(?<!a)b', '(?:[a-z]?){1000}'.repeat(3)]) {
    const compiled = compileSchema(object({ a: { type: 'string', pattern } }))
    assert.ok('faults' in compiled)
    assert.match(compiled.faults[0]?.message ?? '', /linear time/)
  }
})

test('a pattern that would backtrack for ever is linear', () => {
  check(object({ a: { type: 'string', pattern: '^(a+)+$' } }), { a: `${'a'.repeat(50_000)}!` }, [
    '/a does not have the required form',
  ])
})

test('at most twenty problems, whatever is sent', () => {
  const compiled = compileSchema({ type: 'object', additionalProperties: { type: 'integer' } })
  assert.ok('check' in compiled)
  const value = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'x']))
  assert.equal(compiled.check(value).length, 20)
})

test('problems never hold a value', () => {
  const compiled = compileSchema(
    object({ a: { type: 'integer', maximum: 3 }, b: { type: 'string', maxLength: 2 } }),
  )
  assert.ok('check' in compiled)
  const value = fc.string({ minLength: 12, maxLength: 20 }).map((text): Json => `§${text}`)
  fc.assert(
    fc.property(value, value, (a, b) => {
      const said = JSON.stringify(compiled.check({ a, b }))
      assert.ok(!said.includes(JSON.stringify(a).slice(1, -1)))
      assert.ok(!said.includes(JSON.stringify(b).slice(1, -1)))
    }),
  )
})
