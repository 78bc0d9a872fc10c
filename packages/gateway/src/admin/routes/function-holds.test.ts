import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ask, type House, json, type Name, openHouse, v1 } from '../../../test/admin-house.ts'
import type { AcceptRefused } from '../../catalogue/accept.ts'
import { type ApprovalRules, noApprovalRules } from '../../model/approval-rules.ts'
import type { FunctionHold } from '../../model/function-hold.ts'
import type { AdminNeeds } from '../needs.ts'

const sha = (digit: string) => `sha256:${digit.repeat(64)}`
const text = (maximum: number) => JSON.stringify({ operation: 'GET /a', described: { maximum } })
const drifted: FunctionHold = {
  ...({ function: 'pay.list', connection: 'pay', state: 'quarantined', why: 'drift' } as const),
  ...{ registered: sha('1'), found: sha('2'), registeredText: text(20), foundText: text(500) },
  ...{ since: Date.UTC(2026, 0, 1), revision: 1 },
}
const found: readonly FunctionHold[] = ['a', 'b', 'c'].map((name) => ({
  ...drifted,
  ...({ function: `pay.${name}`, why: 'new', registered: '', registeredText: '' } as const),
  foundText: name === 'c' ? '' : text(1),
}))
const holds = [drifted, ...found]

/** Dana is of the team that owns the functions of this house. */
const rules: ApprovalRules = {
  ...noApprovalRules,
  groups: { 'team-pay': ['operator:dana'] },
  people: [{ id: 'corp:daniela', accounts: ['operator:dana'], agents: [] }],
}

const coverage = {
  ...{ functions: 2, withoutOwner: [], ownerUnknown: ['pay.list'], withoutMasks: [] },
  ...{ neverCalled: ['pay.transfer'], notFollowed: ['pay.transfer'], held: ['pay.list'] },
  oneCaller: [{ function: 'pay.list', caller: 'corp:bot', isAgent: true, of: 3 }],
}

async function openCounter(
  t: TestContext,
  accept: AdminNeeds['catalogue']['accept'] = async () => ({ hold: drifted }),
): Promise<House> {
  const catalogue: AdminNeeds['catalogue'] = {
    holdOf: (id) => holds.find((hold) => hold.function === id),
    holds: () => holds,
    sources: () => [
      {
        ...({ connection: 'pay', kind: 'openapi', everyMs: 300_000 } as const),
        address: 'https://pay.internal/openapi.json',
        ...{ readAt: undefined, operations: undefined, problem: 'It is slow.' },
        ...{ problemAt: Date.UTC(2026, 0, 2), isRefused: true, lists: [] },
      },
    ],
    accept,
    coverage: async () => coverage,
  }
  const house = await openHouse(t, { catalogue }, rules)
  for (const hold of holds) {
    const { function: fn, connection, why, registered, found } = hold
    await house.store.commit({
      record: {
        ...{ type: 'function.quarantined', time: '2026-01-01T00:00:00.000Z', fn, connection, why },
        ...{ registered, found },
      },
      payloads: [],
      change: { kind: 'function.hold', hold, expectedRevision: 0 },
    })
  }
  return house
}

const note = 'looked at it'
const path = `${v1}/functions/pay.list`
const accepting = (as: Name, body: unknown = { found: sha('2'), note }) => {
  return { as, method: 'POST', body } as const
}

test('a function shows where it came from and what became of it', async (t) => {
  const house = await openCounter(t)
  const shown = await json(await ask(house, path, { as: 'dana' }))
  assert.deepEqual(
    [shown.held, shown.hold.found, shown.hold.accepted_by, shown.you.may_accept],
    ['drift', sha('2'), null, true],
  )
  assert.equal((await json(await ask(house, path, { as: 'ann' }))).you.may_accept, false)
  assert.equal((await ask(house, path, { as: 'eve' })).status, 404)
  const ids = async (query: string) => {
    const { data } = await json(await ask(house, `${v1}/functions?${query}`, { as: 'ann' }))
    return data.map(({ id }: { id: string }) => id)
  }
  assert.deepEqual(await ids('held=true'), ['pay.list'])
  assert.deepEqual(await ids('held=false'), ['pay.transfer'])
  assert.deepEqual(await ids('owner=team-pay&risk=high&limit=1'), ['pay.list'])
  assert.deepEqual(await ids('owner=nobody'), [])
})

test('what is found is compared with what was registered', async (t) => {
  const house = await openCounter(t)
  const shown = await json(await ask(house, `${path}/diff`, { as: 'dana' }))
  assert.deepEqual(shown.differences, [
    { at: ['described', 'maximum'], before: '20', after: '500' },
  ])
  assert.deepEqual([shown.registered_known, shown.you.may_accept], [true, true])
  assert.equal((await ask(house, `${path}/diff`, { as: 'eve' })).status, 404)
  assert.equal((await ask(house, `${v1}/functions/pay.transfer/diff`, { as: 'ann' })).status, 404)
  const one = await json(await ask(house, `${v1}/functions/pay.a/diff`, { as: 'ann' }))
  assert.deepEqual([one.hold.registered, one.you.may_accept], [null, false])
})

const refusals: readonly (readonly [AcceptRefused, RegExp])[] = [
  ['not-held', /does not wait/],
  ['another', /Look again/],
  ['not-shown', /not read here/],
  ['not-registered', /not in the rulebook/],
]

test('whoever stands behind its owner accepts it, and nobody else', async (t) => {
  const asked: unknown[] = []
  const house = await openCounter(t, async (acceptance) => {
    asked.push(acceptance)
    return { hold: drifted }
  })
  for (const [who, status] of [
    ['root', 403],
    ['ann', 403],
    ['eve', 404],
    ['dana', 200],
  ] as const) {
    assert.equal((await ask(house, `${path}/accept`, accepting(who))).status, status, who)
  }
  for (const body of [
    { found: 'sha256:2', note },
    { found: null },
    { found: null, note: '' },
    { found: null, note: '\ud800' },
    { found: null, note: 'x'.repeat(1001) },
  ]) {
    const answer = await ask(house, `${path}/accept`, accepting('dana', body))
    assert.equal(answer.status, 400, JSON.stringify(body))
  }
  const gone = accepting('dana', { found: null, note })
  assert.equal((await ask(house, `${path}/accept`, gone)).status, 200)
  assert.deepEqual(asked, [
    { function: 'pay.list', found: sha('2'), by: 'operator:dana', note },
    { function: 'pay.list', found: '', by: 'operator:dana', note },
  ])
})

test('whoever is locked under another id accepts nothing', async (t) => {
  const house = await openCounter(t)
  const body = { principal: 'corp:daniela', reason: 'left' }
  const locked = await ask(house, `${v1}/principals/locks`, { as: 'root', method: 'POST', body })
  assert.equal(locked.status, 201)
  assert.equal((await ask(house, `${path}/accept`, accepting('dana'))).status, 403)
  const shown = await json(await ask(house, path, { as: 'dana' }))
  assert.equal(shown.you.may_accept, false)
})

test('what cannot be accepted is said', async (t) => {
  let refused: AcceptRefused = 'another'
  const house = await openCounter(t, async () => ({ refused }))
  for (const [why, detail] of refusals) {
    refused = why
    const answer = await ask(house, `${path}/accept`, accepting('dana'))
    assert.equal(answer.status, 409)
    assert.match((await json(answer)).detail, detail)
  }
})

test('what nobody has registered is listed page by page, for those who see everything', async (t) => {
  const house = await openCounter(t)
  const discovered = `${v1}/functions/discovered`
  const first = await json(await ask(house, `${discovered}?limit=2`, { as: 'ann' }))
  const rest = await json(
    await ask(house, `${discovered}?limit=2&cursor=${first.next_cursor}`, { as: 'ann' }),
  )
  const rows = [...first.data, ...rest.data].map(({ id, operation }) => [id, operation])
  // The words of the last one were lost with the database.
  assert.deepEqual(rows, [
    ['pay.a', 'GET /a'],
    ['pay.b', 'GET /a'],
    ['pay.c', ''],
  ])
  assert.equal(rest.next_cursor, null)
  for (const [what, looked] of [
    [
      'sources',
      {
        data: [
          {
            ...{ connection: 'pay', read_at: null, refused: true },
            ...{ problem: 'It is slow.', unread_since: '2026-01-02T00:00:00.000Z' },
          },
        ],
      },
    ],
    ['coverage', { functions: 2, one_caller: [{ caller: 'corp:bot', agent: true, of: 3 }] }],
  ] as const) {
    assert.equal((await ask(house, `${v1}/functions/${what}`, { as: 'dana' })).status, 403)
    assert.partialDeepStrictEqual(
      await json(await ask(house, `${v1}/functions/${what}`, { as: 'ann' })),
      looked,
    )
  }
})
