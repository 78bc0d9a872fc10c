import assert from 'node:assert/strict'
import { test } from 'node:test'
import { principalOf } from '../../../../test/rulebook-parts.ts'
import { isInReach } from './in-reach.ts'

const rows: readonly (readonly [
  name: string,
  endpoint: string,
  scope: readonly string[] | undefined,
  expected: boolean,
])[] = [
  ['where all connections are, with every right of its parties', '', undefined, true],
  ['at its own connection', 'pay', undefined, true],
  ['at another', 'crm', undefined, false],
  ['at one whose name begins like it', 'pa', undefined, false],
  ['with a key for its function', '', ['crm.*', 'pay.refund'], true],
  ['with a key for its connection', 'pay', ['pay.*'], true],
  ['with a key for another function', '', ['pay.read'], false],
  ['with a key for nothing', 'pay', [], false],
]

test('a question is there where its function could be called', async (t) => {
  for (const [name, endpoint, scope, expected] of rows) {
    await t.test(name, () => {
      const principal = principalOf(scope && { scope })
      assert.equal(isInReach({ functionId: 'pay.refund' }, { principal, endpoint }), expected)
    })
  }
})
