import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { ask, json, openHouse, v1 } from '../../../test/admin-house.ts'
import { intent } from '../../store/conformance-entries.ts'
import { openSqlite } from '../../store/sqlite/open.ts'
import type { Store } from '../../store/store.ts'

const time = '2026-01-02T00:00:00.000Z'

test('a payload that is destroyed while it is read is not given out, and no reading of it is recorded', async (t) => {
  const kek = new Uint8Array(32)
  const own = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
  t.after(own.close)
  const bytes = Buffer.from('abc')
  const args = { role: 'args', mediaType: 'text/plain', bytes, keep: true } as const
  const { index } = await own.commit({ record: intent({ call: 'c' }), payloads: [args] })
  let isErasedMeanwhile = false
  const payload: Store['payload'] = async (...asked) => {
    const found = await own.payload(...asked)
    if (isErasedMeanwhile) await expire(own, index)
    return found
  }
  const roleGroups = { admin: ['admin'], auditor: ['admin'], payloadReader: ['admin'] }
  const house = await openHouse(t, { store: { ...own, payload }, roleGroups })
  const read = () => ask(house, `${v1}/records/${index}/payloads/args`, { as: 'root' })
  const readings = async () => {
    const leaves = await own.leaves(0, 100)
    return leaves.filter((leaf) => parseLeaf(leaf.bytes).type === 'payload.read').length
  }
  const first = await read()
  assert.deepEqual([first.status, await first.text(), await readings()], [200, 'abc', 1])
  isErasedMeanwhile = true
  const second = await read()
  assert.equal(second.status, 410)
  assert.equal((await json(second)).code, 'payload-gone')
  assert.equal(await readings(), 1)
})

async function expire(store: Store, record: number): Promise<void> {
  const records = [record]
  await store.commit({
    record: { type: 'payload.expired', time, class: 'standard', period: 1, records },
    change: { kind: 'payload.expire', class: 'standard', records, next: record + 1 },
    payloads: [],
  })
}
