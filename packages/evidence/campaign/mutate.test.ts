import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCampaign } from './mutants.ts'

/** The short form; `npm run campaign:mutate -- --count 100000` is the long one. */
const count = 400

test(`${count} mutants are caught, or mean the same`, async (t) => {
  const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 2 ** 31))
  t.diagnostic(`seed ${seed}`)
  const { missed, caughtBy, kinds } = await runCampaign({ count, seed })
  assert.deepEqual(missed, [])
  // A campaign that catches nothing, or tries few kinds, would pass as well.
  assert.ok([...caughtBy.values()].reduce((sum, n) => sum + n, 0) > count / 2)
  assert.ok(kinds.size > 12, `${kinds.size} kinds`)
})
