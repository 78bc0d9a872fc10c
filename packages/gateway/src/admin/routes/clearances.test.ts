import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Answer,
  ask,
  type House,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'
import { commitApproval } from '../../../test/stored-calls.ts'
import type { Approval } from '../../model/approval.ts'
import { noApprovalRules } from '../../model/approval-rules.ts'

const window = {
  kind: 'window',
  uses: 10,
  forMs: 600_000,
  when: ['context.args.to == "a"'],
} as const

/** A question about a window of calls, approved: its clearance. */
async function approved(house: House, changes: Partial<Approval> = {}): Promise<string> {
  await commitApproval(house.store, 'apr_1', { terms: window, ...changes })
  const cast = { as: 'dana', method: 'POST', body: { digest: 'offer-apr_1' } } as const
  const { clearance } = await json(await ask(house, `${v1}/approvals/apr_1/approve`, cast))
  assert.equal(clearance.state, 'ACTIVE')
  return clearance.id
}

const groups = { 'team-pay': ['operator:eve'] }
const people: readonly (readonly [
  string,
  Name,
  Partial<Approval>,
  'revokes' | 'sees' | 'nothing',
])[] = [
  ['who approved it', 'dana', {}, 'revokes'],
  ['an administrator', 'root', {}, 'revokes'],
  ['an auditor', 'ann', {}, 'sees'],
  ['the owner of its function', 'eve', {}, 'revokes'],
  ['the person it serves', 'eve', { subject: 'operator:eve', functionId: 'pay.gone' }, 'revokes'],
  ['a name that looks alike', 'eve', { subject: 'corp:eve', functionId: 'pay.gone' }, 'nothing'],
  ['somebody else', 'eve', { functionId: 'pay.gone' }, 'nothing'],
]

for (const [name, as, changes, may] of people) {
  test(`clearances: ${name}`, async (t) => {
    const house = await openHouse(t, {}, { ...noApprovalRules, groups })
    const id = await approved(house, changes)
    const { data } = await json(await ask(house, `${v1}/clearances`, { as }))
    assert.deepEqual(
      data.map((one: Answer) => one.id),
      may === 'nothing' ? [] : [id],
    )
    const shown = await ask(house, `${v1}/clearances/${id}`, { as })
    assert.equal(shown.status, may === 'nothing' ? 404 : 200)
    if (may !== 'nothing') assert.equal((await json(shown)).you.may_revoke, may === 'revokes')
    const asked = { as, method: 'POST', body: { reason: 'over' } } as const
    const revoked = await ask(house, `${v1}/clearances/${id}/revoke`, asked)
    const statuses = { revokes: 200, sees: 403, nothing: 404 }
    assert.equal(revoked.status, statuses[may])
  })
}

test('what it allows, and what becomes of it', async (t) => {
  const house = await openHouse(t)
  const id = await approved(house)
  const shown = await json(await ask(house, `${v1}/clearances/${id}`, { as: 'dana' }))
  assert.deepEqual(
    [shown.kind, shown.approval, shown.subject, shown.functions, shown.when, shown.by],
    ['window', 'apr_1', 'corp:sam', ['pay.transfer'], window.when, ['operator:dana']],
  )
  assert.deepEqual([shown.uses, shown.uses_max, shown.open], [0, 10, []])
  const revoke = { as: 'dana', method: 'POST', body: { reason: 'over' } } as const
  for (const _ of ['once', 'twice is once']) {
    const revoked = await json(await ask(house, `${v1}/clearances/${id}/revoke`, revoke))
    assert.deepEqual([revoked.state, revoked.you.may_revoke], ['REVOKED', false])
  }
  const listed = async (query: string) =>
    (await json(await ask(house, `${v1}/clearances?${query}`, { as: 'ann' }))).data.length
  assert.equal(await listed('state=REVOKED&subject=corp:sam'), 1)
  assert.equal(await listed('state=ACTIVE'), 0)
  assert.equal(await listed('subject=corp:eve'), 0)
})

test('what has expired is listed as expired, and not revoked any more', async (t) => {
  const house = await openHouse(t)
  const id = await approved(house)
  house.clock.now += 3_600_000
  const { data } = await json(await ask(house, `${v1}/clearances?state=EXPIRED`, { as: 'ann' }))
  assert.deepEqual(
    data.map((one: Answer) => one.id),
    [id],
  )
  const asked = { as: 'dana', method: 'POST', body: { reason: 'over' } } as const
  const revoked = await ask(house, `${v1}/clearances/${id}/revoke`, asked)
  assert.equal((await json(revoked)).code, 'clearance-closed')
  assert.equal((await ask(house, `${v1}/clearances/${id}/revoke`, { as: 'dana' })).status, 405)
})
