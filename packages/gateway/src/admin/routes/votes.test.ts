import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Asked,
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

const window = { kind: 'window', uses: 10, for_ms: 600_000, when: [] } as const
const stored = { kind: 'window', uses: 10, forMs: 600_000, when: [] } as const
const three = { ...window, uses: 3 }
const twoOf = (group: string) => [
  { flow: group, name: group, groups: [group], quorum: 2, escalation: [] },
]

type Expected = { readonly status: number; readonly state?: string; readonly why?: string }
type Case = {
  readonly approval?: Partial<Approval>
  readonly as?: Name
  readonly verb: 'approve' | 'deny' | 'counter' | 'withdraw'
  readonly body?: object
  readonly expected: Expected
}

const digest = 'offer-apr_1'
const cases: Readonly<Record<string, Case>> = {
  'a yes is enough': {
    ...{ verb: 'approve', body: { digest } },
    expected: { status: 200, state: 'APPROVED' },
  },
  'a yes of two': {
    ...{ approval: { steps: twoOf('finance') }, verb: 'approve', body: { digest } },
    expected: { status: 200, state: 'PENDING' },
  },
  'what was shown is not on offer': {
    ...{ verb: 'approve', body: { digest: 'digest-apr_1' } },
    expected: { status: 409, why: 'other-digest' },
  },
  'an administrator has no vote': {
    ...{ as: 'root', verb: 'approve', body: { digest } },
    expected: { status: 403, why: 'not-an-approver' },
  },
  'their own call': {
    ...{ approval: { excluded: ['operator:dana'] }, verb: 'approve', body: { digest } },
    expected: { status: 403, why: 'own-call' },
  },
  'a no without a reason': {
    ...{ verb: 'deny', body: { digest } },
    expected: { status: 409, why: 'reason-required' },
  },
  'a no is one veto': {
    ...{ approval: { steps: twoOf('finance') }, verb: 'deny', body: { digest, reason: 'Wrong.' } },
    expected: { status: 200, state: 'DENIED' },
  },
  'for somebody who did not ask': {
    ...{ verb: 'approve', body: { digest, on_behalf_of: 'corp:max' } },
    expected: { status: 403, why: 'not-a-delegate' },
  },
  'an unknown member': {
    ...{ verb: 'approve', body: { digest, verdict: 'approve' } },
    expected: { status: 400 },
  },
  'less is offered and approved': {
    ...{ approval: { terms: stored }, verb: 'counter', body: { digest, terms: three } },
    expected: { status: 200, state: 'APPROVED' },
  },
  'more is never offered': {
    ...{ approval: { terms: stored }, verb: 'counter' },
    body: { digest, terms: { ...window, uses: 11 } },
    expected: { status: 409, why: 'not-narrower' },
  },
  'a condition that is none': {
    ...{ approval: { terms: stored }, verb: 'counter' },
    body: { digest, terms: { ...window, when: ['true; permit(principal, action, resource)'] } },
    expected: { status: 409, why: 'condition-invalid' },
  },
  'terms of no kind': {
    ...{ verb: 'counter', body: { digest, terms: { kind: 'forever' } } },
    expected: { status: 400 },
  },
  'an administrator takes it back': {
    ...{ as: 'root', verb: 'withdraw' },
    expected: { status: 200, state: 'WITHDRAWN' },
  },
  'who asks takes it back': {
    ...{ approval: { subject: 'operator:eve' }, as: 'eve', verb: 'withdraw' },
    expected: { status: 200, state: 'WITHDRAWN' },
  },
  'a name that looks alike does not': {
    ...{ approval: { subject: 'corp:eve' }, as: 'eve', verb: 'withdraw' },
    expected: { status: 404 },
  },
  'an approver does not take it back': { verb: 'withdraw', expected: { status: 403 } },
  'what is settled stays': {
    ...{ approval: { state: 'DENIED' }, as: 'root', verb: 'withdraw' },
    expected: { status: 409 },
  },
}

for (const [name, { approval = {}, as = 'dana', verb, body, expected }] of Object.entries(cases)) {
  test(`answers: ${name}`, async (t) => {
    const house = await openHouse(t)
    await commitApproval(house.store, 'apr_1', approval)
    const said = await ask(house, path(verb), { as, method: 'POST', ...(body && { body }) })
    const answer = await json(said)
    assert.equal(said.status, expected.status, JSON.stringify(answer))
    assert.equal(answer.state, expected.state)
    assert.equal(answer.errors?.[0].detail, expected.why ?? answer.errors?.[0].detail)
    if (verb === 'counter' && expected.state) assert.deepEqual(answer.terms, three)
  })
}

test('the owner of the function takes it back, as a group that the rulebook lists', async (t) => {
  const groups = { 'team-pay': ['operator:eve'] }
  const house = await openHouse(t, {}, { ...noApprovalRules, groups })
  await commitApproval(house.store, 'apr_1')
  const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'eve' }))
  assert.deepEqual([shown.withheld, shown.you.may_withdraw], [true, true])
  const taken = await ask(house, path('withdraw'), { as: 'eve', method: 'POST' })
  assert.equal((await json(taken)).state, 'WITHDRAWN')
})

test('people of a listed group decide, whoever else a token puts into it does not', async (t) => {
  const groups = { finance: ['operator:eve'] }
  const house = await openHouse(t, {}, { ...noApprovalRules, groups })
  await commitApproval(house.store, 'apr_1')
  assert.equal((await ask(house, `${v1}/approvals/apr_1`, { as: 'dana' })).status, 404)
  const cast = await ask(house, path('approve'), { as: 'eve', method: 'POST', body: { digest } })
  assert.equal((await json(cast)).state, 'APPROVED')
})

const again: Readonly<Record<string, readonly [Asked, Asked, number]>> = {
  'the same vote': [post({ digest }), post({ digest }), 200],
  'the same vote for another reason': [post({ digest }), post({ digest, reason: 'x' }), 409],
  'the same vote on another offer': [post({ digest }), post({ digest: 'other' }), 409],
}
for (const [name, [first, second, status]] of Object.entries(again)) {
  for (const quorum of [1, 2]) {
    test(`cast again, of ${quorum} needed: ${name}`, async (t) => {
      const house = await openHouse(t)
      const steps = twoOf('finance').map((step) => ({ ...step, quorum }))
      await commitApproval(house.store, 'apr_1', { steps })
      const once = await json(await ask(house, path('approve'), first))
      const size = await house.store.size()
      const twice = await ask(house, path('approve'), second)
      assert.equal(twice.status, status)
      if (status === 200) assert.deepEqual((await json(twice)).votes, once.votes)
      assert.equal(await house.store.size(), size)
    })
  }
}

test('taken back twice is taken back once', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await house.signIn('root')
  const size = await house.store.size()
  for (const _ of [1, 2]) {
    const taken = await ask(house, path('withdraw'), { as: 'root', method: 'POST' })
    assert.equal((await json(taken)).state, 'WITHDRAWN')
  }
  assert.equal(await house.store.size(), size + 1)
})

test('no GET decides anything', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  for (const verb of ['approve', 'deny', 'counter', 'withdraw'] as const) {
    const said = await ask(house, `${path(verb)}?digest=${digest}&reason=x`, { as: 'dana' })
    assert.deepEqual([said.status, said.headers.get('allow')], [405, 'POST'])
  }
  const after = ['emitter.start', 'approval.requested', 'admin.signed-in']
  assert.deepEqual(await typesOf(house), after)
})

function post(body: object): Asked {
  return { as: 'dana', method: 'POST', body }
}

function path(verb: string): string {
  return `${v1}/approvals/apr_1/${verb}`
}

async function typesOf({ store }: House): Promise<readonly string[]> {
  return (await store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes).type)
}
