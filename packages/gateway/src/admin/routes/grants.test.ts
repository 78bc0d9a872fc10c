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
import type { GrantListed } from '../../model/grant.ts'
import { defaultReviewRules } from '../../model/review-rules.ts'
import type { TimedGrant } from '../../model/timed-grant.ts'
import type { Store } from '../../store/store.ts'
import type { AdminNeeds } from '../needs.ts'

const grant = (id: string, more: Partial<GrantListed> = {}): GrantListed => ({
  ...{ id, owner: 'sales', reason: 'They sell', functions: ['pay.list'], conditions: [] },
  principal: { kind: 'group', group: 'sellers' },
  content: `sha256:${id}`,
  shape: `sha256:shape of ${id}`,
  tier: 'high',
  ...{ text: 'permit (principal, action, resource);', file: 'policies/a.cedar', line: 1 },
  ...more,
})
const grants = [
  grant('list'),
  grant('move', { functions: ['pay.transfer'], tier: 'critical', owner: 'finance' }),
  grant('sales-themselves', { principal: { kind: 'group', group: 'sales' } }),
]
const open = (t: Parameters<typeof openHouse>[0]) => openHouse(t, {}, undefined, grants)

test('administrators and auditors see every grant, owners theirs', async (t) => {
  const house = await open(t)
  const ids = async (as: Name, query = '') =>
    (await json(await ask(house, `${v1}/grants?${query}`, { as }))).data.map(
      (one: Answer) => one.id,
    )
  const all = grants.map(({ id }) => id)
  assert.deepEqual([await ids('root'), await ids('ann')], [all, all])
  assert.deepEqual(await ids('eve'), ['list', 'sales-themselves'])
  assert.deepEqual(await ids('dana'), ['move'])
  assert.deepEqual(await ids('ann', 'risk=critical'), ['move'])
  assert.deepEqual(await ids('ann', 'function=pay.list&q=SELL'), ['list', 'sales-themselves'])
  assert.deepEqual(await ids('ann', 'state=FRESH'), [])
  assert.equal((await ask(house, `${v1}/grants/move`, { as: 'eve' })).status, 404)
  const first = await json(await ask(house, `${v1}/grants?limit=2`, { as: 'ann' }))
  assert.deepEqual(await ids('ann', `limit=2&cursor=${first.next_cursor}`), ['sales-themselves'])
})

test('what somebody does not see is not read for them', async (t) => {
  const house = await open(t)
  const { store } = house
  const { grantUse, grantStandings, delegations } = store
  const read: string[] = []
  Object.assign(store, {
    grantUse: (query: Parameters<Store['grantUse']>[0]) => {
      read.push(`use of ${query.grants?.join()}`)
      return grantUse(query)
    },
    grantStandings: (query: Parameters<Store['grantStandings']>[0]) => {
      read.push('standings')
      return grantStandings(query)
    },
    delegations: (query: Parameters<Store['delegations']>[0]) => {
      read.push('delegations')
      return delegations(query)
    },
  })
  const reads = async (as: Name, path: string) => {
    assert.equal((await ask(house, `${v1}/${path}`, { as })).status, 200)
    return [...new Set(read.splice(0))]
  }
  assert.deepEqual(await reads('eve', 'grants?owner=finance'), [])
  assert.deepEqual(await reads('dana', 'grants?state=FRESH'), [])
  assert.deepEqual(await reads('dana', 'grants'), ['use of move', 'delegations'])
  assert.deepEqual(await reads('eve', 'grants/what-can/operator:eve'), [])

  // Of two requests of others none is Eve's to decide.
  const endsAt = house.clock.now + 1_000_000
  const about = [{ function: 'pay.list', digest: 'sha256:pay.list' }]
  const timed: TimedGrant = {
    ...{ id: 'timed-1', party: 'corp:sam', functions: ['pay.list'], when: [], from: 0, endsAt },
    ...{
      reason: 'why',
      askedBy: 'corp:sam',
      excluded: [],
      about,
      reasonChars: 0,
      votes: [],
      by: [],
    },
    steps: [{ flow: 'team-pay', name: 'team', groups: ['team-pay'], quorum: 1, escalation: [] }],
    ...{ decideBy: endsAt, state: 'asked', createdAt: 0, revision: 1 },
  }
  await store.commit({
    record: {
      ...({ type: 'timed.asked', timed: timed.id, party: timed.party, by: 'corp:sam' } as const),
      ...{ functions: timed.functions, when: [], reason: 'why', time: new Date(0).toISOString() },
      ...{ from: new Date(0).toISOString(), endsAt: new Date(endsAt).toISOString() },
    },
    payloads: [],
    change: { kind: 'timed.update', timed, expectedRevision: 0 },
  })
  assert.deepEqual(await reads('eve', 'timed-grants'), [])
  assert.deepEqual(await reads('ann', 'timed-grants'), ['delegations'])
})

test('what somebody can do is decided between calls, and once at a time for each', async (t) => {
  let turn = 0
  let isOver = false
  const tick = () => {
    turn += 1
    if (!isOver) setImmediate(tick)
  }
  const decided: number[] = []
  const functions = Array.from({ length: 40 }, (_, n) => `pay.f${n}`)
  const everything = grant('everything', { functions, principal: { kind: 'any' } })
  const rulebooks: AdminNeeds['rulebooks'] = {
    loaded: () => ({
      rulebook: { digest: 'sha256:rules', connections: [], functions: [], policies: [] },
      inForce: { grants: [everything], ownerGroups: (one) => [one], reviews: defaultReviewRules },
      since: 0,
      decide: () => {
        decided.push(turn)
        return { effect: 'permit', reasons: [], grants: [] }
      },
    }),
    check: () => assert.fail('nothing is checked'),
    activate: () => assert.fail('nothing is activated'),
  }
  const house = await openHouse(t, { rulebooks }, undefined, [everything])
  await house.signIn('eve')
  tick()
  const path = `${v1}/grants/what-can/operator:eve`
  const answers = await Promise.all([1, 2, 3].map(() => ask(house, path, { as: 'eve' })))
  isOver = true
  for (const answer of answers) assert.equal((await json(answer)).functions.length, 40)
  assert.equal(decided.length, 120)
  assert.equal(new Set(decided).size, 120)
})

type Row = readonly [as: Name, path: string, body: object, status: number, why: string | undefined]
const certify = { content: 'sha256:list', decision: 'keep', reason: 'still' }
const soon = new Date(Date.UTC(2026, 0, 4)).toISOString()
const rows: Readonly<Record<string, Row>> = {
  'its owner certifies it': ['eve', 'list/certify', certify, 200, undefined],
  'an administrator does not': ['root', 'list/certify', certify, 403, 'not-a-reviewer'],
  'nor an auditor': ['ann', 'list/certify', certify, 403, 'not-a-reviewer'],
  'nobody certifies their own': [
    ...(['eve', 'sales-themselves/certify'] as const),
    { ...certify, content: 'sha256:sales-themselves' },
    ...([403, 'own-access'] as const),
  ],
  'as it was before': [
    ...(['eve', 'list/certify', { ...certify, content: 'sha256:old' }] as const),
    ...([409, 'other-content'] as const),
  ],
  'without a reason': ['eve', 'list/certify', { ...certify, reason: '' }, 400, undefined],
  'one that is not there': ['eve', 'none/certify', certify, 404, undefined],
  'its owner revokes it': ['eve', 'list/revoke', { reason: 'over' }, 200, undefined],
  'an administrator revokes it': ['root', 'list/revoke', { reason: 'over' }, 200, undefined],
  'somebody else does not': ['dana', 'list/revoke', { reason: 'over' }, 403, 'not-a-reviewer'],
  'what is whole is not restored': [
    ...(['eve', 'list/restore', { content: 'sha256:list', reason: 'why' }] as const),
    ...([409, 'nothing-to-restore'] as const),
  ],
  'no longer than seven days': [
    ...(['eve', 'list/extend'] as const),
    { content: 'sha256:list', until: '2026-02-02T00:00:00Z', reason: 'ill' },
    ...([409, 'until-invalid'] as const),
  ],
  'a few days': [
    ...(['eve', 'list/extend', { content: 'sha256:list', until: soon, reason: 'ill' }] as const),
    ...([200, undefined] as const),
  ],
}
for (const [name, [as, path, body, status, why]] of Object.entries(rows)) {
  test(`grants: ${name}`, async (t) => {
    const seen = await post(await open(t), as, path, body)
    assert.equal(seen.status, status)
    if (why !== undefined) assert.equal((await json(seen)).errors[0].detail, why)
  })
}

test('what one of two people wants is shown until the second one does the same', async (t) => {
  const house = await open(t)
  const asked = { content: 'sha256:list', until: soon, reason: 'ill' }
  const { grant, pending } = await json(await post(house, 'eve', 'list/extend', asked))
  assert.deepEqual(
    [pending, grant.proposal.act, grant.proposal.by, grant.extension],
    [true, 'extend', 'operator:eve', null],
  )
})

test('what goes stale is for auditors, campaigns are opened by administrators', async (t) => {
  const house = await open(t)
  const forecast = (as: Name) => ask(house, `${v1}/reviews/forecast?days=7`, { as })
  assert.equal((await forecast('eve')).status, 403)
  const { grants: soonest } = await json(await forecast('ann'))
  assert.deepEqual(
    soonest.map((one: Answer) => [one.grant, one.calls_30, one.machines]),
    grants.map(({ id }) => [id, null, []]),
  )
  const body = {
    name: 'Q1',
    scope: {},
    reviewers: [{ kind: 'owner' }],
    due_at: soon,
    grace_until: soon,
  }
  const start = { as: 'ann', method: 'POST', body } as const
  assert.equal((await ask(house, `${v1}/reviews`, start)).status, 403)
  const none = await ask(house, `${v1}/reviews/none`, { as: 'ann' })
  assert.equal(none.status, 404)
  const unknown = { ...start, body: { ...body, scope: { tags: ['x'] } }, as: 'root' } as const
  assert.equal((await ask(house, `${v1}/reviews`, unknown)).status, 400)
})

function post(house: House, as: Name, path: string, body: object): Promise<Response> {
  return ask(house, `${v1}/grants/${path}`, { as, method: 'POST', body })
}
