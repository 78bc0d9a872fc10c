import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { entry, intent, outcome } from '../store/conformance-entries.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { type Entry, Unavailable } from '../store/store.ts'
import { openLedger } from './ledger.ts'

type Case = {
  readonly name: string
  /** Which outcomes the store refuses at first. */
  readonly lost: boolean
  /** Written past the ledger while it is lost. */
  readonly meanwhile?: (intent: number) => Entry
  readonly endings: readonly string[]
}
const cases: readonly Case[] = [
  { name: 'an outcome that is written is the ending', lost: false, endings: ['call.outcome'] },
  {
    name: 'an outcome that is lost is said to be',
    lost: true,
    endings: ['reconcile.indeterminate'],
  },
  {
    name: 'an outcome that was written after all is left alone',
    lost: true,
    meanwhile: (index) => entry(outcome(index, { call: 'c' })),
    endings: ['call.outcome'],
  },
]
for (const { name, lost, meanwhile, endings } of cases) {
  test(name, async (t) => {
    const kek = new Uint8Array(32)
    const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
    t.after(() => store.close())
    let refusing = false
    let nudges = 0
    const ledger = openLedger({
      store: {
        ...store,
        refusing: () => (refusing ? 'no room' : undefined),
        commit: async (given) => {
          if (refusing) throw new Unavailable('no room')
          return store.commit(given)
        },
      },
      refusing: () => undefined,
      objection: () => undefined,
      nudge: () => nudges++,
      now: Date.now,
      lostAfterMs: 20,
    })
    t.after(ledger.close)
    const { index } = await ledger.commit(entry(intent({ call: 'c' })))
    refusing = lost
    const ended = ledger.commit(entry(outcome(index, { call: 'c' })))
    if (lost) await assert.rejects(ended, Unavailable)
    else await ended
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal((await store.leavesOfCall('c')).length, lost ? 1 : 2, 'nothing while it refuses')
    if (meanwhile) await store.commit(meanwhile(index))
    refusing = false
    const found = async () =>
      (await store.leavesOfCall('c')).map(({ bytes }) => parseLeaf(bytes)).slice(1)
    for (let tries = 0; (await found()).length === 0 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.deepEqual(
      (await found()).map(({ type }) => type),
      endings,
    )
    const [ending] = await found()
    assert.ok(ending && 'intent' in ending && ending.intent === index)
    assert.ok(nudges > 0)
  })
}
