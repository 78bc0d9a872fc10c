import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  cast,
  type DeskHouse,
  dana,
  eve,
  flow,
  held,
  no,
  openDeskHouse,
  person,
  rulesWith,
  types,
} from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'
import type { ApprovalRules } from '../model/approval-rules.ts'
import type { Ballot } from './ballot.ts'
import type { DelegationRequest } from './delegation-request.ts'

const kim = person('kim', [])
const lee = person('lee', [])
const sam = person('sam', ['finance'])
/** Dana is away, and Kim votes for her. */
const away: DelegationRequest = {
  person: dana,
  to: 'corp:kim',
  untilMs: 2_000_000,
  reason: 'Holidays',
}

async function made(
  t: TestContext,
  changes: Partial<DelegationRequest> = {},
  approvals: Partial<ApprovalRules> = {},
): Promise<DeskHouse & { readonly said: string }> {
  const house = await openDeskHouse(t)
  house.say(approvals)
  const delegated = await house.desk.delegate({ ...away, ...changes })
  return { ...house, said: 'refused' in delegated ? delegated.refused : 'made' }
}

const requests: readonly (readonly [
  string,
  Partial<DelegationRequest>,
  string,
  Partial<ApprovalRules>?,
])[] = [
  ['to somebody else', {}, 'made'],
  ['to oneself', { to: 'corp:dana' }, 'to-yourself'],
  ['to oneself as an operator', { to: 'operator:dana' }, 'to-yourself'],
  [
    'to another account of one’s own',
    { to: 'corp:dana2' },
    'to-yourself',
    { people: [{ id: 'corp:dana', accounts: ['corp:dana2'], agents: [] }] },
  ],
  ['to a key', { to: 'key:key_1' }, 'not-a-person'],
  ['to nobody', { to: 'kim' }, 'not-a-person'],
  [
    'by an agent',
    { person: { ...dana, subject: { ...dana.subject, kind: 'agent' } } },
    'not-a-person',
  ],
  ['by an agent of theirs', { person: { ...dana, actors: [kim.subject] } }, 'not-a-person'],
  ['into the past', { untilMs: 1_000_000 }, 'until-invalid'],
  ['for ever', { untilMs: 1_000_001 + limits.delegationMs }, 'until-invalid'],
  ['without a reason', { reason: ' ' }, 'reason-required'],
  ['of a group one is not in', { groups: ['finance', 'legal'] }, 'groups-required'],
  ['of a group that lists others', {}, 'groups-required', { groups: { finance: ['corp:eve'] } }],
  [
    'for somebody else, of no group',
    { person: person('root', ['admin']), from: 'corp:dana' },
    'groups-required',
  ],
  [
    'for somebody else',
    { person: person('root', ['admin']), from: 'corp:dana', groups: ['finance'] },
    'made',
    { groups: { finance: ['corp:dana', 'corp:eve'] } },
  ],
  [
    'for somebody else, of a group they are not listed in',
    { person: person('root', ['admin']), from: 'corp:ghost', groups: ['finance'] },
    'groups-required',
    { groups: { finance: ['corp:dana', 'corp:eve'] } },
  ],
  [
    'for somebody else, of a group that only tokens name',
    { person: person('root', ['admin']), from: 'corp:ghost', groups: ['finance'] },
    'groups-required',
  ],
  [
    'for somebody else, to oneself',
    { person: kim, from: 'corp:dana', groups: ['finance'] },
    'to-yourself',
  ],
]
for (const [name, changes, expected, approvals] of requests) {
  test(`a delegation ${name}: ${expected}`, async (t) => {
    assert.equal((await made(t, changes, approvals)).said, expected)
  })
}

async function ask({ desk }: DeskHouse, approvals: Partial<ApprovalRules> = {}): Promise<string> {
  return (await desk.open(held('c1', { rules: rulesWith(approvals) }), ['finance'])).id
}
const forDana = { person: kim, onBehalfOf: 'corp:dana' }

test('a delegate votes for who is away, and for one of the two only', async (t) => {
  const house = await made(t)
  const id = await ask(house, {
    flows: {
      finance: flow({ steps: [{ name: 'team', groups: ['finance'], quorum: 2, escalation: [] }] }),
    },
  })
  const approval = await house.desk.find(id)
  assert.ok(approval)
  assert.deepEqual(await house.desk.onBehalfOf(approval, kim), ['corp:dana'])
  assert.deepEqual(await house.desk.onBehalfOf(approval, lee), [])
  assert.equal(await house.desk.whyNot(approval, kim), undefined)
  assert.equal(await cast(house, id, { person: kim }), 'not-an-approver')
  assert.equal(await cast(house, id, { person: lee, onBehalfOf: 'corp:dana' }), 'not-a-delegate')
  assert.equal(await cast(house, id, forDana), 'PENDING')
  assert.equal(await cast(house, id), 'already-voted')
  assert.equal(await cast(house, id, { person: person('kim', ['finance']) }), 'already-voted')
  assert.equal(await cast(house, id, { person: eve }), 'APPROVED')
})

const passedOn: readonly (readonly [
  string,
  (house: DeskHouse) => unknown,
  Partial<Ballot>,
  string,
])[] = [
  [
    'a delegate does not pass it on',
    ({ desk }) => desk.delegate({ ...away, person: person('kim', ['other']), to: 'corp:lee' }),
    { person: lee, onBehalfOf: 'corp:dana' },
    'not-a-delegate',
  ],
  [
    'nor is it among what they pass on',
    ({ desk }) => desk.delegate({ ...away, person: person('kim', ['other']), to: 'corp:lee' }),
    { person: lee, onBehalfOf: 'corp:kim' },
    'not-an-approver',
  ],
  [
    'it ends by its date',
    ({ clock }) => {
      clock.now = 2_000_000
    },
    forDana,
    'not-a-delegate',
  ],
  ['nobody votes for who is locked', ({ locked }) => locked.add('corp:dana'), forDana, 'locked'],
  [
    'nobody who is locked votes for others',
    ({ locked }) => locked.add('corp:kim'),
    forDana,
    'locked',
  ],
  [
    'nobody votes for who has left the group',
    ({ say }) => say({ groups: { finance: ['corp:eve'] } }),
    forDana,
    'not-an-approver',
  ],
  [
    'who is away takes themselves out by asking',
    ({ desk }) => desk.delegate({ ...away, person: sam, to: 'corp:dana', groups: ['finance'] }),
    forDana,
    'own-call',
  ],
  [
    'a name on Slack speaks for one',
    () => undefined,
    { ...forDana, person: { ...kim, authentication: { method: 'slack' } } },
    'not-a-delegate',
  ],
  ['otherwise they vote', () => undefined, forDana, 'APPROVED'],
]
for (const [name, happens, changes, expected] of passedOn) {
  test(`${name}: ${expected}`, async (t) => {
    const house = await made(t)
    const id = await ask(house)
    await happens(house)
    assert.equal(await cast(house, id, changes), expected)
  })
}

test('neither the delegate of the requester nor whom they stand in for has a vote', async (t) => {
  const house = await openDeskHouse(t)
  await house.desk.delegate({ ...away, person: sam, to: 'corp:eve' })
  await house.desk.delegate({ ...away, to: 'corp:sam' })
  const id = await ask(house)
  for (const one of [eve, dana]) assert.equal(await cast(house, id, { person: one }), 'own-call')
  assert.equal(await cast(house, id, { person: person('zoe', ['finance']) }), 'APPROVED')
})

const silenced: readonly (readonly [string, 'before' | 'after', Partial<Ballot>, string])[] = [
  ['who was made the requester’s delegate before', 'before', {}, 'DENIED'],
  ['who was made the requester’s delegate since', 'after', {}, 'DENIED'],
  ['the requester’s delegate for the requester', 'before', { onBehalfOf: 'corp:sam' }, 'own-call'],
  ['the requester', 'before', { person: sam }, 'own-call'],
]
for (const [name, moment, changes, expected] of silenced) {
  test(`a denial by ${name}: ${expected}`, async (t) => {
    const house = await openDeskHouse(t)
    const delegate = () => house.desk.delegate({ ...away, person: sam, to: 'corp:dana' })
    if (moment === 'before') await delegate()
    const id = await ask(house)
    if (moment === 'after') await delegate()
    assert.equal(await cast(house, id), 'own-call')
    assert.equal(await cast(house, id, { ...no, ...changes }), expected)
  })
}

test('it is ended by who is away, or by an administrator, once', async (t) => {
  const house = await made(t)
  const [delegation] = await house.store.delegations({ at: house.clock.now })
  const { id = '' } = delegation ?? {}
  const end = async (one: typeof kim, isAdmin = false) => {
    const ended = await house.desk.endDelegation({ id, person: one, isAdmin })
    return 'refused' in ended ? ended.refused : 'ended'
  }
  assert.equal(await end(kim), 'not-yours')
  assert.equal(await end({ ...dana, actors: [kim.subject] }), 'not-a-person')
  assert.equal(await end(person('root', ['admin']), true), 'ended')
  assert.equal(await end(dana), 'delegation-unknown')
  assert.equal(await cast(house, await ask(house), forDana), 'not-a-delegate')
  assert.deepEqual((await types(house.store)).slice(0, 2), ['delegation.made', 'delegation.ended'])
})

test('one at a time', async (t) => {
  const house = await made(t)
  const more = await house.desk.delegate({ ...away, to: 'corp:lee' })
  assert.deepEqual(more, { refused: 'already-away' })
})
