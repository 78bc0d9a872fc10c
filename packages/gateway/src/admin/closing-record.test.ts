import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../../test/desk-yard.ts'
import type { Store } from '../store/store.ts'
import { closingRecord } from './closing-record.ts'

/** After everything that the home has written of itself. */
const start = Date.UTC(2100, 0, 2)
const minute = 60_000
const dateOf = (n: number) => start + n * minute

/** One record a minute; these of them close a campaign. */
async function fill(store: Store, closings: Readonly<Record<number, string>>): Promise<void> {
  for (let n = 0; n < 40; n++) {
    const time = new Date(dateOf(n)).toISOString()
    const campaign = closings[n]
    const record =
      campaign === undefined
        ? ({ type: 'payload.read', time, record: 0, role: 'args', by: 'corp:ann' } as const)
        : ({
            ...({ type: 'campaign.closed', time, campaign, by: 'corp:root' } as const),
            ...{ manifest: 'sha256:0', population: 'sha256:0', counts: [] },
          } as const)
    await store.commit({ record, payloads: [] })
  }
}

type Asked = readonly [id: string, closedAt: number | undefined, expected: number | undefined]
const rows: Readonly<Record<string, Asked>> = {
  'the first record': ['first', dateOf(0), 0],
  'one in the middle': ['middle', dateOf(17), 17],
  'the last one': ['last', dateOf(39), 39],
  'where another was closed at that time': ['beside', dateOf(18), 18],
  'a campaign that the log knows nothing of': ['none', dateOf(17), undefined],
  'a date beyond the log': ['middle', dateOf(90), undefined],
  'one that is not closed': ['middle', undefined, undefined],
}

test('the record of a closing is found by its date', async (t) => {
  const store = await openMemoryStore()
  t.after(() => store.close())
  const first = await store.size()
  await fill(store, { 0: 'first', 17: 'middle', 18: 'beside', 39: 'last' })
  for (const [name, [id, closedAt, expected]] of Object.entries(rows)) {
    const campaign = { id, ...(closedAt !== undefined && { closedAt }) }
    const found = await closingRecord(store, campaign)
    assert.equal(found, expected === undefined ? undefined : first + expected, name)
  }
})
