import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  asking,
  boss,
  dana,
  dayMs,
  eve,
  functionOf,
  functions,
  openReviewHouse,
  outcome,
  permit,
  type ReviewHouse,
  reviewer,
  reviewRules,
} from '../../test/review-yard.ts'
import type { Person } from '../approval/ballot.ts'
import type { ReviewItem } from '../model/campaign.ts'
import type { CampaignAsked, DecideAsked } from './asked.ts'
import { decidedRecord } from './records.ts'

const policies = [
  permit('readers', 'in Group::"readers"', 'pay.read'),
  permit('payer', '== Agent::"corp:bot"', 'pay.pay'),
  permit('wirer', '== User::"corp:wendy"', 'pay.wire'),
].join('')

async function openHouse(t: Parameters<typeof openReviewHouse>[0]) {
  const house = await openReviewHouse(t)
  await house.activate(reviewRules(policies))
  return house
}

/** Its id, and the id of its item about each grant. */
async function start(house: ReviewHouse, changes: Partial<CampaignAsked> = {}) {
  const started = await house.desk.startCampaign(asking(house, changes))
  assert.ok('campaign' in started, JSON.stringify(started))
  const { id, state } = started.campaign
  const items = await itemsOf(house, id)
  return { id, state, items: Object.fromEntries(items.map((item) => [item.grant, item.id])) }
}

function itemsOf({ store }: ReviewHouse, campaign: string): Promise<readonly ReviewItem[]> {
  return store.reviewItems({ campaign, limit: 100 })
}

/** What came of a decision by somebody who looked at the item. */
async function decide(
  house: ReviewHouse,
  item: string | undefined,
  person: Person,
  changes: Partial<DecideAsked> = {},
): Promise<string> {
  const view = await house.desk.item(item ?? '', person)
  const asked = { item: item ?? '', person, decision: 'keep', reason: 'Still needed.' } as const
  const acted = await house.desk.decide({ ...asked, shown: view?.shown ?? '', ...changes })
  return 'refused' in acted ? acted.refused : acted.item.state
}

async function recordsOf({ store }: ReviewHouse) {
  return (await store.leaves(0, 1000)).map(({ bytes }) => parseLeaf(bytes))
}

test('a campaign is opened with a frozen population, or not at all', async (t) => {
  const house = await openHouse(t)
  const at = house.clock.now
  const rows: readonly [Partial<CampaignAsked>, string][] = [
    [{ scope: { grants: ['none'] } }, 'scope-empty'],
    [{ scope: { functions: ['crm.*'] } }, 'scope-empty'],
    [{ scope: { risks: ['medium'] } }, 'scope-empty'],
    [{ scope: { staleBefore: at } }, 'scope-empty'],
    [{ name: ' ' }, 'campaign-invalid'],
    [{ reviewers: [] }, 'campaign-invalid'],
    [{ dueAt: at }, 'campaign-invalid'],
    [{ graceUntil: at + dayMs }, 'campaign-invalid'],
    [{ recurrence: 'FREQ=SECONDLY' }, 'recurrence-invalid'],
    [{ recurrence: 'FREQ=MONTHLY;COUNT=3' }, 'recurrence-invalid'],
    [{ recurrence: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30' }, 'recurrence-invalid'],
    // Nobody reviews their own, and the group that a grant is given to is none that reviews it.
    [
      { reviewers: [{ kind: 'people', people: ['corp:wendy'] }], scope: { grants: ['wirer'] } },
      'nobody-to-ask',
    ],
    [
      { reviewers: [{ kind: 'groups', groups: ['readers'] }], scope: { grants: ['readers'] } },
      'nobody-to-ask',
    ],
    [{ reviewers: [{ kind: 'people', people: ['corp:boss'] }] }, 'nobody-to-ask'],
    [{ person: { ...boss, actors: [boss.subject] } }, 'not-a-person'],
  ]
  for (const [changes, expected] of rows) {
    const started = house.desk.startCampaign(asking(house, changes))
    assert.equal(await outcome(started), expected, JSON.stringify(changes))
  }
  assert.deepEqual(await house.store.campaigns({ limit: 10 }), [])

  const preview = await house.desk.preview(asking(house))
  assert.ok('grants' in preview)
  assert.deepEqual(
    preview.grants.map(({ grant, assigned }) => [grant, assigned.groups]),
    [
      ['payer', ['team-pay']],
      ['readers', ['team-pay']],
      ['wirer', ['team-pay']],
    ],
  )
  const view = await house.desk.grant('payer')
  assert.deepEqual(view?.peers, [{ function: 'pay.pay', principals: 0 }])
  // The first rule that leaves somebody.
  const fallback = [
    { kind: 'people', people: ['corp:wendy'] },
    { kind: 'groups', groups: ['auditors'] },
  ] as const
  const { id, state } = await start(house, { reviewers: fallback })
  assert.equal(state, 'ACTIVE')
  const items = await itemsOf(house, id)
  const people = new Map(items.map(({ grant, assigned }) => [grant, assigned.people]))
  assert.deepEqual([people.get('readers'), people.get('wirer')], [['corp:wendy'], []])
  const lines = items
    .toSorted((one, other) => (one.grant < other.grant ? -1 : 1))
    .map(({ content, grant, tier }) => `${JSON.stringify({ content, grant, tier })}\n`)
  const hash = `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`
  const population = (await house.store.campaign(id))?.population
  assert.deepEqual([population?.count, population?.hash], [3, hash])
})

test('items are decided by who may, applied, and verified by the policy engine', async (t) => {
  const house = await openHouse(t)
  const { id, items } = await start(house)
  const { readers, payer, wirer } = items
  const rows: readonly [string | undefined, Person, Partial<DecideAsked>, string][] = [
    ['no-such', dana, {}, 'item-unknown'],
    [readers, reviewer('zoe', ['others']), {}, 'not-a-reviewer'],
    [
      readers,
      { ...boss, subject: { ...boss.subject, groups: ['team-pay'] } },
      {},
      'campaign-owner',
    ],
    [readers, reviewer('rita', ['team-pay', 'readers']), {}, 'own-access'],
    [readers, dana, { shown: 'sha256:anything' }, 'other-shown'],
    [readers, dana, { decision: 'revoke', reason: '' }, 'reason-required'],
    [readers, dana, { reason: '' }, 'VERIFIED'],
    [readers, eve, {}, 'item-closed'],
    [payer, dana, { reason: '' }, 'reason-required'],
    [payer, dana, { decision: 'revoke' }, 'VERIFIED'],
    [wirer, dana, { decision: 'time-bound', endsAt: house.clock.now + 3 * dayMs }, 'SECOND_LEVEL'],
    [wirer, dana, {}, 'already-decided'],
    [wirer, eve, {}, 'VERIFIED'],
  ]
  for (const [item, person, changes, expected] of rows) {
    const what = `${item} ${person.subject.id} ${JSON.stringify(changes)}`
    assert.equal(await decide(house, item, person, changes), expected, what)
  }
  assert.deepEqual(['readers', 'payer', 'wirer'].map(house.state), ['FRESH', 'REVOKED', 'DUE_SOON'])
  const wired = await house.store.grantStanding('wirer')
  assert.deepEqual(wired?.certification?.by, ['corp:dana', 'corp:eve'])
  assert.equal(wired.endsAt, house.clock.now + 3 * dayMs)
  const byGrant = new Map((await itemsOf(house, id)).map((item) => [item.grant, item]))
  assert.equal(byGrant.get('payer')?.remediation?.answer, 'forbid')
  assert.equal(byGrant.get('readers')?.remediation?.answer, 'permit')
  assert.equal(byGrant.get('payer')?.decisions[0]?.dwellMs, 0)

  // Closed with a pack that says the same whenever it is asked for, and that the record binds.
  const closed = await house.desk.closeCampaign({ id, person: boss })
  assert.equal('campaign' in closed && closed.campaign.state, 'CLOSED')
  const pack = await house.desk.pack(id)
  assert.ok(!('refused' in pack))
  assert.deepEqual(
    pack.map(({ name }) => name),
    ['campaign.json', 'population.ndjson', 'items.ndjson', 'summary.html', 'manifest.json'],
  )
  const record = (await recordsOf(house)).find(({ type }) => type === 'campaign.closed')
  assert.ok(record?.type === 'campaign.closed')
  const manifest = pack.at(-1)?.bytes ?? new Uint8Array()
  assert.equal(record.manifest, `sha256:${createHash('sha256').update(manifest).digest('hex')}`)
  assert.deepEqual(record.counts, [
    { n: 1, what: 'keep' },
    { n: 1, what: 'revoke' },
    { n: 1, what: 'time-bound' },
  ])
  assert.deepEqual(await house.desk.pack(id), pack)
  assert.equal(await decide(house, readers, dana), 'campaign-closed')
  assert.deepEqual(house.failures, [])
})

test('what was shown is bound to the item, the person and the day', async (t) => {
  const house = await openHouse(t)
  const { items } = await start(house)
  const shownTo = async (item: string | undefined, person: Person) =>
    (await house.desk.item(item ?? '', person))?.shown ?? ''
  const shown = await shownTo(items.readers, dana)
  const [id = '', at = '', digest = '', seal = ''] = shown.split('.')
  for (const other of [
    '',
    await shownTo(items.readers, eve),
    await shownTo(items.payer, dana),
    [id, String(Number(at) - 1), digest, seal].join('.'),
    [id, at, digest.replace(/.$/, (last) => (last === '0' ? '1' : '0')), seal].join('.'),
    [items.payer, at, digest, seal].join('.').slice(0, -1),
  ]) {
    assert.equal(await decide(house, items.readers, dana, { shown: other }), 'other-shown', other)
  }
  house.clock.now += dayMs + 1
  assert.equal(await decide(house, items.readers, dana, { shown }), 'other-shown')
  const again = await shownTo(items.readers, dana)
  house.clock.now += 5_000
  assert.equal(await decide(house, items.readers, dana, { shown: again }), 'VERIFIED')
  const item = await house.store.reviewItem(items.readers ?? '')
  assert.equal(item?.decisions[0]?.dwellMs, 5_000)
})

test('in bulk: nothing high is kept, and one in ten was looked at', async (t) => {
  const house = await openReviewHouse(t)
  const names = Array.from({ length: 30 }, (_, n) => `grant-${String(n).padStart(2, '0')}`)
  const many = names.map((name) => permit(name, `== User::"corp:${name}"`, 'pay.read')).join('')
  await house.activate(reviewRules(policies + many))
  const { items } = await start(house)
  const bulk = async (
    grants: readonly string[],
    looked: readonly string[],
    changes: object = {},
  ) => {
    const shown = await Promise.all(
      looked.map(async (grant) => (await house.desk.item(items[grant] ?? '', dana))?.shown ?? ''),
    )
    const ids = grants.map((grant) => items[grant] ?? '')
    const asked = { items: ids, person: dana, decision: 'keep', reason: 'All needed.' } as const
    const done = await house.desk.decideInBulk({ ...asked, shown, ...changes })
    if (!('decided' in done)) return done.refused
    const refused = done.refused.map((one) => one.refused)
    return [done.decided.length, ...new Set(refused)].join(' ')
  }
  const first = names.slice(0, 20)
  assert.equal(await bulk(first, []), 'look-first')
  assert.equal(await bulk(first, first.slice(0, 1)), 'look-first')
  // Others than those that are decided do not count.
  assert.equal(await bulk(first, names.slice(20, 25)), 'look-first')
  assert.equal(await bulk(first, first.slice(0, 2), { reason: ' ' }), 'reason-required')
  assert.equal(await bulk(first, first.slice(0, 2)), '20')
  assert.equal(await bulk(first, first.slice(0, 2)), '0 item-closed')
  assert.equal(await bulk(['payer', ...names.slice(20)], ['payer', 'grant-20']), '10 no-bulk')
  assert.equal(await bulk(['payer', 'wirer'], ['payer'], { decision: 'revoke' }), '2')
  assert.deepEqual(['payer', 'wirer', 'grant-00'].map(house.state), ['REVOKED', 'REVOKED', 'FRESH'])
})

test('an item whose grant changes is void and asked again', async (t) => {
  const house = await openHouse(t)
  const { id, items } = await start(house)
  assert.equal(await decide(house, items.wirer, dana), 'SECOND_LEVEL')
  const riskier = functions.map((fn) => (fn.id === 'pay.wire' ? functionOf('wire', 'high') : fn))
  await house.activate(reviewRules(policies, { functions: riskier }))
  assert.equal(await decide(house, items.wirer, eve), 'item-closed')
  const [again] = (await itemsOf(house, id)).filter(({ grant, state }) => {
    return grant === 'wirer' && state === 'UNREVIEWED'
  })
  const void_ = await house.store.reviewItem(items.wirer ?? '')
  assert.deepEqual([void_?.state, void_?.reopened], ['VOIDED', again?.id])
  assert.deepEqual([again?.tier, again?.decisions], ['high', []])
  // The others are found by whoever looks; what is gone from the rulebook is void and not asked again.
  await house.activate(
    reviewRules(permit('wirer', '== User::"corp:wendy"', 'pay.wire'), { functions: riskier }),
  )
  await house.desk.look()
  const states = new Map((await itemsOf(house, id)).map((item) => [item.id, item.state]))
  assert.equal(states.get(items.readers ?? ''), 'VOIDED')
  assert.equal(states.get(again?.id ?? ''), 'UNREVIEWED')
  assert.equal(await decide(house, again?.id, eve), 'VERIFIED')
  const closed = await house.desk.closeCampaign({ id, person: boss })
  assert.equal('campaign' in closed && closed.campaign.state, 'CLOSED')
  assert.equal((await house.store.campaign(id))?.population?.count, 3)
})

test('other people are asked by who may', async (t) => {
  const house = await openHouse(t)
  const { items } = await start(house)
  const item = items.readers ?? ''
  const move = async (person: Person, changes: object = {}) => {
    const to = { groups: ['auditors'], people: [], note: 'They know.', isAdmin: false }
    const acted = await house.desk.reassign({ item, person, ...to, ...changes })
    return 'refused' in acted ? acted.refused : acted.item.assigned.groups.join()
  }
  assert.equal(await move(reviewer('zoe', ['others'])), 'not-a-reviewer')
  assert.equal(await move(dana, { note: '' }), 'reason-required')
  assert.equal(await move(dana, { groups: [] }), 'nobody-to-ask')
  assert.equal(await move(dana), 'auditors')
  assert.equal(await decide(house, item, dana), 'not-a-reviewer')
  assert.equal(await move(dana), 'not-a-reviewer')
  assert.equal(await move(boss, { groups: ['team-pay'] }), 'team-pay')
  assert.equal(await move(reviewer('root', ['admin']), { isAdmin: true }), 'auditors')
  assert.equal(await decide(house, item, reviewer('ada', ['auditors'])), 'VERIFIED')
  assert.equal(await move(boss), 'item-closed')
  assert.equal((await house.store.reviewItem(item))?.moved.length, 3)
})

const listedGroups = {
  'team-pay': ['corp:dana', 'corp:eve', 'corp:finn'],
  auditors: ['corp:ada'],
  friends: ['corp:root', 'corp:mallory'],
}

test('whoever has had their word, or hands it on, does not choose their own second', async (t) => {
  const house = await openReviewHouse(t)
  await house.activate(reviewRules(policies, { approvals: { groups: listedGroups } }))
  const { items } = await start(house)
  const root = reviewer('root', ['admin'])
  const mallory = reviewer('mallory', ['others'])
  assert.equal(await decide(house, items.wirer, dana), 'SECOND_LEVEL')
  const rows: readonly [Person, isAdmin: boolean, to: object, expected: string][] = [
    [dana, false, { people: ['corp:mallory'] }, 'already-decided'],
    [dana, false, { people: ['corp:eve'] }, 'already-decided'],
    [dana, true, { groups: ['auditors'] }, 'already-decided'],
    [boss, false, { people: ['corp:mallory'] }, 'not-named'],
    [boss, false, { people: ['corp:boss'] }, 'not-named'],
    [root, true, { people: ['corp:root'] }, 'not-named'],
    [root, true, { people: ['corp:eve', 'corp:root'] }, 'not-named'],
    [root, true, { groups: ['friends'] }, 'not-named'],
    [root, true, { groups: ['admin'] }, 'not-named'],
    [eve, true, { people: ['corp:eve'] }, 'not-named'],
    [root, true, { people: ['corp:eve'] }, 'done'],
  ]
  for (const [person, isAdmin, to, expected] of rows) {
    const asked = { item: items.wirer ?? '', person, note: 'Theirs.', isAdmin }
    const moved = house.desk.reassign({ ...asked, groups: [], people: [], ...to })
    assert.equal(await outcome(moved), expected, `${person.subject.id} ${JSON.stringify(to)}`)
  }
  assert.equal(await decide(house, items.wirer, mallory), 'not-a-reviewer')
  assert.equal(await decide(house, items.wirer, eve), 'VERIFIED')
})

const without = { ...listedGroups, 'team-pay': ['corp:eve', 'corp:finn'] }
const gone: readonly [what: string, (house: ReviewHouse) => unknown][] = [
  ['is locked', (house) => house.locked.add('corp:dana')],
  [
    'is taken from the list',
    (house) => house.activate(reviewRules(policies, { approvals: { groups: without } })),
  ],
  [
    'turns out to be one with whose access it is',
    (house) => {
      const people = [{ id: 'corp:dana', accounts: ['corp:wendy'], agents: [] }]
      return house.activate(reviewRules(policies, { approvals: { groups: listedGroups, people } }))
    },
  ],
]
for (const [what, happens] of gone) {
  test(`who filled the first place ${what}: it is asked again`, async (t) => {
    const house = await openReviewHouse(t)
    await house.activate(reviewRules(policies, { approvals: { groups: listedGroups } }))
    const { id, items } = await start(house)
    assert.equal(await decide(house, items.wirer, dana), 'SECOND_LEVEL')
    await happens(house)
    assert.equal(await decide(house, items.wirer, eve), 'item-closed')
    assert.equal((await house.store.reviewItem(items.wirer ?? ''))?.state, 'VOIDED')
    const again = (await itemsOf(house, id)).find(({ grant, state }) => {
      return grant === 'wirer' && state === 'UNREVIEWED'
    })
    assert.equal(await decide(house, again?.id, eve), 'SECOND_LEVEL')
    assert.equal(await decide(house, again?.id, reviewer('finn')), 'VERIFIED')
    const standing = await house.store.grantStanding('wirer')
    assert.deepEqual(standing?.certification?.by, ['corp:eve', 'corp:finn'])
  })
}

test('what was decided by somebody who may decide no more is not applied', async (t) => {
  const house = await openReviewHouse(t)
  await house.activate(reviewRules(policies, { approvals: { groups: listedGroups } }))
  const { id, items } = await start(house)
  assert.equal(await decide(house, items.readers, dana), 'VERIFIED')
  assert.equal(await decide(house, items.payer, dana), 'VERIFIED')
  assert.equal(await decide(house, items.wirer, dana), 'SECOND_LEVEL')
  const item = await house.store.reviewItem(items.wirer ?? '')
  const [first] = item?.decisions ?? []
  assert.ok(item && first)
  const second = { ...first, by: 'corp:eve', level: 2 } as const
  const decisions = [first, second]
  const next = { ...item, state: 'DECIDED', decisions, revision: item.revision + 1 } as const
  // As a gateway leaves it that stops before it puts it in force.
  await house.store.commit({
    record: decidedRecord(next, second),
    payloads: [],
    change: { kind: 'review.update', item: next, expectedRevision: item.revision },
  })
  house.locked.add('corp:dana')
  const closed = await house.desk.closeCampaign({ id, person: boss })
  assert.equal('campaign' in closed && closed.campaign.state, 'CLOSED')
  const found = await house.store.reviewItem(items.wirer ?? '')
  assert.deepEqual([found?.state, found?.remediation?.state], ['APPLIED', 'failed'])
  assert.deepEqual([house.state('wirer'), house.state('payer')], ['PROVISIONAL', 'FRESH'])
})

test('cancelled by two people, and nothing is certified by it', async (t) => {
  const house = await openHouse(t)
  const { id, items } = await start(house)
  const cancel = (person: Person) =>
    outcome(house.desk.cancel({ id, person, reason: 'A mistake.' }))
  assert.equal(await cancel(boss), 'pending')
  assert.equal(await cancel(boss), 'pending')
  assert.equal((await house.store.campaign(id))?.state, 'ACTIVE')
  assert.equal(await cancel(reviewer('boss-2', ['admin'])), 'done')
  assert.equal(await cancel(boss), 'campaign-closed')
  assert.equal(await decide(house, items.readers, dana), 'campaign-closed')
  assert.equal(house.state('readers'), 'PROVISIONAL')
})

for (const [noResponse, expected] of [
  ['stale', { readers: 'PROVISIONAL', payer: 'PROVISIONAL', wirer: 'PROVISIONAL' }],
  ['revoke', { readers: 'REVOKED', payer: 'REVOKED', wirer: 'REVOKED' }],
  // Nothing is kept without a person's word.
  ['keep-flagged', { readers: 'PROVISIONAL', payer: 'PROVISIONAL', wirer: 'PROVISIONAL' }],
  // Nobody counted uses for long enough to recommend anything.
  ['recommendation', { readers: 'PROVISIONAL', payer: 'PROVISIONAL', wirer: 'PROVISIONAL' }],
] as const) {
  test(`nobody decides, and the campaign says ${noResponse}`, async (t) => {
    const house = await openHouse(t)
    const { id } = await start(house, { noResponse, recurrence: 'FREQ=MONTHLY' })
    const opensAt = house.clock.now
    const states: string[] = []
    const look = async (days: number) => {
      house.clock.now += days * dayMs
      states.push((await house.desk.campaign(id))?.state ?? '')
    }
    await look(6)
    await look(1)
    assert.equal(await outcome(house.desk.closeCampaign({ id, person: boss })), 'campaign-open')
    await look(7)
    assert.deepEqual(states, ['ACTIVE', 'OVERDUE', 'ENFORCING'])
    await house.desk.look()
    assert.equal((await house.store.campaign(id))?.state, 'CLOSED')
    const grants = { readers: '', payer: '', wirer: '' }
    for (const grant of ['readers', 'payer', 'wirer'] as const) grants[grant] = house.state(grant)
    assert.deepEqual(grants, expected)
    const records = await recordsOf(house)
    const record = records.find(({ type }) => type === 'campaign.closed')
    assert.ok(record?.type === 'campaign.closed')
    assert.equal(record.by, 'gateway:reviews')
    assert.ok(!records.some(({ type }) => type === 'grant.certified'))
    assert.deepEqual(house.failures, [])

    // The next round opens on its day, about what there is then.
    const [next] = await house.store.campaigns({ limit: 1 })
    assert.deepEqual([next?.previous, next?.state], [id, 'DRAFT'])
    assert.equal(next?.dueAt, (next?.opensAt ?? 0) + 7 * dayMs)
    assert.equal(new Date(next?.opensAt ?? 0).getUTCMonth(), new Date(opensAt).getUTCMonth() + 1)
    house.clock.now = next?.opensAt ?? 0
    await house.desk.look()
    const opened = await house.store.campaign(next?.id ?? '')
    const isAllRevoked = noResponse === 'revoke'
    assert.deepEqual([opened?.state, opened?.population?.count], ['ACTIVE', isAllRevoked ? 0 : 3])
    assert.equal(opened?.population?.excluded, isAllRevoked ? 3 : 0)
  })
}

test('two gateways decide about one item: one word counts', async (t) => {
  const house = await openHouse(t)
  const other = await openReviewHouse(t, { beside: house })
  await other.activate(reviewRules(policies))
  const { id, items } = await start(house)
  const both = await Promise.all([
    decide(house, items.payer, dana),
    decide(other, items.payer, eve, { decision: 'revoke' }),
  ])
  assert.deepEqual(both.toSorted(), ['VERIFIED', 'item-closed'])
  const looks = [house.desk.look(), other.desk.look()]
  await Promise.all(looks)
  house.clock.now += 15 * dayMs
  await Promise.all([house.desk.look(), other.desk.look()])
  await house.desk.look()
  assert.equal((await house.store.campaign(id))?.state, 'CLOSED')
  const closings = (await recordsOf(house)).filter(({ type }) => type === 'campaign.closed')
  assert.equal(closings.length, 1)
  assert.deepEqual([...house.failures, ...other.failures], [])
})
