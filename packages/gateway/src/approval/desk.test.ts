import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  bot,
  cast,
  type DeskHouse,
  dana,
  held,
  no,
  openDeskHouse,
  person,
  refusedWith,
  sam,
  types,
} from '../../test/desk-yard.ts'
import type { Guarded } from '../call/stage.ts'
import { limits } from '../config/limits.ts'
import type { Party } from '../model/principal.ts'
import type { Ballot, Person } from './ballot.ts'
import type { Desk } from './desk.ts'

const encoder = new TextEncoder()

test('a question is asked, answered, and its clearance used once, each recorded', async (t) => {
  const house = await openDeskHouse(t)
  const { desk, store } = house
  const { id } = await desk.open(held('c1'), ['finance'])
  const early = await refusedWith(desk.claim(held('c1'), id))
  assert.deepEqual([early.code, early.facts.approval], ['approval-required', id])
  assert.equal(await cast(house, id), 'APPROVED')
  const { revoked, ...used } = await desk.claim(held('c2'), id)
  const { clearance = '' } = (await desk.find(id)) ?? {}
  assert.deepEqual(used, { id, clearance, by: ['corp:dana'], groups: ['finance'] })
  assert.equal(revoked.aborted, false)
  const again = await refusedWith(desk.claim(held('c3'), id))
  assert.deepEqual([again.code, again.detail], ['approval-unusable', 'It was already used.'])
  assert.equal((await desk.clearance(clearance))?.state, 'IN_USE')
  desk.finished({ clearance }, 'c2')
  await desk.close()
  assert.equal((await desk.clearance(clearance))?.state, 'CONSUMED')
  assert.deepEqual(await types(store), [
    'approval.requested',
    'approval.decided',
    'clearance.claimed',
    'clearance.closed',
  ])
})

test('the records say for which group a vote counts, and by when each step has to be made', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance', 'legal'])
  await cast(house, id)
  house.clock.now += 5
  await cast(house, id, { person: person('lee', ['legal']) })
  const iso = (ms: number) => new Date(ms).toISOString()
  const leaves = (await house.store.leaves(0, 1000)).map(({ bytes }) => parseLeaf(bytes))
  const told = leaves.flatMap((leaf): (readonly (string | undefined)[])[] => {
    if (leaf.type === 'approval.requested') return [[leaf.decideBy]]
    return leaf.type === 'approval.decided' ? [[leaf.group, leaf.state, leaf.claimBy]] : []
  })
  assert.deepEqual(told, [
    [iso(1_000_000 + limits.approvalDecideByMs)],
    ['finance', 'PENDING', undefined],
    ['legal', 'APPROVED', iso(1_000_005 + limits.approvalClaimByMs)],
  ])
})

test('of many identical calls at once one question is made, and one call gets through', async (t) => {
  const house = await openDeskHouse(t)
  const calls = Array.from({ length: 30 }, (_, n) => held(`c${n}`))
  const opened = await Promise.all(calls.map((at) => house.desk.open(at, ['finance'])))
  const ids = new Set(opened.map(({ id }) => id))
  assert.equal(ids.size, 1)
  const [id = ''] = ids
  assert.equal(await cast(house, id), 'APPROVED')
  const claims = await Promise.allSettled(calls.map((at) => house.desk.claim(at, id)))
  assert.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await types(house.store)).filter((type) => type === 'clearance.claimed').length, 1)
})

test('of many votes at once each person counts once and all groups are needed', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance', 'legal', 'board'])
  const people = ['finance', 'legal', 'board'].map((group) => person(`of-${group}`, [group]))
  const votes = [...people, ...people].map((one) => cast(house, id, { person: one }))
  const states = await Promise.all(votes)
  assert.equal(states.filter((state) => state === 'APPROVED').length, 1)
  assert.equal((await house.desk.find(id))?.votes.length, 3)
})

const other = held('x')
assert.ok(other.outbound.protocol === 'http')
const differing: readonly (readonly [string, Partial<Guarded>])[] = [
  ['function', { fn: { ...other.fn, id: 'pay.refund' } }],
  ['definition', { fn: { ...other.fn, digest: 'sha256:changed' } }],
  ['verb', { outbound: { ...other.outbound, method: 'PUT' } }],
  ['arguments', { args: { ...other.args, bytes: encoder.encode('POST /pay/transfers\n\n{}') } }],
  ['headers', { outbound: { ...other.outbound, headers: [['x-tenant', 'red']] } }],
  ['upstream', { connection: { ...other.connection, upstream: 'https://evil.internal' } }],
  ['credential', { connection: { ...other.connection, credential: { kind: 'none' } } }],
  ['subject', { principal: { ...other.principal, subject: { ...sam, id: 'corp:tom' } } }],
  ['actors', { principal: { ...other.principal, actors: [] } }],
  ['rulebook', { rules: { ...other.rules, rulebook: { ...other.rules.rulebook, digest: 'z' } } }],
]

async function checkBinding(
  t: TestContext,
  field: string,
  changes: Partial<Guarded>,
): Promise<void> {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  await cast(house, id)
  const refused = await refusedWith(house.desk.claim(held('c2', changes), id))
  assert.equal(refused.code, 'approval-unusable')
  assert.deepEqual(refused.facts, { approval: id, differs: [field] })
}

for (const [field, changes] of differing) {
  test(`a clearance is for one ${field}`, (t) => checkBinding(t, field, changes))
}

const agent: Person = { ...dana, subject: { ...dana.subject, kind: 'agent' } }
const acted: Person = { ...dana, actors: [bot] }
const withKey: Person = { ...dana, authentication: { method: 'api-key' } }
const votes: readonly (readonly [string, Partial<Ballot>, string])[] = [
  ['an approver', {}, 'APPROVED'],
  ['an approver who denies', no, 'DENIED'],
  ['a denial without a reason', { verdict: 'deny', reason: ' ' }, 'reason-required'],
  ['too long a reason', { reason: 'x'.repeat(limits.reasonChars + 1) }, 'reason-too-long'],
  ['the person it is for', { person: person('sam', ['finance']) }, 'own-call'],
  [
    'the same person by an operator key',
    { person: person('SAM', ['finance'], 'operator') },
    'own-call',
  ],
  ['the actor', { person: { ...dana, subject: { ...dana.subject, id: 'corp:bot' } } }, 'own-call'],
  ['an agent', { person: agent }, 'not-a-person'],
  ['an agent acting for a person', { person: acted }, 'not-a-person'],
  ['an API key', { person: withKey }, 'not-a-person'],
  ['an administrator', { person: person('root', ['admin']) }, 'not-an-approver'],
  ['somebody who saw another version', { sawDigest: 'stale' }, 'other-digest'],
  ['a vote for a group one is not in', { group: 'legal' }, 'not-an-approver'],
]

async function checkVote(
  t: TestContext,
  changes: Partial<Ballot>,
  expected: string,
): Promise<void> {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  assert.equal(await cast(house, id, changes), expected)
}

for (const [name, changes, expected] of votes) {
  test(`${name}: ${expected}`, (t) => checkVote(t, changes, expected))
}

test('nobody approves a call made with a key they issued', async (t) => {
  const house = await openDeskHouse(t)
  const key = {
    id: 'key_1',
    hash: 'h',
    name: 'n',
    kind: 'agent',
    groups: [],
    scope: ['pay.*'],
  } as const
  await house.store.commit({
    record: {
      type: 'key.issued',
      time: '2026-01-01T00:00:00.000Z',
      key: 'key_1',
      name: 'n',
      scope: [],
      expires: '',
      by: 'corp:dana',
    },
    payloads: [],
    change: {
      kind: 'key.issue',
      key: { ...key, createdBy: 'corp:dana', createdAt: 0, expiresAt: 1 },
    },
  })
  const subject: Party = { kind: 'agent', id: 'key:key_1', groups: [] }
  const principal = { ...other.principal, subject, actors: [] }
  const { id } = await house.desk.open(held('c1', { principal }), ['finance'])
  assert.equal(await cast(house, id), 'own-call')
  assert.equal(await cast(house, id, { person: person('eve', ['finance']) }), 'APPROVED')
})

test('a denial answers the identical call for a while, and outlives a restart', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  await cast(house, id, no)
  assert.equal((await refusedWith(house.desk.claim(held('c1'), id))).code, 'approval-denied')
  const restarted = await openDeskHouse(t, { beside: house })
  for (const { desk } of [house, restarted]) {
    const refused = await refusedWith(desk.open(held('c2'), ['finance']))
    assert.deepEqual([refused.code, refused.facts.approval], ['approval-denied', id])
  }
  house.clock.now += limits.approvalCoolDownMs
  assert.notEqual((await house.desk.open(held('c3'), ['finance'])).id, id)
})

test('a question that nobody answers expires, and the next call asks anew', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  house.clock.now += limits.approvalDecideByMs
  assert.equal(await cast(house, id), 'approval-closed')
  const next = await house.desk.open(held('c2'), ['finance'])
  assert.notEqual(next.id, id)
  assert.equal((await house.desk.find(id))?.state, 'EXPIRED')
})

test('a clearance that nobody uses expires', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  await cast(house, id)
  house.clock.now += limits.approvalClaimByMs
  const refused = await refusedWith(house.desk.claim(held('c1'), id))
  assert.equal(refused.detail, 'It was not used in time.')
  const { clearance = '' } = (await house.desk.find(id)) ?? {}
  assert.equal((await house.store.clearance(clearance))?.state, 'EXPIRED')
})

test('when policy asks other people, the old question is superseded', async (t) => {
  const house = await openDeskHouse(t)
  const first = await house.desk.open(held('c1'), ['finance'])
  const second = await house.desk.open(held('c2'), ['finance', 'legal'])
  assert.equal((await house.desk.find(first.id))?.state, 'SUPERSEDED')
  assert.equal((await house.desk.open(held('c3'), ['legal'])).id, second.id)
})

const waits: readonly (readonly [
  string,
  (house: DeskHouse, id: string) => Promise<unknown>,
  string,
])[] = [
  ['a yes', (house, id) => cast(house, id), 'approved'],
  ['a no', (house, id) => cast(house, id, no), 'denied'],
  ['a withdrawal', ({ desk }, id) => desk.withdraw(id, { party: 'corp:sam' }), 'withdrawn'],
]

async function checkWait(
  t: TestContext,
  settle: (house: DeskHouse, id: string) => Promise<unknown>,
  expected: string,
): Promise<void> {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  const { signal } = new AbortController()
  const verdict = house.desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 600_000, signal })
  // Through another desk on the same store, as another process would.
  const elsewhere = house.desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 600_000, signal })
  await settle(house, id)
  assert.deepEqual([(await verdict).state, (await elsewhere).state], [expected, expected])
}

for (const [name, settle, expected] of waits) {
  test(`a held call wakes on ${name}`, (t) => checkWait(t, settle, expected))
}

test('a held call sees a vote made through another process', async (t) => {
  const house = await openDeskHouse(t)
  const restarted = await openDeskHouse(t, { beside: house })
  const { id } = await house.desk.open(held('c1'), ['finance'])
  const { signal } = new AbortController()
  const verdict = house.desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 600_000, signal })
  await cast(restarted, id)
  assert.equal((await verdict).state, 'approved')
})

test('a held call ends when its caller leaves, and when it waits no longer', async (t) => {
  const { desk } = await openDeskHouse(t)
  const { id } = await desk.open(held('c1'), ['finance'])
  const leaving = new AbortController()
  const verdict = desk.awaitVerdict(id, {
    caller: 'corp:bot',
    waitMs: 600_000,
    signal: leaving.signal,
  })
  leaving.abort()
  assert.equal((await verdict).state, 'pending')
  const { signal } = new AbortController()
  assert.equal(
    (await desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 0, signal })).state,
    'pending',
  )
})

test('an approver is shown what will run, masked, with nothing invisible', async (t) => {
  const { desk } = await openDeskHouse(t)
  const { id } = await desk.open(held('c1'), ['finance'])
  const view = await desk.view(id)
  assert.deepEqual(view?.question?.arguments, { to: '\\u{202e}acme', pin: '****' })
  assert.equal(view?.question?.upstream, 'https://pay.internal')
  assert.equal(view?.request?.text, 'POST /pay/transfers\n\n{"to":"\\u{202e}acme","pin":"****"}')
  assert.equal(await desk.view('apr_none'), undefined)
})

test('people are shown answers that go with the arguments, masked like them', async (t) => {
  const { desk } = await openDeskHouse(t)
  const { args } = held('c1')
  const answers = Buffer.from('{"how":{"content":{"n":2}},"pin":"1234"}')
  const parts = { values: args.bytes, answers }
  const { id } = await desk.open(held('c1', { args: { ...args, parts } }), ['finance'])
  assert.deepEqual((await desk.view(id))?.question?.arguments, {
    arguments: { to: '\\u{202e}acme', pin: '****' },
    inputResponses: { how: { content: { n: 2 } }, pin: '****' },
  })
})

test('no value of an argument is in any record or in the approval', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(held('c1'), ['finance'])
  await cast(house, id)
  await house.desk.claim(held('c1'), id)
  const leaves = await house.store.leaves(0, 1000)
  const kept = leaves.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
  assert.doesNotMatch(kept + JSON.stringify(await house.store.approval(id)), /acme|1234/)
})

test('one caller cannot fill the gateway with calls that wait', async (t) => {
  const { desk } = await openDeskHouse(t)
  const { id } = await desk.open(held('c1'), ['finance'])
  const leaving = new AbortController()
  const wait = (caller: string) =>
    desk.awaitVerdict(id, { caller, waitMs: 600_000, signal: leaving.signal })
  let over = 0
  const waits = Array.from({ length: limits.heldPerCaller }, async () => {
    await wait('corp:bot')
    over += 1
  })
  assert.equal((await wait('corp:bot')).state, 'pending')
  assert.equal(over, 0)
  const other = wait('corp:other')
  leaving.abort()
  await Promise.all([...waits, other])
  // Those that left made room.
  const { signal } = new AbortController()
  const again = desk.awaitVerdict(id, { caller: 'corp:bot', waitMs: 600_000, signal })
  await desk.withdraw(id, { party: 'corp:sam' })
  assert.equal((await again).state, 'withdrawn')
})

test('nor by asking many things at the same moment', async (t) => {
  const { desk, store } = await openDeskHouse(t)
  const asked = Array.from({ length: 40 }, (_, n) => {
    const args = { ...other.args, bytes: encoder.encode(`POST /pay/${n}`) }
    return desk.open(held(`c${n}`, { args }), ['finance'])
  })
  const settled = await Promise.allSettled(asked)
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 20)
  assert.equal((await store.approvals({ state: 'PENDING', limit: 100 })).length, 20)
})

test('a caller with all its questions open may still have one replaced, and loses none', async (t) => {
  const house = await openDeskHouse(t)
  const ask = (desk: Desk, n: number, groups: readonly string[]) => {
    const args = { ...other.args, bytes: encoder.encode(`POST /pay/${n}`) }
    return desk.open(held(`c${n}`, { args }), groups)
  }
  for (let n = 0; n < 20; n++) await ask(house.desk, n, ['finance'])
  const { id } = await ask(house.desk, 3, ['finance', 'legal'])
  assert.deepEqual((await house.desk.find(id))?.approverGroups, ['finance', 'legal'])
  assert.equal((await refusedWith(ask(house.desk, 20, ['finance']))).code, 'overloaded')
  // One that another process opened is not ended for a question that cannot be asked.
  const elsewhere = await openDeskHouse(t, { beside: house })
  for (let n = 100; n < 120; n++) await ask(elsewhere.desk, n, ['finance'])
  assert.equal((await refusedWith(ask(elsewhere.desk, 4, ['sales']))).code, 'overloaded')
  assert.equal((await ask(house.desk, 4, ['finance'])).id, 'apr_gw-000004')
})

test('one caller cannot bury its approvers', async (t) => {
  const { desk } = await openDeskHouse(t)
  const ask = (n: number) => {
    const args = { ...other.args, bytes: encoder.encode(`POST /pay/${n}`) }
    return desk.open(held(`c${n}`, { args }), ['finance'])
  }
  for (let n = 0; n < 20; n++) await ask(n)
  assert.equal((await refusedWith(ask(20))).code, 'overloaded')
  const principal = { ...other.principal, actors: [] }
  await desk.open(held('c99', { principal }), ['finance'])
})
