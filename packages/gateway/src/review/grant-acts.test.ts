import assert from 'node:assert/strict'
import { test } from 'node:test'
import { types } from '../../test/desk-yard.ts'
import {
  contentOf,
  dana,
  dayMs,
  eve,
  openReviewHouse,
  outcome,
  permit,
  type ReviewHouse,
  reviewer,
  reviewRules,
} from '../../test/review-yard.ts'
import type { Person } from '../approval/ballot.ts'

const policies = [
  permit('readers', 'in Group::"readers"', 'pay.read'),
  permit('payer', '== Agent::"corp:bot"', 'pay.pay'),
  permit('wirer', '== User::"corp:wendy"', 'pay.wire'),
  permit('listed', 'in Group::"bots"', 'pay.read'),
  permit('anybody', '', 'pay.read'),
].join('')

const approvals = {
  people: [
    { id: 'corp:olga', accounts: ['corp:olga-2'], agents: ['corp:bot'] },
    { id: 'corp:paula', accounts: [], agents: ['corp:paulas-bot'] },
  ],
  groups: { bots: ['corp:bot'] },
}

/** As if it had called by this grant. */
async function uses({ store, clock }: ReviewHouse, sub: string, grant: string) {
  const time = new Date(clock.now).toISOString()
  await store.commit({
    record: {
      ...{ type: 'call.authorized', time, call: `call-${grant}`, session: 'ses_1', obo: [] },
      caller: { iss: 'corp', sub, authn: 'oidc', cred: 'c' },
      fn: { name: 'pay.read', schema: 'sha256:s', server: 'pay' },
      ...{ masked: [], approvals: [] },
      grants: [{ party: `corp:${sub}`, grant, freshness: 'PROVISIONAL' }],
    },
    payloads: [],
  })
}

async function openHouse(t: Parameters<typeof openReviewHouse>[0]) {
  const house = await openReviewHouse(t)
  await house.activate(reviewRules(policies, { approvals }))
  return house
}

async function certify(house: ReviewHouse, grant: string, person: Person, changes: object = {}) {
  const content = await contentOf(house, grant)
  const reason = 'Still needed.'
  return outcome(
    house.desk.certify({ ...{ grant, person, content, decision: 'keep', reason }, ...changes }),
  )
}

test('who certifies, and who does not', async (t) => {
  const house = await openHouse(t)
  house.locked.add('corp:luke')
  for (const grant of ['readers', 'anybody']) await uses(house, 'paulas-bot', grant)
  const rows: readonly [grant: string, Person, changes: object, expected: string][] = [
    ['nothing', dana, {}, 'grant-unknown'],
    ['readers', reviewer('zoe', ['others']), {}, 'not-a-reviewer'],
    ['readers', reviewer('rita', ['team-pay', 'readers']), {}, 'own-access'],
    ['readers', { ...dana, actors: [dana.subject] }, {}, 'not-a-person'],
    ['readers', { ...dana, authentication: { method: 'api-key' } }, {}, 'not-a-person'],
    ['readers', reviewer('luke'), {}, 'locked'],
    ['payer', reviewer('olga-2'), {}, 'own-access'],
    ['wirer', reviewer('wendy'), {}, 'own-access'],
    // A listed member is an agent of theirs; another was seen using what everybody of the group has.
    ['listed', reviewer('olga'), {}, 'own-access'],
    ['listed', reviewer('olga-2'), {}, 'own-access'],
    ['listed', dana, {}, 'done'],
    ['readers', reviewer('paula'), {}, 'own-access'],
    ['anybody', reviewer('paula'), {}, 'own-access'],
    ['anybody', dana, {}, 'done'],
    ['readers', dana, { content: 'sha256:other' }, 'other-content'],
    ['readers', dana, { reason: ' ' }, 'reason-required'],
    ['readers', dana, { reason: 'x'.repeat(1_001) }, 'reason-too-long'],
    ['readers', dana, { decision: 'narrow' }, 'condition-invalid'],
    [
      'readers',
      dana,
      { decision: 'narrow', when: ['context.args.nothing == 1'] },
      'condition-invalid',
    ],
    ['readers', dana, { decision: 'keep', when: ['context.args.amount < 3'] }, 'condition-invalid'],
    ['readers', dana, { decision: 'time-bound' }, 'end-invalid'],
    ['readers', dana, { decision: 'time-bound', endsAt: house.clock.now }, 'end-invalid'],
    ['readers', dana, {}, 'done'],
    ['payer', dana, {}, 'done'],
    ['wirer', dana, {}, 'pending'],
    ['wirer', dana, {}, 'pending'],
    ['wirer', eve, { decision: 'time-bound', endsAt: house.clock.now + dayMs }, 'pending'],
    ['wirer', dana, {}, 'pending'],
    ['wirer', eve, {}, 'done'],
    ['wirer', dana, {}, 'last-certifier'],
  ]
  for (const [grant, person, changes, expected] of rows) {
    const what = `${grant} ${person.subject.id} ${JSON.stringify(changes)}`
    assert.equal(await certify(house, grant, person, changes), expected, what)
  }
  const wirer = await house.store.grantStanding('wirer')
  assert.deepEqual(wirer?.certification?.by, ['corp:dana', 'corp:eve'])
  assert.equal(wirer.proposal, undefined)
})

test('who wanted it first has to be somebody who may, still', async (t) => {
  const rulesOf = (team: readonly string[], wendys: readonly string[]) => {
    const people = [{ id: 'corp:wendy', accounts: wendys, agents: [] }]
    return reviewRules(policies, { approvals: { people, groups: { 'team-pay': team } } })
  }
  const all = ['corp:dana', 'corp:eve', 'corp:finn']
  const rows: readonly [ReturnType<typeof rulesOf>, expected: string][] = [
    [rulesOf(all.slice(1), []), 'pending'],
    [rulesOf(all, ['corp:dana']), 'pending'],
    [rulesOf(all, []), 'done'],
  ]
  for (const [rules, expected] of rows) {
    const house = await openReviewHouse(t)
    await house.activate(rulesOf(all, []))
    assert.equal(await certify(house, 'wirer', dana), 'pending')
    await house.activate(rules)
    assert.equal(await certify(house, 'wirer', eve), expected)
  }
})

test('a grant becomes stale and lapses by the dates alone, and certifying brings it back', async (t) => {
  const house = await openHouse(t)
  const seen: string[] = []
  const look = (days: number) => {
    house.clock.now += days * dayMs
    seen.push(house.state('payer'))
  }
  look(0)
  look(31)
  look(15)
  assert.equal(await certify(house, 'payer', dana), 'done')
  look(0)
  look(75)
  look(20)
  look(20)
  assert.deepEqual(seen, [
    ...['PROVISIONAL', 'STALE', 'LAPSED'],
    ...['FRESH', 'DUE_SOON', 'STALE', 'LAPSED'],
  ])
  assert.equal(house.failures.length, 0)
})

test('a changed definition, and a changed policy, make a certification not match', async (t) => {
  const house = await openHouse(t)
  assert.equal(await certify(house, 'payer', dana), 'done')
  assert.equal(house.state('payer'), 'FRESH')
  const wider = policies.replace('"pay.pay", resource);', '"pay.pay", resource) when { true };')
  await house.activate(reviewRules(wider, { approvals }))
  assert.equal(house.state('payer'), 'STALE')
  house.clock.now += 13 * dayMs
  // Changed again: the days of grace go on.
  await house.activate(reviewRules(wider.replace('true', 'context.args has amount'), { approvals }))
  assert.equal(house.state('payer'), 'STALE')
  await house.activate(reviewRules(policies, { approvals }))
  assert.equal(house.state('payer'), 'FRESH')
})

test('revoked at once and for two people to restore; narrowed and bound for good', async (t) => {
  const house = await openHouse(t)
  const { desk } = house
  const reason = 'No reason any more.'
  const cut = house.standings.revoked(['payer', 'readers'])
  const zoe = reviewer('zoe', ['others'])
  const revoke = (person: Person, isAdmin: boolean) =>
    outcome(desk.revoke({ grant: 'payer', person, reason, isAdmin }))
  assert.equal(await revoke(zoe, false), 'not-a-reviewer')
  assert.equal(cut.aborted, false)
  assert.equal(await revoke(zoe, true), 'done')
  assert.equal(house.state('payer'), 'REVOKED')
  assert.equal(cut.aborted, true)
  assert.equal(house.standings.revoked(['payer']).aborted, true)
  assert.equal(house.standings.revoked(['readers']).aborted, false)
  assert.equal(await certify(house, 'payer', dana), 'is-revoked')
  const content = await contentOf(house, 'payer')
  const restore = (person: Person) =>
    outcome(desk.restore({ grant: 'payer', person, content, reason }))
  assert.equal(await restore(dana), 'pending')
  assert.equal(house.state('payer'), 'REVOKED')
  assert.equal(await restore(dana), 'pending')
  house.clock.now += 8 * dayMs
  // A week has passed: nobody agrees to what was forgotten.
  assert.equal(await restore(eve), 'pending')
  assert.equal(await restore(dana), 'done')
  assert.equal(house.state('payer'), 'PROVISIONAL')

  const small = 'context.args has amount && context.args.amount <= 100'
  const narrow = { decision: 'narrow', when: [small] }
  assert.equal(await certify(house, 'payer', dana, narrow), 'done')
  assert.equal(await certify(house, 'payer', dana), 'done')
  const endsAt = house.clock.now + 10 * dayMs
  assert.equal(await certify(house, 'payer', dana, { decision: 'time-bound', endsAt }), 'done')
  const later = { decision: 'time-bound', endsAt: endsAt + dayMs }
  assert.equal(await certify(house, 'payer', dana, later), 'end-invalid')
  const standing = await house.store.grantStanding('payer')
  assert.deepEqual(standing?.certification?.when, [small])
  house.clock.now = endsAt
  assert.equal(house.state('payer'), 'LAPSED')
  assert.deepEqual(
    (await types(house.store)).filter((type) => type.startsWith('grant')),
    [
      ...['grant.revoked', 'grant.proposed', 'grant.proposed', 'grant.proposed', 'grant.restored'],
      ...['grant.certified', 'grant.certified', 'grant.certified'],
    ],
  )
})

test('exempt and extended by two people, for this content, extended once', async (t) => {
  const house = await openHouse(t)
  const { desk, clock } = house
  const put = async (act: 'exempt' | 'extend', person: Person, days: number) =>
    outcome(
      desk[act]({
        ...{ grant: 'payer', person, reason: 'The release.', until: clock.now + days * dayMs },
        content: await contentOf(house, 'payer'),
      }),
    )
  clock.now += 35 * dayMs
  assert.equal(house.state('payer'), 'STALE')
  assert.equal(await put('extend', dana, 8), 'until-invalid')
  assert.equal(await put('extend', dana, 7), 'pending')
  assert.equal(await put('exempt', eve, 7), 'pending')
  assert.equal(await put('extend', dana, 7), 'pending')
  assert.equal(await put('extend', eve, 3), 'done')
  assert.equal(house.state('payer'), 'PROVISIONAL')
  clock.now += 3 * dayMs
  assert.equal(house.state('payer'), 'STALE')
  assert.equal(await put('extend', dana, 3), 'already-extended')
  assert.equal(await put('exempt', dana, 91), 'until-invalid')
  assert.equal(await put('exempt', dana, 90), 'pending')
  assert.equal(await put('exempt', eve, 90), 'done')
  assert.equal(house.state('payer'), 'EXEMPT')
  clock.now += 90 * dayMs
  assert.equal(house.state('payer'), 'LAPSED')
})

test('a second gateway knows of a revocation and of a certification', async (t) => {
  const house = await openHouse(t)
  const rules = reviewRules(policies, { approvals })
  const other = await openReviewHouse(t, { beside: house })
  await other.activate(rules)
  assert.equal(other.state('payer'), 'PROVISIONAL')
  await certify(house, 'payer', dana)
  await other.standings.refresh()
  assert.equal(other.state('payer'), 'FRESH')
  const cut = other.standings.revoked(['payer'])
  const asked = { grant: 'payer', person: dana, reason: 'Gone.', isAdmin: false }
  assert.equal(await outcome(house.desk.revoke(asked)), 'done')
  await other.standings.refresh()
  assert.equal(other.state('payer'), 'REVOKED')
  assert.equal(cut.aborted, true)
})
