import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSoundLog, type House, openHouse, since, until } from './house.ts'
import { answer, hang } from './upstream.ts'

test('a caller with as many calls under way as it may have', async (t) => {
  const house = await openHouse(t, { callLimits: { concurrentCalls: 8, callsPerCaller: 2 } })
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  await t.test('is refused one more, on the record', () => refusedMore(house, leaving.signal))
  await t.test('keeps nobody else out', async () => {
    const token = await house.idp.token({ sub: 'uma', groups: ['callers'] })
    assert.equal((await house.call('/up/read', { token })).status, 200)
  })
  await t.test('is served again when a place is free', async () => {
    leaving.abort()
    await until(async () => (await house.call('/up/read')).status === 200, 'its place is free')
  })
  await t.test('the log is sound', async () => {
    await until(() => openCalls(house) === 0, 'every ending was recorded')
    assertSoundLog(house)
  })
})

async function refusedMore(house: House, signal: AbortSignal): Promise<void> {
  const now = since(house)
  house.upstream.script = hang
  for (let calls = 1; calls <= 2; calls++) house.call('/up/person', { signal }).catch(() => {})
  await until(() => now.reached() === 2, 'the upstream was reached')
  house.upstream.script = answer({ body: '{}' })
  const refused = await house.call('/up/read')
  assert.deepEqual([refused.status, refused.code], [503, 'overloaded'])
  const denial = now.leaves().find(({ type }) => type === 'call.denied')
  assert.deepEqual(
    [denial?.code, denial?.stage, denial?.caller.sub],
    ['overloaded', 'identified', 'tess'],
  )
  assert.equal(now.reached(), 2)
}

function openCalls(house: House): number {
  const leaves = house.records()
  const count = (type: string) => leaves.filter((leaf) => leaf.type === type).length
  return count('call.authorized') - count('call.outcome')
}
