import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PayloadRole, payloadRoles } from '../record.ts'
import { openPayloadSet, type PayloadSet, recordsMax } from './payload-set.ts'

const listed = (set: PayloadSet) =>
  [...set.entries()].flatMap(([record, roles]) => roles.map((role) => `${record}.${role}`))

/** Does the same to a set of texts, and compares. */
function check(steps: readonly (readonly ['add' | 'delete', number, PayloadRole])[]): void {
  const set = openPayloadSet()
  const model = new Map<string, readonly [number, PayloadRole]>()
  for (const [step, record, role] of steps) {
    set[step](record, role)
    if (step === 'add') model.set(`${record}.${role}`, [record, role])
    else model.delete(`${record}.${role}`)
  }
  const copy = set.copy()
  for (const [, record, role] of steps) {
    assert.equal(set.has(record, role), model.has(`${record}.${role}`))
  }
  const expected = [...model.values()]
    .sort(([a, x], [b, y]) => a - b || payloadRoles.indexOf(x) - payloadRoles.indexOf(y))
    .map(([record, role]) => `${record}.${role}`)
  assert.deepEqual(listed(set), expected)
  assert.deepEqual(listed(copy), expected)
  const [first] = model.values()
  if (!first) return
  copy.delete(...first)
  assert.equal(set.has(...first), true, 'a copy is another set')
  assert.equal(copy.has(...first), false)
}

const record = fc.oneof(fc.nat(20), fc.constantFrom(recordsMax - 1, recordsMax - 2, 2 ** 31))
const step = fc.tuple(fc.constantFrom('add', 'delete'), record, fc.constantFrom(...payloadRoles))
test('is a set of records and roles', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), check))
})

test('a million records that come and go take room for few', () => {
  const set = openPayloadSet()
  for (let at = 0; at < 1_000_000; at += 1) {
    set.add(at, 'args')
    set.add(at, 'result')
    if (at >= 100) for (const role of ['args', 'result'] as const) set.delete(at - 100, role)
  }
  assert.ok(set.room() <= 1024, `${set.room()}`)
  assert.equal(listed(set).length, 200)
})
