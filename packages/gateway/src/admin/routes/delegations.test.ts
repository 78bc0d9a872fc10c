import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Answer,
  type Asked,
  ask,
  type House,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'
import { commitApproval } from '../../../test/stored-calls.ts'
import { noApprovalRules } from '../../model/approval-rules.ts'

const until = new Date(Date.UTC(2026, 0, 5)).toISOString()
const make = (as: Name, body: object = {}): Asked => ({
  ...{ as, method: 'POST' },
  body: { to: 'operator:eve', until, reason: 'on leave', ...body },
})
const delegate = (house: House, asked: Asked) => ask(house, `${v1}/delegations`, asked)

test('a delegate sees and decides what the person who is away would', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  const path = `${v1}/approvals/apr_1`
  assert.equal((await ask(house, path, { as: 'eve' })).status, 404)
  const made = await delegate(house, make('dana'))
  assert.equal(made.status, 201)
  const { id, groups, you } = await json(made)
  assert.deepEqual([groups, you], [['finance'], { may_end: true }])
  const shown = await json(await ask(house, path, { as: 'eve' }))
  assert.deepEqual([shown.withheld, shown.you.on_behalf_of], [false, ['operator:dana']])
  const cast = { digest: 'offer-apr_1', on_behalf_of: 'operator:dana' }
  const voted = await ask(house, `${path}/approve`, { as: 'eve', method: 'POST', body: cast })
  const { state, votes } = await json(voted)
  assert.deepEqual(
    [state, votes[0].by, votes[0].on_behalf_of],
    ['APPROVED', 'operator:eve', 'operator:dana'],
  )
  const end = { as: 'dana', method: 'DELETE' } as const
  assert.equal((await ask(house, `${v1}/delegations/${id}`, end)).status, 204)
  assert.equal((await ask(house, `${v1}/delegations/${id}`, end)).status, 404)
})

const refused: Readonly<Record<string, readonly [Asked, number, string]>> = {
  'to oneself': [make('dana', { to: 'operator:dana' }), 409, 'to-yourself'],
  'into the past': [make('dana', { until: '2025-01-01T00:00:00Z' }), 409, 'until-invalid'],
  'for ever': [make('dana', { until: '2030-01-01T00:00:00Z' }), 409, 'until-invalid'],
  'of a group they are not in': [make('dana', { groups: ['legal'] }), 409, 'groups-required'],
  'for somebody else': [make('eve', { from: 'operator:dana' }), 403, 'not-yours'],
  'to a key': [make('dana', { to: 'key:key_1' }), 403, 'not-a-person'],
}
for (const [name, [asked, status, why]] of Object.entries(refused)) {
  test(`nobody votes for anybody: ${name}`, async (t) => {
    const house = await openHouse(t)
    const said = await delegate(house, asked)
    assert.deepEqual([said.status, (await json(said)).errors?.[0].detail], [status, why])
  })
}

test('an administrator does it for somebody who is ill, and ends it', async (t) => {
  const house = await openHouse(
    t,
    {},
    { ...noApprovalRules, groups: { finance: ['operator:dana'] } },
  )
  const asked = make('root', { from: 'operator:dana', groups: ['finance'] })
  const { id, from } = await json(await delegate(house, asked))
  assert.equal(from, 'operator:dana')
  const listed = async (as: Name) =>
    (await json(await ask(house, `${v1}/delegations`, { as }))).data.map((one: Answer) => [
      one.id,
      one.you.may_end,
    ])
  assert.deepEqual(await listed('dana'), [[id, true]])
  assert.deepEqual(await listed('eve'), [[id, false]])
  assert.deepEqual(await listed('ann'), [[id, false]])
  assert.deepEqual(await listed('root'), [[id, true]])
  const end = (as: Name) => ask(house, `${v1}/delegations/${id}`, { as, method: 'DELETE' })
  assert.equal((await end('eve')).status, 403)
  assert.equal((await end('root')).status, 204)
  assert.deepEqual(await listed('dana'), [])
})
