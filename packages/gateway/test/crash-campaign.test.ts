import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crashGateway, crashTarget, emptyTally } from '../../../campaign/crash-lane.ts'
import { seededRandom } from '../../../campaign/seeded-random.ts'

// The short form of `npm run campaign:crash`: other moments in every run, and the seed to run them again.

const cases = [
  { name: 'the store and the publisher, killed', crash: crashTarget, kills: 10 },
  { name: 'a whole gateway, killed', crash: crashGateway, kills: 2 },
]
for (const { name, crash, kills } of cases) {
  test(`${name}: nothing is lost, and the log verifies`, async (t: TestContext) => {
    const seed = Date.now() % 1_000_000
    const tally = emptyTally()
    t.diagnostic(`seed ${seed}`)
    await crash(kills, { random: seededRandom(seed), tally, env: process.env })
    const total = [...tally.kills.values()].reduce((sum, count) => sum + count, 0)
    // Some are followed by recoveries, which are killed too.
    assert.ok(total >= kills)
    t.diagnostic(`${tally.records} records, ${tally.acknowledged} calls acknowledged`)
    assert.ok(tally.records > 0)
  })
}

const program = join(import.meta.dirname, '../../../campaign/crash.ts')
const nonsense: readonly (readonly string[])[] = [
  ['--count', 'abc'],
  ['--count', '0'],
  ['--count=-5'],
  ['--count', '1e3'],
  ['--seed', 'x'],
  ['--from', '0'],
  // Two hundred kills are ten homes.
  ['--from', '11'],
]
for (const args of nonsense) {
  test(`a campaign that was told nonsense kills nothing: ${args.join(' ')}`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
    })
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^--(count|seed|from) is /)
  })
}
