import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  becomes,
  cast,
  type DeskHouse,
  heldFor,
  openDeskHouse,
  refusedWith,
} from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'
import { Unavailable } from '../store/store.ts'

const soon = { limits: { ...limits, approvalLeftMs: 20 } }

async function opened({ desk }: DeskHouse, amount: number, waitMs?: number): Promise<string> {
  const call = waitMs === undefined ? {} : { waitMs }
  return (await desk.open(heldFor(`c${amount}`, amount, { call }), ['finance'])).id
}
/** A caller that waits, and how it leaves. */
function waits({ desk }: DeskHouse, id: string, waitMs = 600_000) {
  const leaving = new AbortController()
  const verdict = desk.awaitVerdict(id, { caller: 'corp:bot', waitMs, signal: leaving.signal })
  // Whoever waits still when the test is over is told that the store is closed.
  verdict.catch(() => undefined)
  return {
    verdict,
    leave: async () => {
      leaving.abort()
      await verdict
    },
  }
}
const withdrawn = ({ store }: DeskHouse, id: string) =>
  becomes(async () => (await store.approval(id))?.state === 'WITHDRAWN', 'it was withdrawn')
const stateOf = async ({ store }: DeskHouse, id: string) => (await store.approval(id))?.state

test('a held question is withdrawn when its last caller has left and none comes back', async (t) => {
  const house = await openDeskHouse(t, soon)
  const [awaited, answered, ticket, cameBack, gone] = [
    await opened(house, 1),
    await opened(house, 2),
    await opened(house, 3, 0),
    await opened(house, 4),
    await opened(house, 5),
  ]
  // One of two callers leaves.
  waits(house, awaited)
  await waits(house, awaited).leave()
  // One was told to come back with the id, and then another one left.
  await waits(house, answered, 0).verdict
  await waits(house, answered).leave()
  await waits(house, ticket).leave()
  // One comes back in time.
  await waits(house, cameBack).leave()
  waits(house, cameBack)
  await waits(house, gone).leave()
  await withdrawn(house, gone)
  const left = [awaited, answered, ticket, cameBack].map((id) => stateOf(house, id))
  assert.deepEqual(await Promise.all(left), Array(4).fill('PENDING'))
  assert.deepEqual(house.failures, [])
})

test('one that was settled meanwhile stays as it is', async (t) => {
  const house = await openDeskHouse(t, soon)
  const [approved, gone] = [await opened(house, 1), await opened(house, 2)]
  await waits(house, approved).leave()
  assert.equal(await cast(house, approved), 'APPROVED')
  await waits(house, gone).leave()
  await withdrawn(house, gone)
  assert.equal(await stateOf(house, approved), 'APPROVED')
})

test('a gateway that stops withdraws nothing: callers come back to the next', async (t) => {
  const house = await openDeskHouse(t, soon)
  const kept = await opened(house, 1)
  await waits(house, kept).leave()
  await house.desk.close()
  const next = await openDeskHouse(t, { beside: house, ...soon })
  const gone = await opened(next, 2)
  await waits(next, gone).leave()
  await withdrawn(next, gone)
  assert.equal((await next.desk.open(heldFor('again', 1), ['finance'])).id, kept)
  assert.equal(await cast(next, kept), 'APPROVED')
})

test('while the store is down nobody is told that it was approved, or denied', async (t) => {
  const house = await openDeskHouse(t)
  let isDown = false
  const look: typeof house.store.approval = (id) =>
    isDown ? Promise.reject(new Unavailable('down')) : house.store.approval(id)
  const flaky = await openDeskHouse(t, { beside: { store: { ...house.store, approval: look } } })
  const id = await opened(flaky, 1)
  const caller = waits(flaky, id)
  isDown = true
  const refused = await refusedWith(caller.verdict)
  assert.equal(refused.code, 'evidence-unavailable')
  assert.equal((await refusedWith(flaky.desk.claim(heldFor('c', 1), id))).code, refused.code)
  isDown = false
  assert.equal(await cast(house, id), 'APPROVED')
  assert.equal((await flaky.desk.claim(heldFor('c', 1), id)).id, id)
})

test('a clock that jumps ends what is over by it, and lets nothing through', async (t) => {
  const house = await openDeskHouse(t)
  const [pending, approved] = [await opened(house, 1), await opened(house, 2)]
  assert.equal(await cast(house, approved), 'APPROVED')
  house.clock.now += limits.approvalDecideByMs
  assert.equal(await cast(house, pending), 'approval-closed')
  await refusedWith(house.desk.claim(heldFor('c', 2), approved))
  house.clock.now -= limits.approvalDecideByMs
  // What was written down stays so, also for a clock that was set back.
  assert.equal((await house.desk.find(pending))?.state, 'EXPIRED')
  const again = await refusedWith(house.desk.claim(heldFor('c', 2), approved))
  assert.equal(again.detail, 'It was not used in time.')
})
