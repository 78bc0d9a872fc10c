import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaskStrategy } from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { readRulebook } from './load.ts'
import { unfitMasks } from './unfit-masks.ts'

const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  ...{ type: 'object', properties, required },
})
const drop: MaskStrategy = { kind: 'drop' }
const put = (value: Json): MaskStrategy => ({ kind: 'replace', with: value })
const customer = object({ name: { type: 'string' }, note: { type: ['string', 'null'] } }, ['name'])
const schema = object({
  customer,
  list: { type: 'array', items: customer },
  n: { type: 'integer' },
})

/** `fits`, or what is said of a mask: what has to be there, or may not be. */
type Row = readonly [schema: JsonObject, path: string, strategy: MaskStrategy, said: string]
const rows: readonly Row[] = [
  [schema, '$.customer.name', drop, 'has to have `name`'],
  [schema, '$.customer.note', drop, 'fits'],
  [schema, '$.customer', drop, 'fits'],
  [schema, '$.list[*].name', drop, 'has to have `name`'],
  [schema, '$.list[0].name', drop, 'has to have `name`'],
  [schema, '$.list[*]', drop, 'fits'],
  [schema, "$['customer','list'].name", drop, 'has to have `name`'],
  [schema, '$.customer.*', drop, 'has to have members'],
  [schema, '$', drop, 'takes no null'],
  // What begins anywhere leads to many places, some of them in no schema.
  [schema, '$..name', drop, 'fits'],
  [schema, '$.unknown.name', drop, 'fits'],
  [schema, '$.customer.name', put(null), 'takes no null'],
  [schema, '$.customer.name', put('hidden'), 'fits'],
  [schema, '$.customer.name', put(0), 'takes no 0'],
  [schema, '$.customer.note', put(null), 'fits'],
  [schema, '$.customer.note', put([]), 'takes no []'],
  [schema, '$.n', put(1.5), 'takes no 1.5'],
  [schema, '$.n', put(0), 'fits'],
  [schema, '$.list', put([]), 'fits'],
  [schema, '$.customer', put('x'.repeat(100)), `takes no "${'x'.repeat(39)}… by`],
  [schema, '$.unknown', put(null), 'fits'],
  [schema, '$.n', { kind: 'redact', label: 'X' }, 'fits'],
  [object({ a: { enum: ['x', { b: 1 }] } }), '$.a', put({ b: 1 }), 'fits'],
  [{ allOf: [object({}, ['a'])] }, '$.a', drop, 'has to have `a`'],
  [{ anyOf: [object({}, ['a']), object({})] }, '$.a', drop, 'fits'],
  [{ $ref: '#/$defs/x', $defs: { x: object({}, ['a']) } }, '$.a', drop, 'has to have `a`'],
  [{ $ref: '#/$defs/x', $defs: { x: { $ref: '#/$defs/x' } } }, '$.a', drop, 'fits'],
]
for (const [given, path, strategy, said] of rows) {
  test(`${path} ${JSON.stringify(strategy)} of ${JSON.stringify(given).slice(0, 60)}: ${said}`, () => {
    const mask = { id: 'm', path, strategy }
    const fn = { id: 'crm.get', argumentSchema: object({}), argumentMasks: [], resultMasks: [] }
    const ofResult = unfitMasks({ ...fn, resultSchema: given, resultMasks: [mask] })
    const seenBy = (from: 'upstream' | 'record') =>
      unfitMasks({ ...fn, argumentSchema: given, argumentMasks: [{ ...mask, from: [from] }] })
    for (const flaws of [ofResult, seenBy('upstream')]) {
      assert.equal(flaws.length, said === 'fits' ? 0 : 1)
      const [{ message, hint } = { message: 'fits' }] = flaws
      assert.ok(message.includes(said), message)
      assert.ok(flaws.length === 0 || hint?.includes('`redact`'), hint)
    }
    // Nobody checks what is only on record.
    assert.deepEqual(seenBy('record'), [])
  })
}

test('a rulebook says where, and is in force all the same', () => {
  const file = (name: string, text: string) => [{ file: name, text }]
  const read = readRulebook({
    connections: file(
      'connections/crm.yaml',
      'id: crm\nprotocol: http\nupstream: https://crm.internal\nprefix: /crm\ncredential: none\n',
    ),
    functions: file(
      'functions/crm.yaml',
      `connection: crm
functions:
  - name: get
    purpose: Read a customer
    owner: team
    sensitivity: confidential
    risk: low
    http: GET /customers
    result: ${JSON.stringify(customer)}
    mask:
      - { path: $.name, drop: true }
`,
    ),
    masking: file(
      'masking.yaml',
      "rules:\n  - { functions: ['*'], mask: [{ path: $.note, replace: 7, id: seven }] }\n",
    ),
    ...{ policies: [], tests: [], approvals: [], reviews: [], gitleaks: [] },
  })
  assert.ok('warnings' in read, JSON.stringify(read))
  assert.deepEqual(
    read.warnings.map(({ file, line, message }) => `${file}:${line} ${message}`),
    [
      'functions/crm.yaml:10 The result of crm.get has to have `name` by its schema, and the mask `crm.get#$.name` ($.name) drops it.',
      'functions/crm.yaml:10 The result of crm.get takes no 7 by its schema where the mask `seven` ($.note) puts it.',
    ],
  )
})
