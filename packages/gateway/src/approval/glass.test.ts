import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  cast,
  type DeskHouse,
  flow,
  held,
  heldFor,
  openDeskHouse,
  person,
  refusedWith,
  rulesWith,
} from '../../test/desk-yard.ts'
import type { ApprovalRules, BreakGlassRules } from '../model/approval-rules.ts'
import type { Person } from './ballot.ts'
import type { GlassRequest, GlassReview } from './glass-request.ts'
import { messageOf } from './message.ts'

const breakGlass: BreakGlassRules = {
  people: ['corp:sam'],
  functions: ['pay.*'],
  forMsMax: 1_800_000,
  acr: [],
  amr: ['mfa'],
  signedInWithinMs: 300_000,
  reviewers: ['security'],
  reviewWithinMs: 3_600_000,
  notify: ['ops', 'chief'],
  usesPer30Days: 2,
}
const sam: Person = {
  ...person('sam', ['support']),
  assurance: { amr: ['pwd', 'mfa'], signedInAt: 900_000 },
}
const request: GlassRequest = {
  person: sam,
  reason: 'The payment system is on fire.',
  incident: 'INC-1',
  functions: ['pay.transfer'],
}
const lee = person('lee', ['security'])
const review = (id: string, changes: Partial<GlassReview> = {}): GlassReview => ({
  ...{ id, person: lee, verdict: 'justified', notes: 'Seen the incident.' },
  ...changes,
})

async function openGlassHouse(
  t: TestContext,
  changes: Partial<ApprovalRules> = {},
): Promise<DeskHouse> {
  const house = await openDeskHouse(t)
  house.say({ breakGlass, ...changes })
  return house
}

async function said({ desk }: DeskHouse, changes: Partial<GlassRequest> = {}): Promise<string> {
  const opened = await desk.openGlass({ ...request, ...changes })
  return 'refused' in opened ? opened.refused : 'opened'
}

const assured = (changes: object): Person => ({
  ...sam,
  assurance: { amr: ['mfa'], signedInAt: 900_000, ...changes },
})
const { assurance: _, ...unassured } = sam
const rows: readonly (readonly [string, Partial<GlassRequest>, string, Partial<ApprovalRules>?])[] =
  [
    ['who is named', {}, 'opened'],
    ['nobody is named', {}, 'not-named', { breakGlass: { ...breakGlass, people: [] } }],
    ['nothing is said about it', {}, 'not-named', { breakGlass: undefined }],
    ['somebody else', { person: { ...sam, ...lee } }, 'not-named'],
    [
      'an administrator of the same name',
      { person: { ...sam, ...person('sam', ['admin'], 'operator') } },
      'not-named',
    ],
    ['an agent of theirs', { person: { ...sam, actors: [lee.subject] } }, 'not-a-person'],
    ['a sign-in that nobody dates', { person: unassured }, 'sign-in-stale'],
    [
      'a sign-in of five minutes ago',
      { person: assured({ signedInAt: 700_000 }) },
      'sign-in-stale',
    ],
    ['a sign-in in the future', { person: assured({ signedInAt: 1_100_000 }) }, 'sign-in-stale'],
    ['a password only', { person: assured({ amr: ['pwd'] }) }, 'sign-in-weak'],
    [
      'another level than asked for',
      { person: assured({ acr: 'low' }) },
      'sign-in-weak',
      { breakGlass: { ...breakGlass, acr: ['high'] } },
    ],
    [
      'the level asked for',
      { person: assured({ acr: 'high' }) },
      'opened',
      { breakGlass: { ...breakGlass, acr: ['high', 'higher'] } },
    ],
    ['rules that ask for nothing', {}, 'sign-in-weak', { breakGlass: { ...breakGlass, amr: [] } }],
    ['no reason to speak of', { reason: 'Because.           ' }, 'reason-required'],
    ['no incident', { incident: ' ' }, 'incident-required'],
    ['a long story', { reason: 'x'.repeat(1001) }, 'reason-too-long'],
    ['nothing named', { functions: [] }, 'nothing-named'],
    ['two things named', { approval: 'apr_1' }, 'nothing-named'],
    ['no such question', { ...withoutFunctions(), approval: 'apr_1' }, 'approval-unknown'],
    ['a pattern within', { functions: ['pay.batch.*', 'pay.x'] }, 'opened'],
    ['all of what is named', { functions: ['pay.*'] }, 'opened'],
    ['another connection', { functions: ['pay.transfer', 'crm.read'] }, 'functions-not-covered'],
    ['everything', { functions: ['*'] }, 'functions-not-covered'],
    ['a connection of a like name', { functions: ['payroll.*'] }, 'functions-not-covered'],
    ['longer than may be', { forMs: 1_800_001 }, 'too-long'],
    ['no time', { forMs: 0 }, 'too-long'],
    [
      'longer than an hour, whatever the rules say',
      { forMs: 3_600_001 },
      'too-long',
      { breakGlass: { ...breakGlass, forMsMax: 9e9 } },
    ],
  ]
function withoutFunctions(): Partial<GlassRequest> {
  return { functions: [] }
}
for (const [name, changes, expected, approvals] of rows) {
  test(`break-glass, ${name}: ${expected}`, async (t) => {
    const house = await openGlassHouse(t, approvals)
    assert.equal(await said(house, changes), expected)
  })
}

test('at two gateways at once nobody breaks more than their budget', async (t) => {
  const house = await openGlassHouse(t)
  const other = await openDeskHouse(t, { beside: house })
  other.say({ breakGlass })
  const opened = await Promise.all([house, other, house, other].map((one) => said(one)))
  assert.deepEqual(opened.toSorted(), ['opened', 'opened', 'too-often', 'too-often'])
})

test('who is locked breaks nothing', async (t) => {
  const house = await openGlassHouse(t)
  house.locked.add('corp:sam')
  assert.equal(await said(house), 'locked')
})

test('a broken glass lets calls of its person through, whoever acts for them, for a while', async (t) => {
  const house = await openGlassHouse(t)
  const opened = await house.desk.openGlass({ ...request, forMs: 60_000 })
  assert.ok('glass' in opened)
  const groups = ['finance', 'legal']
  const used = await house.desk.standing(held('c1'), groups)
  assert.deepEqual(
    [used?.id, used?.clearance, used?.by, used?.groups],
    [opened.glass.id, opened.glass.clearance, ['corp:sam'], groups],
  )
  const other = held('x')
  const stranger = { ...other.principal, subject: { ...other.principal.subject, id: 'corp:tom' } }
  for (const at of [
    held('c2', { principal: stranger }),
    held('c3', { fn: { ...other.fn, id: 'crm.delete' } }),
  ]) {
    assert.equal(await house.desk.standing(at, groups), undefined)
  }
  house.clock.now += 60_000
  assert.equal(await house.desk.standing(held('c4'), groups), undefined)
})

test('a question is bypassed for the one call that it was about', async (t) => {
  const house = await openGlassHouse(t)
  const rules = rulesWith({ flows: { finance: flow() } })
  const terms = { kind: 'window', uses: 3, forMs: 60_000, when: [] } as const
  const at = heldFor('c1', 5, { rules, call: { clearanceTerms: terms } })
  const { id } = await house.desk.open(at, ['finance'])
  const { signal } = new AbortController()
  const waiting = house.desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 600_000, signal })
  const opened = await house.desk.openGlass({ ...request, functions: [], approval: id })
  assert.ok('glass' in opened, JSON.stringify(opened))
  assert.equal((await waiting).state, 'approved')
  const settled = await house.desk.find(id)
  assert.deepEqual([settled?.state, settled?.clearance], ['BYPASSED', opened.glass.clearance])
  assert.equal(await cast(house, id), 'approval-closed')
  const differs = await refusedWith(house.desk.claim(heldFor('c2', 6, { rules }), id))
  assert.deepEqual(differs.facts.differs, ['arguments'])
  assert.equal(await house.desk.standing(heldFor('c3', 7, { rules }), ['finance']), undefined)
  const used = await house.desk.claim(heldFor('c4', 5, { rules }), id)
  assert.deepEqual([used.id, used.by], [id, ['corp:sam']])
  assert.equal(
    (await refusedWith(house.desk.claim(heldFor('c5', 5, { rules }), id))).code,
    'approval-unusable',
  )
  const [, leaf] = (await house.store.leaves(0, 10))
    .map(({ bytes }) => parseLeaf(bytes))
    .filter(({ type }) => !type.startsWith('emitter'))
  assert.deepEqual(
    leaf?.type === 'break-glass.opened' && [leaf.approval, leaf.uses, leaf.functions],
    [id, 1, ['pay.transfer']],
  )
})

test('only for a call of one’s own, while it waits', async (t) => {
  const house = await openGlassHouse(t, {
    breakGlass: { ...breakGlass, people: ['corp:sam', 'corp:lee'] },
  })
  const { id } = await house.desk.open(held('c1'), ['finance'])
  const named = { functions: [], approval: id }
  const other = { ...lee, assurance: { amr: ['mfa'], signedInAt: 900_000 } }
  assert.equal(await said(house, { ...named, person: other }), 'not-your-call')
  await cast(house, id, { verdict: 'deny', reason: 'No.' })
  assert.equal(await said(house, named), 'approval-closed')
})

test('so often in thirty days, also when asked for at the same moment', async (t) => {
  const house = await openGlassHouse(t)
  const many = await Promise.all(Array.from({ length: 8 }, () => said(house)))
  assert.deepEqual(many.sort(), ['opened', 'opened', ...Array(6).fill('too-often')])
  for (const { id } of await house.store.breakGlasses({ limit: 10 }))
    await house.desk.reviewGlass(review(id))
  const later = (): Partial<GlassRequest> => ({ person: assured({ signedInAt: house.clock.now }) })
  house.clock.now += 2_591_999_999
  assert.equal(await said(house, later()), 'too-often')
  house.clock.now += 1
  assert.equal(await said(house, later()), 'opened')
})

test('whoever was not reviewed in time breaks no more, nor who was found wrong', async (t) => {
  const house = await openGlassHouse(t)
  const opened = await house.desk.openGlass(request)
  assert.ok('glass' in opened)
  const { id } = opened.glass
  const later = (): Partial<GlassRequest> => ({ person: assured({ signedInAt: house.clock.now }) })
  house.clock.now += breakGlass.reviewWithinMs
  assert.equal(await said(house, later()), 'unreviewed')
  assert.ok('glass' in (await house.desk.reviewGlass(review(id, { verdict: 'unjustified' }))))
  assert.equal(await said(house, later()), 'unjustified')
  assert.deepEqual(await house.desk.reviewGlass(review(id, { verdict: 'unjustified' })), {
    refused: 'already-reviewed',
  })
  assert.ok('glass' in (await house.desk.reviewGlass(review(id))))
  assert.deepEqual(await house.desk.reviewGlass(review(id)), { refused: 'already-reviewed' })
  assert.equal(await said(house, later()), 'opened')
})

const reviews: readonly (readonly [
  string,
  Partial<GlassReview>,
  string,
  Partial<ApprovalRules>?,
])[] = [
  ['a reviewer', {}, 'reviewed'],
  ['no such glass', { id: 'bgl_none' }, 'glass-unknown'],
  ['who broke it', { person: person('sam', ['security']) }, 'own-glass'],
  [
    'who broke it, as an operator',
    { person: person('sam', ['security'], 'operator') },
    'own-glass',
  ],
  [
    'another account of theirs',
    { person: person('sam2', ['security']) },
    'own-glass',
    { people: [{ id: 'corp:sam', accounts: ['corp:sam2'], agents: [] }] },
  ],
  ['an administrator', { person: person('root', ['admin']) }, 'not-a-reviewer'],
  ['who is not among those listed', {}, 'not-a-reviewer', { groups: { security: ['corp:zoe'] } }],
  ['an agent', { person: { ...lee, actors: [sam.subject] } }, 'not-a-person'],
  ['without a word', { notes: ' ' }, 'notes-required'],
  ['with too many', { notes: 'x'.repeat(1001) }, 'notes-too-long'],
]
for (const [name, changes, expected, approvals] of reviews) {
  test(`a review by ${name}: ${expected}`, async (t) => {
    const house = await openGlassHouse(t, approvals)
    const opened = await house.desk.openGlass(request)
    assert.ok('glass' in opened)
    const reviewed = await house.desk.reviewGlass(review(opened.glass.id, changes))
    assert.equal('refused' in reviewed ? reviewed.refused : 'reviewed', expected)
  })
}

test('people are told at once, and again when nobody has reviewed it in time', async (t) => {
  const house = await openGlassHouse(t)
  const opened = await house.desk.openGlass(request)
  assert.ok('glass' in opened)
  const take = async () => {
    const taken = await house.store.takeNotices({ now: house.clock.now, leaseMs: 9e12, limit: 10 })
    const messages = taken.map((notice) =>
      messageOf({ desk: house.desk, store: house.store, now: () => house.clock.now }, notice),
    )
    return (await Promise.all(messages)).map((message) => message?.state)
  }
  assert.deepEqual(await take(), ['OPEN', 'OPEN'])
  house.clock.now += breakGlass.reviewWithinMs - 1
  assert.deepEqual(await take(), [])
  house.clock.now += 1
  assert.deepEqual(await take(), ['OVERDUE', 'OVERDUE'])
  const again = await openGlassHouse(t)
  const other = await again.desk.openGlass(request)
  assert.ok('glass' in other)
  await again.desk.reviewGlass(review(other.glass.id))
  const tell = (event: 'break-glass.opened' | 'break-glass.overdue') =>
    messageOf(
      { desk: again.desk, store: again.store, now: () => 9e12 },
      { event, about: other.glass.id },
    )
  assert.equal((await tell('break-glass.opened'))?.state, 'REVIEWED')
  assert.equal(await tell('break-glass.overdue'), undefined)
})
