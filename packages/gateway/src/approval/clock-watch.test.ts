import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heldFor, openDeskHouse } from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'
import { type Entry, type Store, Unavailable } from '../store/store.ts'

test('a question whose end cannot be written does not keep the others waiting', async (t) => {
  let stuck = 'none'
  const { store } = await openDeskHouse(t)
  const commit: Store['commit'] = async (entry: Entry) => {
    const { change } = entry
    if (change?.kind === 'approval.update' && change.approval.id === stuck) {
      throw new Unavailable('not this one')
    }
    return store.commit(entry)
  }
  const house = await openDeskHouse(t, {
    beside: { store: { ...store, commit } },
    limits: { ...limits, deskTickMs: 10 },
  })
  const ids: string[] = []
  for (const amount of [1, 2, 3]) {
    ids.push((await house.desk.open(heldFor(`c${amount}`, amount), ['finance'])).id)
  }
  const states = () =>
    Promise.all(ids.map(async (id) => (await house.store.approval(id))?.state ?? ''))
  stuck = ids[2] ?? ''
  house.clock.now += limits.approvalDecideByMs
  house.desk.start()
  while ((await states()).filter((state) => state === 'EXPIRED').length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.deepEqual(await states(), ['EXPIRED', 'EXPIRED', 'PENDING'])
  assert.ok(house.failures.length > 0, 'it was said')
})
