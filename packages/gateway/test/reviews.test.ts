import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Asked, Seen } from './caller.ts'
import {
  assertSoundLog,
  type House,
  openHouse,
  type Person,
  root,
  since,
  until,
  vote,
} from './house.ts'
import { assertVerifies } from './published-log.ts'
import {
  all,
  assertPackIsBound,
  campaignOf,
  decidedInBulk,
  decidedOneByOne,
  inDays,
  itemsOf,
  type Row,
  reason,
  said,
  started,
  why,
} from './review-campaign.ts'
import { olga, otto, reviewsYaml, writeReviewRules } from './review-rules.ts'
import { answer, chunk, chunkedHead } from './upstream.ts'

/** In this order: the first changes nothing, the last leaves nothing as it was. */
const cases: Readonly<Record<string, (house: House) => Promise<void>>> = {
  'what somebody can do is what a real call meets': async (house) => {
    await assertAgrees(house, {
      read: 'permit',
      item: 'permit',
      erase: 'refuse',
      transfer: 'depends',
    })
    const who = await said(house, root, 'GET', '/grants/who-can/up.transfer')
    assert.deepEqual(
      who.paths.map(({ grant, principal, conditional }: Row) => [grant, principal, conditional]),
      [['callers-transfer', 'Group callers', false]],
    )
    assert.deepEqual(
      who.guardrails.map(({ policy, approvers }: Row) => [policy, approvers]),
      [['large', ['approvers']]],
    )
    const asked = await house.admin(olga, 'GET', '/grants/who-can/up.read')
    assert.equal(asked.status, 403, 'an owner asks about their own grants, not about everything')
    const mine = await said(house, { sub: 'tess', groups: ['callers'] }, 'GET', whatCan)
    assert.equal(mine.functions.find((one: Row) => one.function === 'up.read').answer, 'permit')
  },
  'an owner sees their grants, somebody else does not': async (house) => {
    const ids = async (person: Person) =>
      (await said(house, person, 'GET', '/grants')).data.map(({ id }: Row) => id)
    assert.deepEqual(await ids(olga), all)
    assert.deepEqual(await ids({ sub: 'eve', groups: ['sales'] }), [])
    const read = await said(house, olga, 'GET', '/grants/callers-read')
    assert.deepEqual(
      [read.freshness.state, read.tier, read.you.may_certify, read.usage.calls_90],
      ['PROVISIONAL', 'low', true, read.usage.calls_90],
    )
    const used = read.used_by.find(({ party }: Row) => party === 'corp:tess')
    assert.deepEqual(used?.functions, ['up.read'])
    // Used by nobody, and counted for less than ninety days: that is not known to be unused.
    const erase = await said(house, olga, 'GET', '/grants/callers-erase')
    assert.deepEqual([erase.usage.calls_90, erase.used_by], [null, []])
    const subject = { sub: 'tess', groups: ['callers', 'owners'] }
    const own = await said(house, subject, 'GET', '/grants/callers-read')
    assert.deepEqual([own.you.may_certify, own.you.why_not], [false, 'own-access'])
  },
  'access for a while: asked for, given by the owner, used, ended': async (house) => {
    const tim = { sub: 'tim', groups: ['nobody-in-particular'] }
    const token = await house.idp.token(tim)
    const read = () => house.call('/up/read', { token })
    assert.equal((await read()).code, 'policy-denied')
    const asked = { functions: ['up.read'], until: inDays(1), reason }
    const { id, state, you } = await said(house, tim, 'POST', '/timed-grants', asked, 201)
    assert.deepEqual([state, you.may_decide], ['asked', false])
    assert.equal((await read()).code, 'policy-denied', 'nothing is given by asking')
    const own = await house.admin(tim, 'POST', `/timed-grants/${id}/give`, { reason })
    assert.equal(own.status, 403, own.text())
    const given = await said(house, olga, 'POST', `/timed-grants/${id}/give`, { reason })
    assert.deepEqual([given.state, given.by], ['given', ['corp:olga']])
    const now = since(house)
    assert.equal((await read()).code, 'ok')
    const intent = now.leaves().find(({ type }) => type === 'call.authorized')
    assert.deepEqual(
      intent?.grants.map((one: Row) => [one.party, one.grant, one.freshness]),
      [['corp:tim', id, 'PROVISIONAL']],
    )
    const who = await said(house, root, 'GET', '/grants/who-can/up.read')
    assert.deepEqual(who.paths.at(-1)?.grant, id)
    const revoked = await said(house, olga, 'POST', `/timed-grants/${id}/revoke`, { reason })
    assert.equal(revoked.state, 'revoked')
    assert.notEqual((await read()).code, 'ok')
    const { data } = await said(house, tim, 'GET', '/timed-grants')
    assert.deepEqual(
      data.map((one: Row) => [one.id, one.state]),
      [[id, 'revoked']],
    )
  },
  'who did one part does not do the other, by whatever agent': async (house) => {
    await applied(house, `${reviewsYaml}${duties}`)
    const transfer = (to: string, token = house.token) =>
      house.call('/up/transfers', { json: { to, amount: 1 }, token })
    assert.equal((await transfer('acme')).code, 'ok')
    const item = await house.call('/up/items/a-1', { json: { name: 'umbrella' } })
    assert.equal(item.code, 'ok', item.text())
    assert.equal((await transfer('acme')).code, 'ok')
    const now = since(house)
    assert.equal((await transfer('umbrella')).code, 'duties-conflict')
    const act = { sub: 'bot', groups: ['callers'] }
    const byBot = await house.idp.token({ sub: 'tess', groups: ['callers'], act })
    assert.equal((await transfer('umbrella', byBot)).code, 'duties-conflict')
    assert.equal(now.reached(), 0)
    const another = await house.idp.token({ sub: 'tony', groups: ['callers'] })
    assert.equal((await transfer('umbrella', another)).code, 'ok')
    assert.ok(!JSON.stringify(now.leaves()).includes('umbrella'), 'nothing says which')
    await applied(house, reviewsYaml)
  },
  'a campaign is decided in bulk and one by one, and closes with a pack that the log binds': async (
    house,
  ) => {
    const campaign = await started(house)
    const items = await itemsOf(house, campaign)
    assert.deepEqual([...items.keys()].toSorted(), all)
    await decidedInBulk(house, campaign, items)
    await decidedOneByOne(house, campaign, items)
    const closed = await said(house, root, 'POST', `/reviews/${campaign}/close`)
    assert.equal(closed.state, 'CLOSED', JSON.stringify(closed))
    for (const [grant, state] of Object.entries(afterwards)) {
      const { freshness } = await said(house, root, 'GET', `/grants/${grant}`)
      assert.equal(freshness.state, state, grant)
    }
    const small = await said(house, root, 'GET', '/grants/small-orders')
    assert.deepEqual(small.when, ['context.args.amount < 50'])
    const order = (amount: number) => house.call('/up/orders/o-1', { json: { amount } })
    assert.equal((await order(40)).code, 'ok')
    assert.equal((await order(60)).code, 'review-lapsed')
    await assertAgrees(house, { read: 'permit', item: 'permit', transfer: 'refuse' })
    await assertPackIsBound(house, campaign)
  },
  'a revocation cuts the stream under it, and two people restore it': async (house) => {
    const began = Promise.withResolvers<void>()
    const before = house.upstream.script
    house.upstream.script = (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk('data: {"n":1}\n\n'))
    }
    const now = since(house)
    const streaming = house.call('/up/read', { onData: () => began.resolve() })
    await began.promise
    await said(house, olga, 'POST', '/grants/callers-read/revoke', { reason })
    const seen = await streaming
    assert.deepEqual([seen.status, seen.complete], [200, false])
    house.upstream.script = before
    await until(() => now.leaves().some(({ type }) => type === 'call.outcome'), 'it has ended')
    const outcome = now.leaves().find(({ type }) => type === 'call.outcome')
    assert.equal(outcome?.ending, 'grant-revoked')
    assert.equal((await house.call('/up/read')).code, 'grant-revoked')
    const first = await acted(house, olga, 'restore', {})
    assert.equal(first.pending, true)
    assert.equal((await house.call('/up/read')).code, 'grant-revoked')
    assert.equal((await acted(house, olga, 'restore', {})).pending, true, 'one person is one')
    assert.equal((await acted(house, otto, 'restore', {})).pending, false)
    // What it was certified for before, it still is.
    assert.equal((await house.call('/up/read')).code, 'ok')
  },
  'in an emergency two people put it off, once': async (house) => {
    await applied(house, reviewsYaml.replace('initial: 30d', 'initial: 0s'))
    const late = { id: 'late', path: 'policies/late.cedar' }
    writeFileSync(join(house.rulebook, late.path), lateGrant)
    await applied(house, reviewsYaml.replace('initial: 30d', 'initial: 0s'))
    const write = () => house.call('/up/write', { json: { a: 1 }, headers: { prefer: 'wait=0' } })
    const heldCall = await write()
    assert.equal(heldCall.code, 'approval-required')
    await assertApprovedAndStale(house, heldCall.approval)
    const put = { until: inDays(3) }
    assert.equal((await acted(house, olga, 'extend', put, late.id)).pending, true)
    assert.equal((await write()).code, 'approval-required')
    assert.equal((await acted(house, otto, 'extend', put, late.id)).pending, false)
    assert.equal((await write()).code, 'ok')
    const again = await tried(house, olga, 'extend', put, late.id)
    assert.deepEqual([again.status, why(again)], [409, 'already-extended'])
    const { grants } = await said(house, root, 'GET', '/reviews/forecast?days=30')
    assert.ok(grants.some(({ grant }: Row) => grant === late.id))
  },
  'a campaign is cancelled by two people, and has certified nothing': async (house) => {
    const { campaign } = await said(house, root, 'POST', '/reviews', campaignOf('another'), 201)
    const path = `/reviews/${campaign.id}/cancel`
    const first = await said(house, root, 'POST', path, { reason })
    assert.deepEqual([first.state, first.cancelling.by], ['ACTIVE', 'corp:root'])
    const second = { sub: 'rita', groups: ['admin'] }
    assert.equal((await said(house, second, 'POST', path, { reason })).state, 'CANCELLED')
    const late = await said(house, root, 'GET', '/grants/late')
    assert.equal(late.certification, null)
  },
}

test('reviews bite', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  writeReviewRules(house.rulebook)
  await applied(house, reviewsYaml)
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(house))
  await t.test('the log is sound, and verifies', async () => {
    assertSoundLog(house)
    await house.stop()
    await assertVerifies(house.home)
  })
})

const whatCan = '/grants/what-can/corp:tess?kind=user&group=callers'

async function applied(house: House, reviews: string): Promise<void> {
  writeFileSync(join(house.rulebook, 'reviews.yaml'), reviews)
  const seen = await house.admin(root, 'POST', '/rulebook/apply', {})
  assert.equal(seen.status, 200, seen.text())
}

/** Does this to a grant as it is now. */
async function tried(
  house: House,
  person: Person,
  act: 'restore' | 'extend',
  more: object,
  id = 'callers-read',
): Promise<Seen> {
  const { content } = await said(house, person, 'GET', `/grants/${id}`)
  return house.admin(person, 'POST', `/grants/${id}/${act}`, { content, reason, ...more })
}

async function acted(...args: Parameters<typeof tried>): Promise<Row> {
  const seen = await tried(...args)
  assert.equal(seen.status, 200, seen.text())
  return seen.json()
}

/** The owner agrees to this one call: it is made, and the grant is as overdue as before. */
async function assertApprovedAndStale(house: House, id: string): Promise<void> {
  const { reasons } = await said(house, olga, 'GET', `/approvals/${id}`)
  assert.deepEqual(
    reasons.map(({ policy, cause }: Row) => [policy, cause]),
    [['late', 'stale_review']],
  )
  const voted = await vote(house.admin, { id, person: olga, verdict: 'approve' })
  assert.equal(voted.status, 200, voted.text())
  const headers = { 'sallyport-approval': id, prefer: 'wait=0' }
  const made = await house.call('/up/write', { json: { a: 1 }, headers })
  assert.equal(made.code, 'ok', made.text())
  const { freshness, certification } = await said(house, root, 'GET', '/grants/late')
  assert.deepEqual([freshness.state, certification], ['STALE', null])
}

const calls: Readonly<Record<string, readonly [path: string, asked: Asked]>> = {
  read: ['/up/read', {}],
  item: ['/up/items/a-1', { json: { name: 'n' } }],
  erase: ['/up/items/a-1', { method: 'DELETE' }],
  transfer: ['/up/transfers', { json: { to: 'a', amount: 1 } }],
}
const codes: Readonly<Record<string, readonly string[]>> = {
  permit: ['ok'],
  hold: ['approval-required'],
  refuse: ['policy-denied', 'grant-revoked', 'review-lapsed'],
  depends: ['ok', 'approval-required', 'policy-denied'],
}

/** What is said of each function is what is expected, and what a real call meets. */
async function assertAgrees(house: House, expected: Readonly<Record<string, string>>) {
  const { functions } = await said(house, root, 'GET', whatCan)
  for (const [name, answer] of Object.entries(expected)) {
    const found = functions.find((one: Row) => one.function === `up.${name}`)
    assert.equal(found?.answer, answer, name)
    const [path = '', asked] = calls[name] ?? []
    const { code } = await house.call(path, asked)
    assert.ok(codes[answer]?.includes(code), `${name} is said to be ${answer}: ${code}`)
  }
}

const afterwards: Readonly<Record<string, string>> = {
  'callers-read': 'FRESH',
  'callers-items': 'FRESH',
  'callers-transfer': 'REVOKED',
  'small-orders': 'FRESH',
  'callers-erase': 'FRESH',
}

const duties = `duties:
  - id: two-hands
    reason: Who names it does not pay it
    left: [up.item]
    right: [up.transfer]
    object: { left: $.name, right: $.to }
`

const lateGrant = `@id("late")
@owner("team")
@reason("Came late")
@review("20d")
permit (principal in Group::"callers", action == Action::"up.write", resource);
`
