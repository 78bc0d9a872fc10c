import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cast, heldFor, openDeskHouse, refusedWith } from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'

const few = { limits: { ...limits, approvalsPendingPerCaller: 3, approvalsPendingPerGroup: 4 } }

test('what was answered through another gateway takes no place in this one', async (t) => {
  const house = await openDeskHouse(t, few)
  const other = await openDeskHouse(t, { ...few, beside: house })
  for (let round = 0; round < 4; round++) {
    for (let place = 0; place < 3; place++) {
      const at = heldFor(`c${round}-${place}`, round * 10 + place)
      const { id } = await house.desk.open(at, ['finance'])
      assert.equal(await cast(other, id), 'APPROVED')
    }
  }
})

test('what waits through another gateway waits here too', async (t) => {
  const house = await openDeskHouse(t, few)
  for (let place = 0; place < 3; place++) {
    await house.desk.open(heldFor(`c${place}`, place), ['finance'])
  }
  const refused = await refusedWith(house.desk.open(heldFor('c9', 9), ['finance']))
  assert.equal(refused.code, 'overloaded')
})

test('who asks and takes back, again and again, is not heard again at once', async (t) => {
  const house = await openDeskHouse(t, few)
  const askAndTakeBack = async (amount: number) => {
    const { id } = await house.desk.open(heldFor(`c${amount}`, amount), ['finance'])
    await house.desk.withdraw(id, { party: 'corp:bot' })
  }
  for (const amount of [1, 1, 2]) await askAndTakeBack(amount)
  assert.equal((await refusedWith(askAndTakeBack(1))).code, 'overloaded')
  house.clock.now += limits.approvalCoolDownMs
  await askAndTakeBack(1)
})
