import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureKind, outageReason } from './failure-kind.ts'

const cases: readonly (readonly [string, number | undefined, 'suspended' | 'broken', string?])[] = [
  ['no room', 13, 'suspended', 'disk-full'],
  ['read-only', 8, 'suspended', 'read-only'],
  ['read-only, found while recovering', 8 | (1 << 8), 'suspended', 'read-only'],
  ['a file that cannot be opened', 14, 'suspended', 'unwritable'],
  ['somebody else holds it', 5, 'suspended', 'unwritable'],
  ['a write that was refused', 10 | (3 << 8), 'suspended', 'unwritable'],
  ['a failed sync', 10 | (4 << 8), 'broken'],
  ['a failed sync of the folder', 10 | (5 << 8), 'broken'],
  ['a failed read', 10 | (1 << 8), 'broken'],
  ['an I/O error without more', 10, 'broken'],
  ['damage', 11, 'broken'],
  ['not a database', 26, 'broken'],
  ['a wrong statement', 1, 'broken'],
  ['an error that is not SQLite\u2019s', undefined, 'broken'],
]
for (const [name, errcode, expected, reason = 'unwritable'] of cases) {
  test(`a failure to write: ${name}`, () => {
    const thrown = Object.assign(new Error(name), errcode !== undefined && { errcode })
    assert.equal(failureKind(thrown), expected)
    assert.equal(outageReason(thrown), reason)
  })
}

test('whatever is no error is not trusted', () => {
  for (const thrown of [undefined, null, 'full', 13]) assert.equal(failureKind(thrown), 'broken')
})
