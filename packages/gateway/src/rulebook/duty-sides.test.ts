import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpFunctionOf } from '../../test/rulebook-parts.ts'
import type { JsonObject } from '../model/json.ts'
import type { DutyRule } from '../model/review-rules.ts'
import { dutySidesOf } from './duty-sides.ts'

const rule: DutyRule = {
  id: 'two',
  reason: 'r',
  left: ['vendors.create'],
  right: ['payments.*'],
  object: { left: '$.id', right: "$.lines[1]['vendor id']" },
  effect: 'deny',
  approvers: [],
  exempt: [],
}

/** Sides as `rule side object`; `-` where it is not named. */
function check(
  functionId: string,
  values: JsonObject,
  expected: readonly string[],
  text: Readonly<Record<string, string>> = {},
): void {
  const other = { ...rule, id: 'other', left: ['payments.send'], right: ['vendors.*'] }
  const { object: _, ...held } = { ...rule, id: 'held' }
  const sides = dutySidesOf([rule, other, held])
  const fn = httpFunctionOf({ id: functionId })
  const args = { values, exactNumber: (path: readonly string[]) => text[path.join('.')] }
  const told = sides(fn, args).map(
    ({ rule, side, object }) => `${rule.id} ${side} ${object ?? '-'}`,
  )
  assert.deepEqual(told, expected)
  assert.deepEqual(
    sides(fn, args).map(({ rule, side, object }) => `${rule.id} ${side} ${object ?? '-'}`),
    expected,
  )
}

type Row = readonly [
  name: string,
  functionId: string,
  values: JsonObject,
  expected: readonly string[],
  text?: Readonly<Record<string, string>>,
]
const line = (vendor: JsonObject[string]): JsonObject => ({
  lines: [{}, { 'vendor id': vendor }],
})
const rows: readonly Row[] = [
  ['no rule is about it', 'crm.get', { id: 'v' }, []],
  [
    'on the left of one, the right of another',
    'vendors.create',
    { id: 'v' },
    ['two left v', 'other right -'],
  ],
  ['by a pattern, deep in the arguments', 'payments.list', line('v'), ['two right v']],
  ['a number is its text', 'payments.list', line(12), ['two right 12']],
  ['a truth', 'payments.list', line(true), ['two right true']],
  [
    'a number that cannot be held is its exact text',
    'payments.list',
    line(2 ** 60),
    ['two right 1152921504606846977'],
    { 'lines.1.vendor id': '1152921504606846977' },
  ],
  ['without that, it is not named', 'payments.list', line(2 ** 60), ['two right -']],
  ['absent', 'payments.list', {}, ['two right -']],
  ['empty', 'payments.list', line(''), ['two right -']],
  ['null', 'payments.list', line(null), ['two right -']],
  ['an object', 'payments.list', line({ id: 'v' }), ['two right -']],
  ['a list where a name is meant', 'payments.list', { lines: [[], []] }, ['two right -']],
  [
    'what every object inherits is not an argument',
    'vendors.create',
    JSON.parse('{"__proto__":{"id":"v"}}'),
    ['two left -', 'other right -'],
  ],
]
for (const [name, functionId, values, expected, text] of rows) {
  test(name, () => check(functionId, values, expected, text))
}
