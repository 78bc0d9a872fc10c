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
  openDeskHouse,
  person,
  refusedWith,
  rulesWith,
  sam,
  types,
  window,
} from '../../test/desk-yard.ts'
import type { Call, Guarded } from '../call/stage.ts'
import { limits } from '../config/limits.ts'
import type { ApprovalFlow } from '../model/approval-rules.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import type { Principal } from '../model/principal.ts'

const rules = rulesWith({ flows: { finance: flow() } })
const asking = (clearanceTerms: ClearanceTerms): { readonly call: Partial<Call> } => ({
  call: { clearanceTerms },
})

/** A house in which people have said yes to these terms. */
async function approved(
  t: TestContext,
  terms: ClearanceTerms,
): Promise<DeskHouse & { readonly id: string; readonly clearance: string }> {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(heldFor('c0', 50, { rules, ...asking(terms) }), ['finance'])
  assert.equal(await cast(house, id), 'APPROVED')
  const { clearance = '' } = (await house.desk.find(id)) ?? {}
  return { ...house, id, clearance }
}

const standing = async (
  { desk }: DeskHouse,
  at: Guarded,
  groups: readonly string[] = ['finance'],
) => (await desk.standing(at, groups))?.clearance

test('a window lets so many calls through that fit it, and no more', async (t) => {
  const house = await approved(t, window({ uses: 2, when: ['small'] }))
  const { clearance, id } = house
  assert.equal(await standing(house, heldFor('big', 101, { rules })), undefined)
  assert.equal(await standing(house, heldFor('c1', 1, { rules })), clearance)
  assert.equal(await standing(house, heldFor('c2', 100, { rules })), clearance)
  assert.equal(await standing(house, heldFor('c3', 2, { rules })), undefined)
  const refused = await refusedWith(house.desk.claim(heldFor('c4', 3, { rules }), id))
  assert.deepEqual([refused.code, refused.detail], ['approval-unusable', 'It was already used.'])
})

test('a window is used by presenting its approval too', async (t) => {
  const house = await approved(t, window({ when: ['small'] }))
  const used = await house.desk.claim(heldFor('c1', 7, { rules }), house.id)
  assert.equal(used.clearance, house.clearance)
  const refused = await refusedWith(house.desk.claim(heldFor('c2', 700, { rules }), house.id))
  assert.equal(refused.detail, 'It does not fit this call.')
})

const stale = [{ grant: 'payers', owner: 'finance', group: 'finance' }]
const overdue = { policy: 'payers', effect: 'permit', cause: 'stale_review' } as const

test('a yes to something else is none to an overdue review, and a yes to that is for one call', async (t) => {
  const house = await approved(t, window())
  const { desk } = house
  const due = (id: string, changes: object = {}) => heldFor(id, 50, { rules, stale, ...changes })
  assert.equal(await standing(house, due('c1')), undefined)
  const presented = await refusedWith(desk.claim(due('c2'), house.id))
  assert.match(presented.detail ?? '', /overdue review/)
  assert.equal(await standing(house, heldFor('c3', 50, { rules })), house.clearance)
  const much = await refusedWith(desk.open(due('c4', asking(window())), ['finance'], [overdue]))
  assert.match(much.detail ?? '', /each call/)

  // One that waits for something else is not joined.
  const other = await desk.open(heldFor('c5', 50, { rules }), ['finance'])
  const { id } = await desk.open(due('c6'), ['finance'], [overdue])
  assert.equal((await desk.find(other.id))?.state, 'SUPERSEDED')
  assert.equal((await desk.open(due('c7'), ['finance'], [overdue])).id, id)
  assert.equal(await cast(house, id), 'APPROVED')
  const elsewhere = [{ grant: 'others', owner: 'finance', group: 'finance' }]
  const refused = await refusedWith(desk.claim(due('c8', { stale: elsewhere }), id))
  assert.equal(refused.code, 'approval-unusable')
  assert.equal((await desk.claim(due('c9'), id)).id, id)
})

const base = heldFor('x', 50, { rules })
assert.ok(base.outbound.protocol === 'http')
const principal = (changes: Partial<Principal>) => ({
  principal: { ...base.principal, ...changes },
})
const strangers: readonly (readonly [
  string,
  Parameters<typeof heldFor>[2],
  (readonly string[])?,
])[] = [
  ['another function', { fn: { ...base.fn, id: 'pay.refund' } }],
  ['another definition', { fn: { ...base.fn, digest: 'sha256:changed' } }],
  ['another verb', { outbound: { ...base.outbound, method: 'DELETE' } }],
  ['another upstream', { connection: { ...base.connection, upstream: 'https://evil.internal' } }],
  ['another credential', { connection: { ...base.connection, credential: { kind: 'none' } } }],
  ['another subject', principal({ subject: { ...sam, id: 'corp:tom' } })],
  ['no actor', principal({ actors: [] })],
  ['another rulebook', { rules: { ...rules, rulebook: { ...rules.rulebook, digest: 'z' } } }],
  ['more groups', {}, ['finance', 'legal']],
]
for (const [name, changes, groups] of strangers) {
  test(`a window is not for ${name}`, async (t) => {
    const house = await approved(t, window())
    assert.equal(await standing(house, heldFor('c1', 1, { rules, ...changes }), groups), undefined)
    assert.equal(await standing(house, heldFor('c2', 1, { rules })), house.clearance)
  })
}

test('an approval that nobody has claimed is found by the identical call, and by no other', async (t) => {
  const house = await openDeskHouse(t)
  const { desk, clock } = house
  const ask = async (call: Guarded) => {
    const { id } = await desk.open(call, ['finance'])
    return { id, state: await cast(house, id) }
  }
  assert.equal(await desk.given(held('c1')), undefined, 'nobody was asked')
  const { id: pending } = await desk.open(held('c1'), ['finance'])
  assert.equal(await desk.given(held('c2')), undefined, 'nobody has answered')
  assert.equal(await cast(house, pending), 'APPROVED')
  assert.equal(await desk.given(held('c3')), pending)
  assert.equal(await desk.given(heldFor('c3', 51)), undefined, 'other arguments')
  assert.equal(await desk.given(held('c3', principal({ subject: eve.subject }))), undefined)
  assert.equal(await desk.given(held('c3', principal({ actors: [] }))), undefined, 'by itself')
  await desk.claim(held('c4'), pending)
  assert.equal(await desk.given(held('c5')), undefined, 'it was used')
  const { id: late } = await ask(held('c6'))
  assert.equal(await desk.given(held('c7')), late)
  clock.now += limits.approvalClaimByMs
  assert.equal(await desk.given(held('c8')), undefined, 'its time is over')
})

test('a credential that was replaced is another one', async (t) => {
  let version = 'v1'
  const house = await openDeskHouse(t, { versionOf: async () => version })
  const { id } = await house.desk.open(held('c1'), ['finance'])
  await cast(house, id)
  version = 'v2'
  const refused = await refusedWith(house.desk.claim(held('c2'), id))
  assert.deepEqual(refused.facts, { approval: id, differs: ['credential'] })
  version = 'v1'
  assert.equal((await house.desk.claim(held('c3'), id)).id, id)
})

test('a session is served, and no other', async (t) => {
  const house = await approved(t, window({ kind: 'session' }))
  const elsewhere = principal({ session: 'ses_2' })
  assert.equal(await standing(house, heldFor('c1', 1, { rules, ...elsewhere })), undefined)
  const refused = await refusedWith(
    house.desk.claim(heldFor('c2', 1, { rules, ...elsewhere }), house.id),
  )
  assert.deepEqual(refused.facts.differs, ['session'])
  assert.equal(await standing(house, heldFor('c3', 1, { rules })), house.clearance)
})

test('a window is over when its time is, counted from the approval', async (t) => {
  const house = await approved(t, window({ forMs: 60_000 }))
  house.clock.now += 59_999
  assert.equal(await standing(house, heldFor('c1', 1, { rules })), house.clearance)
  house.clock.now += 1
  assert.equal(await standing(house, heldFor('c2', 1, { rules })), undefined)
  // What is under way keeps it open; it ends with that.
  assert.equal((await house.desk.clearance(house.clearance))?.state, 'IN_USE')
  house.desk.finished(house, 'c1')
  await house.desk.close()
  assert.equal((await house.desk.clearance(house.clearance))?.state, 'EXPIRED')
})

const tooMuch: readonly (readonly [string, ClearanceTerms, Partial<ApprovalFlow>, string])[] = [
  ['what is not offered', window(), { offers: ['call'] }, 'not offered'],
  ['more uses', window({ uses: 11 }), {}, '`uses`'],
  ['no use at all', window({ uses: 0 }), {}, '`uses`'],
  ['half a use', window({ uses: 1.5 }), {}, '`uses`'],
  ['more time', window({ forMs: 60_001 }), {}, '`for`'],
  ['an unreadable condition', window({ when: ['small', '} permit('] }), {}, 'unreadable'],
  ['a condition that this call does not fit', window({ when: ['small'] }), {}, 'does not fit'],
  ['a very long condition', window({ when: ['x'.repeat(301)] }), {}, 'at most 300'],
  ['very many conditions', window({ when: Array(9).fill('small') }), {}, 'at most 8'],
]
for (const [name, terms, changes, said] of tooMuch) {
  test(`nobody is asked for ${name}`, async (t) => {
    const { desk, store } = await openDeskHouse(t)
    const rules = rulesWith({ flows: { finance: flow(changes) } })
    const at = heldFor('c1', 500, { rules, ...asking(terms) })
    const refused = await refusedWith(desk.open(at, ['finance']))
    assert.equal(refused.code, 'request-malformed')
    assert.ok(refused.detail?.includes(said), refused.detail)
    assert.deepEqual(await types(store), [])
  })
}

test('a group without a word about it offers exactly one call', async (t) => {
  const { desk } = await openDeskHouse(t)
  const refused = await refusedWith(desk.open(heldFor('c1', 5, asking(window())), ['finance']))
  assert.equal(refused.code, 'request-malformed')
  assert.ok(await desk.open(heldFor('c1', 5, asking({ kind: 'call' })), ['finance']))
})

test('a counter-offer narrows, makes earlier votes void, and counts for who made it', async (t) => {
  const house = await openDeskHouse(t)
  const two = flow({ steps: [{ name: 'team', groups: ['finance'], quorum: 2, escalation: [] }] })
  const rules = rulesWith({ flows: { finance: two } })
  const { id } = await house.desk.open(heldFor('c1', 5, { rules, ...asking(window()) }), [
    'finance',
  ])
  assert.equal(await cast(house, id), 'PENDING')
  const shown = (await house.desk.find(id))?.offer ?? ''
  const less = window({ uses: 1, when: ['small'] })
  const offered = await house.desk.counter({
    ...{ id, person: eve, terms: less, reason: '', sawDigest: shown, channel: 'admin' },
  })
  assert.ok('approval' in offered)
  assert.deepEqual(
    [offered.approval.terms, offered.approval.votes.map(({ by }) => by)],
    [less, ['corp:eve']],
  )
  // Who saw what was on offer before has not seen this.
  assert.equal(await cast(house, id, { sawDigest: shown }), 'other-digest')
  assert.equal(await cast(house, id), 'APPROVED')
  const { clearance = '' } = (await house.desk.find(id)) ?? {}
  const { usesMax, when } = (await house.desk.clearance(clearance)) ?? {}
  assert.deepEqual([usesMax, when], [1, ['small']])
  assert.deepEqual(await types(house.store), [
    'approval.requested',
    'approval.decided',
    'approval.countered',
    'approval.decided',
    'approval.decided',
  ])
})

const counters: readonly (readonly [string, ClearanceTerms, object, string])[] = [
  ['the same', window(), {}, 'not-narrower'],
  ['more', window({ uses: 4 }), {}, 'not-narrower'],
  ['fewer uses for longer', window({ uses: 1, forMs: 60_001 }), {}, 'not-narrower'],
  ['a session instead', window({ kind: 'session', uses: 1 }), {}, 'not-narrower'],
  ['a condition nobody can read', window({ when: ['true } permit('] }), {}, 'condition-invalid'],
  [
    'less, from who is no approver',
    window({ uses: 1 }),
    { person: person('kim', []) },
    'not-an-approver',
  ],
  [
    'less, from who it is for',
    window({ uses: 1 }),
    { person: person('sam', ['finance']) },
    'own-call',
  ],
  ['less than what is not on offer', window({ uses: 1 }), { sawDigest: 'stale' }, 'other-digest'],
  ['exactly this call', { kind: 'call' }, {}, 'APPROVED'],
]
for (const [name, terms, changes, expected] of counters) {
  test(`a counter-offer of ${name}: ${expected}`, async (t) => {
    const house = await openDeskHouse(t)
    const at = heldFor('c1', 5, { rules, ...asking(window()) })
    const { id } = await house.desk.open(at, ['finance'])
    const sawDigest = (await house.desk.find(id))?.offer ?? ''
    const voted = await house.desk.counter({
      ...{ id, person: dana, terms, reason: '', sawDigest, channel: 'admin', ...changes },
    })
    assert.equal('refused' in voted ? voted.refused : voted.approval.state, expected)
    const isLess = terms.kind === 'call'
    assert.deepEqual((await house.desk.find(id))?.terms, isLess ? terms : window())
  })
}

test('revoking cuts the calls under way, here and through another gateway', async (t) => {
  const house = await approved(t, window())
  const other = await openDeskHouse(t, { beside: house, limits: { ...limits, deskTickMs: 5 } })
  other.desk.start()
  const here = await house.desk.standing(heldFor('c1', 1, { rules }), ['finance'])
  const there = await other.desk.standing(heldFor('c2', 1, { rules }), ['finance'])
  assert.ok(here && there)
  const by = { party: 'corp:root', reason: 'It is not what it seemed.' }
  const cut = new Promise((resolve) => there.revoked.addEventListener('abort', resolve))
  const revoked = await house.desk.revoke(house.clearance, by)
  assert.equal('clearance' in revoked && revoked.clearance.state, 'REVOKED')
  assert.equal(here.revoked.aborted, true)
  await cut
  house.desk.finished(here, 'c1')
  other.desk.finished(there, 'c2')
  assert.equal(await standing(house, heldFor('c3', 1, { rules })), undefined)
  const refused = await refusedWith(house.desk.claim(heldFor('c4', 1, { rules }), house.id))
  assert.equal(refused.detail, 'It was revoked.')
  assert.deepEqual(await house.desk.revoke(house.clearance, by), { refused: 'clearance-closed' })
  assert.deepEqual(await house.desk.revoke('clr_none', by), { refused: 'clearance-unknown' })
  const leaves = await house.store.leaves(0, 100)
  const closed = leaves
    .map(({ bytes }) => parseLeaf(bytes))
    .filter(({ type }) => type === 'clearance.closed')
  assert.equal(closed.length, 1)
})

test('what a call has begun is cut after it, here and through another gateway, unless it is over', async (t) => {
  const house = await approved(t, window({ uses: 4 }))
  const other = await openDeskHouse(t, { beside: house, limits: { ...limits, deskTickMs: 5 } })
  other.desk.start()
  const over = new AbortController()
  const goesOn = new AbortController().signal
  const begin = async ({ desk }: DeskHouse, call: string, until?: AbortSignal) => {
    const used = await desk.standing(heldFor(call, 1, { rules }), ['finance'])
    assert.ok(used)
    desk.finished(used, call, until)
    return used.revoked
  }
  const [here, there] = [await begin(house, 'c1', goesOn), await begin(other, 'c2', goesOn)]
  const ended = await begin(house, 'c3', over.signal)
  over.abort()
  const cut = new Promise((resolve) => there.addEventListener('abort', resolve))
  const by = { party: 'corp:root', reason: 'It is not what it seemed.' }
  const revoked = await house.desk.revoke(house.clearance, by)
  assert.equal('clearance' in revoked && revoked.clearance.state, 'REVOKED')
  assert.deepEqual([here.aborted, ended.aborted], [true, false])
  await cut
})

test('500 calls at once claim one clearance, and one has it', async (t) => {
  const house = await approved(t, { kind: 'call' })
  const claims = await Promise.allSettled(
    Array.from({ length: 500 }, (_, n) =>
      house.desk.claim(heldFor(`call-${n}`, 50, { rules }), house.id),
    ),
  )
  assert.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1)
  const claimed = (await types(house.store)).filter((type) => type === 'clearance.claimed')
  assert.equal(claimed.length, 1)
})

test('500 calls at once share a window, through two gateways, to the last use and no further', async (t) => {
  const house = await openDeskHouse(t)
  const many = rulesWith({ flows: { finance: flow({ usesMax: 100 }) } })
  const terms = window({ uses: 20 })
  const { id } = await house.desk.open(heldFor('c0', 1, { rules: many, ...asking(terms) }), [
    'finance',
  ])
  await cast(house, id)
  const other = await openDeskHouse(t, { beside: house })
  const claims = await Promise.all(
    Array.from({ length: 500 }, (_, n) => {
      const { desk } = n % 2 === 0 ? house : other
      return desk.standing(heldFor(`call-${n}`, n, { rules: many }), ['finance'])
    }),
  )
  assert.equal(claims.filter((used) => used !== undefined).length, 20)
  const { clearance = '' } = (await house.desk.find(id)) ?? {}
  assert.equal((await house.desk.clearance(clearance))?.uses, 20)
})

test('what an earlier run had under way is unknown, and then used', async (t) => {
  const house = await approved(t, { kind: 'call' })
  await house.desk.claim(heldFor('c1', 50, { rules }), house.id)
  // Another gateway leaves alone what is not its own.
  const beside = await openDeskHouse(t, { beside: house })
  await beside.desk.reconcile()
  assert.equal((await house.desk.clearance(house.clearance))?.state, 'IN_USE')
  const again = await openDeskHouse(t, { beside: house, instance: 'gw' })
  await again.desk.reconcile()
  await again.desk.reconcile()
  assert.equal((await house.desk.clearance(house.clearance))?.state, 'CONSUMED')
  const refused = await refusedWith(again.desk.claim(heldFor('c2', 50, { rules }), house.id))
  assert.equal(refused.detail, 'It was already used.')
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const said = leaves.flatMap((leaf) => (leaf.type === 'clearance.closed' ? [leaf.state] : []))
  assert.deepEqual(said, ['UNKNOWN', 'CONSUMED'])
})

test('of a window a lost call takes one use, and the rest is there again', async (t) => {
  const house = await approved(t, window({ uses: 2 }))
  await house.desk.standing(heldFor('c1', 1, { rules }), ['finance'])
  await house.desk.reconcile()
  const { state, uses, open } = (await house.desk.clearance(house.clearance)) ?? {}
  assert.deepEqual([state, uses, open], ['ACTIVE', 1, []])
})

test('a call that ended while its use could not be written is not lost', async (t) => {
  const house = await approved(t, { kind: 'call' })
  const at = heldFor('c1', 50, { rules })
  await house.desk.claim(at, house.id)
  await house.store.commit({
    record: {
      type: 'call.denied',
      time: new Date(0).toISOString(),
      call: 'c1',
      code: 'internal',
      stage: 'approved',
    },
    payloads: [],
  })
  const again = await openDeskHouse(t, { beside: house, instance: 'gw' })
  await again.desk.reconcile()
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const said = leaves.flatMap((leaf) => (leaf.type === 'clearance.closed' ? [leaf.state] : []))
  assert.deepEqual(said, ['CONSUMED'])
})

test('an ending that the store refuses is written at a later look', async (t) => {
  const house = await approved(t, { kind: 'call' })
  let isDown = false
  const store: typeof house.store = {
    ...house.store,
    commit: (entry) => (isDown ? Promise.reject(new Error('down')) : house.store.commit(entry)),
  }
  const flaky = await openDeskHouse(t, {
    beside: { store },
    limits: { ...limits, deskTickMs: 5 },
  })
  const used = await flaky.desk.claim(heldFor('c1', 50, { rules }), house.id)
  isDown = true
  flaky.desk.finished(used, 'c1')
  flaky.desk.start()
  await becomes(() => flaky.failures.length > 1, 'it was tried again')
  isDown = false
  const isConsumed = async () => (await house.desk.clearance(house.clearance))?.state === 'CONSUMED'
  await becomes(isConsumed, 'it was written')
})
