import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, ask, json, openHouse, v1 } from '../../../test/admin-house.ts'
import { commitCall, foundCard } from '../../../test/stored-calls.ts'

test('calls are put together from their records, paged, and replayed by session', async (t) => {
  const house = await openHouse(t)
  await commitCall(house.store, 'c1', 'done')
  await commitCall(house.store, 'c2')
  await commitCall(house.store, 'c3', 'done')
  const ids = (body: Answer) => body.data.map(({ id }: Answer) => id)
  const first = await json(await ask(house, `${v1}/calls?limit=2&function=pay.list`, { as: 'ann' }))
  assert.deepEqual(ids(first), ['c3', 'c2'])
  const rest = await json(
    await ask(house, `${v1}/calls?limit=2&cursor=${first.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual(ids(rest), ['c1'])
  const [{ caller, on_behalf_of, ending, status, masked }] = rest.data
  assert.deepEqual([caller, on_behalf_of, ending, status], ['corp:bot', 'corp:sam', 'done', 200])
  assert.deepEqual(masked, [
    { rule: 'm1', path: '$.iban', how: 'drop', count: 2 },
    { ...foundCard, count: 1 },
  ])
  const one = await json(await ask(house, `${v1}/calls/c2`, { as: 'ann' }))
  assert.deepEqual([one.ending, one.rulebook, one.leaves.length], ['running', 'sha256:rules', 1])
  const sessions = await json(await ask(house, `${v1}/sessions`, { as: 'ann' }))
  assert.deepEqual([sessions.data[0].id, sessions.data[0].calls], ['ses_1', 3])
  const replay = await json(await ask(house, `${v1}/sessions/ses_1?limit=2`, { as: 'ann' }))
  assert.deepEqual(ids(replay), ['c1', 'c2'])
  const more = await json(
    await ask(house, `${v1}/sessions/ses_1?cursor=${replay.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual([ids(more), more.next_cursor], [['c3'], null])
})

test('a record comes byte for byte as it was hashed', async (t) => {
  const house = await openHouse(t)
  const [leaf] = await house.store.leaves(0, 1)
  const answer = await ask(house, `${v1}/records/0`, { as: 'ann' })
  assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), new Uint8Array(leaf?.bytes ?? []))
})
