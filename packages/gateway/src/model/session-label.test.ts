import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelsBrought } from './session-label.ts'

const rows: readonly (readonly [Parameters<typeof labelsBrought>[0], readonly string[]])[] = [
  [{ sensitivity: 'public' }, []],
  [{ sensitivity: 'internal', taints: ['untrusted'] }, ['untrusted']],
  [{ sensitivity: 'confidential' }, ['confidential']],
  [
    { sensitivity: 'restricted', taints: ['untrusted', 'private'] },
    ['untrusted', 'private', 'confidential', 'restricted'],
  ],
]

test('a call brings its taints, and every level up to its sensitivity', () => {
  for (const [fn, expected] of rows) assert.deepEqual(labelsBrought(fn), expected)
})
