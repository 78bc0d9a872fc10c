import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { openSqlite } from '../store/sqlite/open.ts'
import { Unavailable } from '../store/store.ts'
import { openRetention } from './retention.ts'

const day = 86_400_000
const kek = new Uint8Array(32).fill(2)
const mediaType = 'text/plain'
const bytes = new TextEncoder().encode('abc')
const classes = { standard: 400 * day, short: day }
const start = Date.UTC(2026, 0, 1)

/** Payloads of these classes, one a day; after so many days, whose payloads are gone, and how it is told. */
async function check(
  kept: readonly (string | undefined)[],
  passesAfterDays: readonly number[],
  expected: { readonly gone: readonly number[]; readonly told: readonly string[] },
): Promise<void> {
  const clock = { now: start }
  const now = () => clock.now
  const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek, now })
  try {
    const indexes: number[] = []
    for (const [days, retention] of kept.entries()) {
      const time = new Date(start + days * day).toISOString()
      const { index } = await store.commit({
        record: { type: 'call.authorized', time, call: `c${days}`, masked: [], approvals: [] },
        payloads: [{ role: 'args', mediaType, bytes, keep: true }],
        ...(retention !== undefined && { retention }),
      })
      indexes.push(index)
    }
    const retention = openRetention({
      store,
      classes,
      now,
      limits: { retentionPassMs: 1, retentionScanRecords: 4, expiredPerRecord: 2 },
      onFailure: () => assert.fail(),
    })
    let count = 0
    for (const days of passesAfterDays) {
      clock.now = start + days * day
      count += await retention.pass()
    }
    await retention.close()
    const gone: number[] = []
    for (const [position, index] of indexes.entries()) {
      if ((await store.payload(index, 'args')) === undefined) gone.push(position)
    }
    const leaves = (await store.leaves(0, 1000)).map((leaf) => parseLeaf(leaf.bytes))
    for (const leaf of leaves) {
      if (leaf.type !== 'payload.expired') continue
      assert.equal(leaf.period, classes[leaf.class === 'short' ? 'short' : 'standard'])
    }
    const told = leaves.flatMap((leaf) =>
      leaf.type === 'payload.expired'
        ? [`${leaf.class}: ${leaf.records.map((index) => indexes.indexOf(index)).join(' ')}`]
        : [],
    )
    assert.deepEqual({ gone, told, count }, { ...expected, count: expected.gone.length })
  } finally {
    await store.close()
  }
}

const both = [undefined, 'short', undefined, 'short', 'short']
const rows: readonly (readonly [string, Parameters<typeof check>])[] = [
  ['nothing is due', [both, [1], { gone: [], told: [] }]],
  ['a class with a shorter time', [both, [4.5], { gone: [1, 3], told: ['short: 1', 'short: 3'] }]],
  [
    'what is gone is not told again',
    [both, [4.5, 4.6, 9], { gone: [1, 3, 4], told: ['short: 1', 'short: 3', 'short: 4'] }],
  ],
  [
    'records without a class are of the standard one',
    [
      [undefined, undefined, undefined],
      [500],
      { gone: [0, 1, 2], told: ['standard: 0 1', 'standard: 2'] },
    ],
  ],
  [
    'a class nobody defines keeps what it has',
    [['gone', 'short'], [900], { gone: [1], told: ['short: 1'] }],
  ],
]
for (const [name, row] of rows) test(name, () => check(...row))

test('a pass that fails is told, and the next one makes up for it', async () => {
  const told = Promise.withResolvers<unknown>()
  let commits = 0
  const retention = openRetention({
    store: {
      commit: async () => {
        if (commits++ === 0) throw new Unavailable('full')
        return { index: 9 }
      },
      payloadsDue: async ({ from = 0 }) => ({
        records: from === 0 ? [0] : [],
        next: 1,
        more: false,
      }),
    },
    classes: { standard: 1 },
    now: () => 10,
    limits: { retentionPassMs: 1e9, retentionScanRecords: 10, expiredPerRecord: 10 },
    onFailure: told.resolve,
  })
  retention.start()
  assert.ok((await told.promise) instanceof Unavailable)
  assert.equal(await retention.pass(), 1)
  await retention.close()
})
