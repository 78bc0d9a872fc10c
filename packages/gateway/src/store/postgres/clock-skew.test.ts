import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../config/limits.ts'
import { clockSkew } from './clock-skew.ts'

const databaseMs = 1_700_000_000_000
const cases: readonly (readonly [apartMs: number, expected: RegExp | undefined])[] = [
  [0, undefined],
  [limits.clockLeewayMs, undefined],
  [-limits.clockLeewayMs, undefined],
  [300_000, /300 s ahead of the database's/],
  [-300_000, /300 s behind the database's/],
  [Number.NaN, /NaN/],
]
for (const [apartMs, expected] of cases) {
  test(`${apartMs} ms apart`, () => {
    const said = clockSkew({ databaseMs, ownMs: databaseMs + apartMs })
    if (expected) assert.match(said ?? '', expected)
    else assert.equal(said, undefined)
  })
}
