import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Answer,
  ask,
  commitApproval,
  type House,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'
import type { Approval } from '../../model/approval.ts'

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
})

const asked = { to: 'a\\u{202e}b' }
const readers: readonly (readonly [string, Name, 'question' | 'withheld', readonly string[]])[] = [
  ['an approver', 'dana', 'question', ['args', 'forwarded']],
  ['an auditor', 'ann', 'withheld', []],
  ['an administrator', 'root', 'withheld', []],
  ['an auditor who is a payload-reader', 'ann', 'question', ['args', 'forwarded']],
]
for (const [name, as, expected, roles] of readers) {
  test(`what is asked, and who reads it: ${name}`, async (t) => {
    const payloadReader = name.endsWith('payload-reader') ? ['auditor'] : ['payload-reader']
    const roleGroups = { admin: ['admin'], auditor: ['auditor'], payloadReader }
    const house = await openHouse(t, { roleGroups })
    await commitApproval(house.store, 'apr_1')
    const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as }))
    const isShown = expected === 'question'
    assert.deepEqual(shown.question?.arguments, isShown ? asked : undefined)
    assert.equal(shown.request === null, !isShown)
    assert.equal(shown.withheld, !isShown)
    const records = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
    const reads = records.flatMap((one) => (one.type === 'payload.read' ? [one] : []))
    assert.deepEqual(reads.map(({ role }) => role).sort(), roles)
    assert.ok(reads.every(({ by }) => by === `operator:${as}`))
  })
}

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

const finance = { state: 'PENDING', approverGroups: ['finance', 'legal'] } as const
const yes = { verdict: 'approve', group: 'finance', reason: '', sawDigest: '', at: 0 } as const
const standing: Readonly<Record<string, readonly [Partial<Approval>, string | null]>> = {
  'somebody else’s call': [{}, null],
  'a call with a key they issued': [{ subject: 'key:key_1', actors: [] }, 'own-call'],
  'their own call, by another name': [{ subject: 'corp:Dana', actors: [] }, 'own-call'],
  'what they voted on': [{ ...finance, votes: [{ ...yes, by: 'operator:dana' }] }, 'already-voted'],
  'what they voted on, by another name': [
    { ...finance, votes: [{ ...yes, by: 'corp:dana' }] },
    'already-voted',
  ],
  'what is decided': [{ state: 'WITHDRAWN' }, 'approval-closed'],
}

test('what is shown of one’s vote is what the vote is judged by', async (t) => {
  const house = await openHouse(t)
  await issueKey(house)
  for (const [at, [name, [changes, expected]]] of Object.entries(standing).entries()) {
    await t.test(name, async () => {
      const id = `apr_${at}`
      await commitApproval(house.store, id, changes)
      const { you } = await json(await ask(house, `${v1}/approvals/${id}`, { as: 'dana' }))
      assert.deepEqual(you, { may_vote: expected === null, why_not: expected })
      const { data } = await json(await ask(house, `${v1}/approvals`, { as: 'dana' }))
      assert.deepEqual(data.find((one: Answer) => one.id === id).you, you)
      const cast = await ask(house, `${v1}/approvals/${id}/approve`, vote(`digest-${id}`))
      const said = await json(cast)
      assert.equal(said.errors?.[0].detail ?? null, expected)
    })
  }
})

async function issueKey({ store }: House): Promise<void> {
  const about = { id: 'key_1', name: 'n', scope: ['pay.*'], createdBy: 'operator:dana' }
  await store.commit({
    record: {
      type: 'key.issued',
      time: '2026-01-01T00:00:00.000Z',
      key: about.id,
      name: about.name,
      scope: about.scope,
      expires: '',
      by: about.createdBy,
    },
    payloads: [],
    change: {
      kind: 'key.issue',
      key: { ...about, hash: 'h', kind: 'agent', groups: [], createdAt: 0, expiresAt: 1 },
    },
  })
}
