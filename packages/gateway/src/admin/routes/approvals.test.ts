import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Answer,
  ask,
  commitApproval,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'

const vote = (digest: string, reason?: string) =>
  ({ as: 'dana', method: 'POST', body: { digest, ...(reason && { reason }) } }) as const

test('an approver sees what their groups decide, and nobody else does', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2', { approverGroups: ['legal'] })
  const seen = async (as: Name) =>
    (await json(await ask(house, `${v1}/approvals`, { as }))).data.map(({ id }: Answer) => id)
  assert.deepEqual(await seen('dana'), ['apr_1'])
  assert.deepEqual(await seen('ann'), ['apr_2', 'apr_1'])
  assert.deepEqual(await seen('eve'), [])
  assert.equal((await ask(house, `${v1}/approvals/apr_1`, { as: 'eve' })).status, 404)
  const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'dana' }))
  assert.deepEqual(shown.question.arguments, { to: 'a\\u{202e}b' })
  assert.deepEqual(shown.you, { may_vote: true, why_not: null })
  const reads = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  assert.equal(reads.filter(({ type }) => type === 'payload.read').length, 1)
})

test('an approver votes; an administrator without the group does not', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2')
  const path = (id: string, verdict: string) => `${v1}/approvals/${id}/${verdict}`
  const root = await ask(house, path('apr_1', 'approve'), { ...vote('digest-apr_1'), as: 'root' })
  assert.equal((await json(root)).errors[0].detail, 'not-an-approver')
  const stale = await ask(house, path('apr_1', 'approve'), vote('digest-apr_2'))
  assert.deepEqual([stale.status, (await json(stale)).errors[0].detail], [409, 'other-digest'])
  const yes = await json(await ask(house, path('apr_1', 'approve'), vote('digest-apr_1')))
  assert.deepEqual(
    [yes.state, yes.clearance, yes.votes[0].by],
    ['APPROVED', 'ACTIVE', 'operator:dana'],
  )
  const silent = await ask(house, path('apr_2', 'deny'), vote('digest-apr_2'))
  assert.equal((await json(silent)).errors[0].detail, 'reason-required')
  const no = await json(await ask(house, path('apr_2', 'deny'), vote('digest-apr_2', 'Wrong.')))
  assert.equal(no.state, 'DENIED')
  const listed = await json(await ask(house, `${v1}/approvals?state=PENDING`, { as: 'dana' }))
  assert.deepEqual(listed.data, [])
})
