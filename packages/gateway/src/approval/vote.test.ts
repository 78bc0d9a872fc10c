import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  becomes,
  cast,
  type DeskHouse,
  dana,
  eve,
  flow,
  held,
  heldFor,
  no,
  openDeskHouse,
  person,
  refusedWith,
  rulesWith,
  sam,
} from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'
import type { ApprovalFlow, ApprovalRules } from '../model/approval-rules.ts'
import type { Party } from '../model/principal.ts'
import type { Ballot, Person } from './ballot.ts'

const kim = person('kim', [])
const onSlack = (name: string): Person => ({
  ...person(name, []),
  authentication: { method: 'slack' },
})
const step = (changes: Partial<ApprovalFlow['steps'][number]> = {}) => ({
  ...{ name: 'team', groups: ['finance'], quorum: 1, escalation: [] },
  ...changes,
})

/** A house with these rules, in which a call of Sam's through a bot is held. */
async function asked(
  t: TestContext,
  approvals: Partial<ApprovalRules>,
  principal: object = {},
): Promise<DeskHouse & { readonly id: string }> {
  const house = await openDeskHouse(t)
  house.say(approvals)
  const rules = rulesWith(approvals)
  const at = held('c1', { rules, principal: { ...held('x').principal, ...principal } })
  const { id } = await house.desk.open(at, ['finance'])
  return { ...house, id }
}

const listed = { groups: { finance: ['corp:dana', 'corp:kim'] } }
const samsPeople = {
  people: [{ id: 'corp:sam', accounts: ['github:7', 'corp:sam-admin'], agents: ['corp:bot'] }],
}
const ci: Party = { kind: 'workload', id: 'ci:repo', groups: [] }

const ballots: readonly (readonly [
  string,
  Partial<ApprovalRules>,
  Partial<Ballot>,
  string,
  object?,
])[] = [
  ['who is listed, whatever their token says', listed, { person: kim }, 'APPROVED'],
  ['who only says so', listed, { person: eve }, 'not-an-approver'],
  [
    'an operator who is called like one listed',
    listed,
    { person: person('kim', [], 'operator') },
    'not-an-approver',
  ],
  ['a name on Slack where that is too little', listed, { person: onSlack('kim') }, 'not-on-slack'],
  [
    'a name on Slack where it is enough',
    { ...listed, flows: { finance: flow({ slackDecides: true }) } },
    { person: onSlack('kim') },
    'APPROVED',
  ],
  [
    'a name on Slack that claims a group',
    { flows: { finance: flow({ slackDecides: true }) } },
    { person: { ...onSlack('eve'), subject: eve.subject } },
    'not-an-approver',
  ],
  [
    'another account of the requester',
    samsPeople,
    { person: person('sam-admin', ['finance']) },
    'own-call',
  ],
  [
    'who started the run',
    samsPeople,
    { person: person('sam', ['finance']) },
    'own-call',
    { subject: ci, actors: [], triggeredBy: ['github:7'] },
  ],
  [
    'too short a reason',
    { flows: { finance: flow({ reasonChars: 10 }) } },
    { reason: 'fine by me'.slice(0, 9) },
    'reason-required',
  ],
  [
    'blanks for a reason',
    { flows: { finance: flow({ reasonChars: 3 }) } },
    { reason: '      ' },
    'reason-required',
  ],
  [
    'reason enough',
    { flows: { finance: flow({ reasonChars: 10 }) } },
    { reason: 'fine by me' },
    'APPROVED',
  ],
]
for (const [name, approvals, changes, expected, principal] of ballots) {
  test(`${name}: ${expected}`, async (t) => {
    const house = await asked(t, approvals, principal)
    assert.equal(await cast(house, house.id, changes), expected)
  })
}

test('who is locked has no vote, nor with another account', async (t) => {
  const house = await asked(t, {
    people: [{ id: 'corp:dana', accounts: ['corp:dana2'], agents: [] }],
  })
  house.locked.add('corp:dana2')
  assert.equal(await cast(house, house.id), 'locked')
  house.locked.clear()
  assert.equal(await cast(house, house.id), 'APPROVED')
})

test('one human with two accounts has one vote', async (t) => {
  const house = await asked(t, {
    flows: { finance: flow({ steps: [step({ quorum: 2 })] }) },
    people: [{ id: 'corp:dana', accounts: ['corp:dana2'], agents: [] }],
  })
  assert.equal(await cast(house, house.id), 'PENDING')
  assert.equal(
    await cast(house, house.id, { person: person('dana2', ['finance']) }),
    'already-voted',
  )
  assert.equal(await cast(house, house.id, { person: eve }), 'APPROVED')
})

test('a yes is void when whoever gave it may vote no more', async (t) => {
  const approvals = {
    ...{ groups: { finance: ['corp:dana', 'corp:eve', 'corp:kim'] } },
    flows: { finance: flow({ steps: [step({ quorum: 2 })] }) },
  }
  const gone: readonly ((house: DeskHouse) => unknown)[] = [
    ({ locked }) => locked.add('corp:dana'),
    ({ say }) => say({ ...approvals, groups: { finance: ['corp:eve', 'corp:kim'] } }),
    ({ say }) =>
      say({ ...approvals, people: [{ id: 'corp:sam', accounts: ['corp:dana'], agents: [] }] }),
    ({ desk }) =>
      desk.delegate({
        ...{ person: person('sam', ['support']), to: 'corp:dana', reason: 'Holidays' },
        ...{ groups: ['support'], untilMs: 1_500_000 },
      }),
  ]
  for (const leave of gone) {
    const house = await asked(t, approvals)
    assert.equal(await cast(house, house.id), 'PENDING')
    await leave(house)
    assert.equal(await cast(house, house.id, { person: eve }), 'PENDING')
    assert.equal(await cast(house, house.id, { person: kim }), 'APPROVED')
    const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
    const voided = leaves.flatMap((leaf) => (leaf.type === 'approval.decided' ? [leaf.voided] : []))
    assert.deepEqual(voided, [undefined, ['corp:dana'], undefined])
  }
})

test('a step whose voter has left is open again, and the next one closed', async (t) => {
  const house = await asked(t, {
    flows: {
      finance: flow({ steps: [step({ quorum: 2 }), step({ name: 'law', groups: ['legal'] })] }),
    },
  })
  const lee = person('lee', ['legal'])
  for (const one of [dana, eve]) await cast(house, house.id, { person: one })
  house.locked.add('corp:dana')
  assert.equal(await cast(house, house.id, { person: lee }), 'not-an-approver')
  const zoe = person('zoe', ['finance'])
  const approval = await house.desk.find(house.id)
  assert.equal(approval && (await house.desk.whyNot(approval, zoe)), undefined)
  assert.equal(await cast(house, house.id, { person: zoe }), 'PENDING')
  assert.equal(await cast(house, house.id, { person: lee }), 'APPROVED')
})

test('steps of a flow follow each other, and each needs its own people', async (t) => {
  const house = await asked(t, {
    flows: {
      finance: flow({
        steps: [step({ quorum: 2 }), step({ name: 'security', groups: ['security', 'finance'] })],
      }),
    },
  })
  const lee = person('lee', ['security'])
  assert.equal(await cast(house, house.id, { person: lee }), 'not-an-approver')
  assert.equal(await cast(house, house.id), 'PENDING')
  assert.equal(await cast(house, house.id, { person: eve }), 'PENDING')
  // Who said yes in the first is in a group of the second, and has had their vote.
  assert.equal(await cast(house, house.id), 'already-voted')
  assert.equal(await cast(house, house.id, { person: lee }), 'APPROVED')
})

test('more people may vote when time passes, and time alone approves nothing', async (t) => {
  const escalation = [{ afterMs: 1000, groups: ['leads'] }]
  const house = await asked(t, {
    flows: { finance: flow({ steps: [step({ escalation })], decideByMs: 5000 }) },
  })
  const lead = { person: person('lea', ['leads']) }
  assert.equal(await cast(house, house.id, lead), 'not-an-approver')
  const approval = await house.desk.find(house.id)
  house.clock.now += 1000
  assert.ok(approval)
  assert.equal(await house.desk.whyNot(approval, lead.person), undefined)
  assert.equal(await cast(house, house.id, lead), 'APPROVED')
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const escalated = leaves.flatMap((leaf) =>
    leaf.type === 'approval.escalated' ? [leaf.groups] : [],
  )
  assert.deepEqual(escalated, [['leads']])
  const silent = await asked(t, {
    flows: { finance: flow({ steps: [step({ escalation })], decideByMs: 5000 }) },
  })
  silent.clock.now += 5000
  assert.equal((await silent.desk.find(silent.id))?.state, 'EXPIRED')
})

test('the clock is written down, and people are told, without anybody looking', async (t) => {
  const escalation = [{ afterMs: 1000, groups: ['leads'] }]
  const house = await openDeskHouse(t, { limits: { ...limits, deskTickMs: 5 } })
  const flows = {
    finance: flow({ steps: [step({ escalation })], decideByMs: 5000, notify: ['ops'] }),
  }
  const rules = rulesWith({ flows })
  const { id } = await house.desk.open(heldFor('c1', 1, { rules }), ['finance'])
  const next = await house.desk.open(heldFor('c2', 2, { rules }), ['finance'])
  await cast(house, next.id)
  const { clearance = '' } = (await house.desk.find(next.id)) ?? {}
  house.desk.start()
  house.clock.now += 1000
  await becomes(async () => (await house.store.approval(id))?.escalated === 1, 'escalated')
  house.clock.now += 4000
  await becomes(async () => (await house.store.approval(id))?.state === 'EXPIRED', 'expired')
  house.clock.now += limits.approvalClaimByMs
  await becomes(
    async () => (await house.store.clearance(clearance))?.state === 'EXPIRED',
    'expired',
  )
  const told = await house.store.takeNotices({ now: 9e12, leaseMs: 1, limit: 50 })
  const ofFirst = told.filter(({ about }) => about === id).map(({ event }) => event)
  assert.deepEqual(ofFirst.sort(), ['approval.escalated', 'approval.requested', 'approval.settled'])
  assert.deepEqual(house.failures, [])
})

const impossible: readonly (readonly [
  string,
  Partial<ApprovalRules>,
  boolean,
  (readonly string[])?,
])[] = [
  ['nobody is listed', { groups: { finance: [] } }, false],
  ['only the requester is', { groups: { finance: ['corp:sam'] } }, false],
  [
    'only an account of theirs is',
    { groups: { finance: ['corp:sam-admin'] }, ...samsPeople },
    false,
  ],
  ['somebody else is', { groups: { finance: ['corp:sam', 'corp:dana'] } }, true],
  ['the only one is locked', { groups: { finance: ['corp:eve'] } }, false, ['corp:eve']],
  [
    'one person for two places',
    { groups: { finance: ['corp:dana'], legal: ['corp:dana'] }, flows: twoSteps() },
    false,
  ],
  [
    'two people for two places',
    { groups: { finance: ['corp:dana', 'corp:eve'], legal: ['corp:dana'] }, flows: twoSteps() },
    true,
  ],
  [
    'somebody comes with an escalation',
    {
      groups: { finance: ['corp:sam'], leads: ['corp:eve'] },
      flows: {
        finance: flow({ steps: [step({ escalation: [{ afterMs: 1, groups: ['leads'] }] })] }),
      },
    },
    true,
  ],
  ['only tokens say who is in it', {}, true],
]
function twoSteps() {
  return { finance: flow({ steps: [step(), step({ name: 'law', groups: ['legal'] })] }) }
}
for (const [name, approvals, isPut, lockedNow = []] of impossible) {
  test(`${name}: the question is ${isPut ? 'put' : 'refused at once'}`, async (t) => {
    const { desk, locked } = await openDeskHouse(t)
    for (const one of lockedNow) locked.add(one)
    const opened = desk.open(held('c1', { rules: rulesWith(approvals) }), ['finance'])
    if (isPut) return assert.ok((await opened).id)
    const { code, facts } = await refusedWith(opened)
    assert.deepEqual([code, facts], ['approval-impossible', { groups: ['finance'] }])
  })
}

test('one group is not buried by many callers', async (t) => {
  const { desk } = await openDeskHouse(t, {
    limits: { ...limits, approvalsPendingPerGroup: 5 },
  })
  const ask = (n: number, groups: readonly string[]) => {
    const subject: Party = { ...sam, id: `corp:caller-${n}` }
    const principal = { ...held('x').principal, subject, actors: [] }
    return desk.open(heldFor(`c${n}`, n, { principal }), groups)
  }
  for (let n = 0; n < 5; n++) await ask(n, ['finance'])
  assert.equal((await refusedWith(ask(5, ['legal', 'finance']))).code, 'overloaded')
  assert.ok((await ask(6, ['legal'])).id)
})

test('who reads a question is told the same as who votes on it', async (t) => {
  const house = await asked(t, listed)
  const approval = await house.desk.find(house.id)
  assert.ok(approval)
  for (const [one, expected] of [
    [kim, undefined],
    [eve, 'not-an-approver'],
    [person('sam', ['finance']), 'own-call'],
    [{ ...kim, actors: [sam] }, 'not-a-person'],
  ] as const) {
    assert.equal(await house.desk.whyNot(approval, one), expected)
  }
  assert.equal(await cast(house, house.id, { ...no, person: dana }), 'DENIED')
  const denied = await house.desk.find(house.id)
  assert.equal(denied && (await house.desk.whyNot(denied, kim)), 'approval-closed')
})

test('without rules in force nobody votes', async (t) => {
  const house = await openDeskHouse(t, { rules: () => undefined })
  const { id } = await house.desk.open(held('c1'), ['finance'])
  assert.equal(await cast(house, id), 'locked')
})
