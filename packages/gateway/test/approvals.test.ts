import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Asked } from './caller.ts'
import {
  assertSoundLog,
  dana,
  type House,
  openHouse,
  type Since,
  since,
  until,
  vote,
} from './house.ts'
import { callersMayCall } from './rules.ts'
import { freshBody, held, refused, shape, transfer, withApproval } from './transfer.ts'
import { answer } from './upstream.ts'

/** What the call itself left, without what people did meanwhile. */
const ofCall = (house: Since) =>
  house
    .leaves()
    .map(shape)
    .filter(([type]) => /^call\.|claimed$/.test(type))
const released = [
  ['clearance.claimed', undefined],
  ['call.authorized', undefined],
  ['call.outcome', 'done'],
]

type Check = (house: House) => Promise<void>

const cases: Readonly<Record<string, Check>> = {
  'held, then released while the caller waits': async (house) => {
    const now = since(house)
    const asked = transfer(freshBody(), { headers: { prefer: 'wait=30' } })
    const waiting = house.call('/up/transfers', asked)
    const id = await questionOf(now)
    assert.equal(now.reached(), 0)
    assert.equal((await house.approve(id)).status, 200)
    const seen = await waiting
    assert.deepEqual([seen.status, now.reached()], [200, 1], seen.text())
    assert.deepEqual(ofCall(now), released)
    const intent = now.leaves().find(({ type }) => type === 'call.authorized')
    assert.deepEqual(intent?.approvals, [{ by: 'corp:dana', id }])
  },
  'held, then released by its ticket, once': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await refused(house, withApproval(body, id), 'approval-required')
    assert.equal((await house.approve(id)).status, 200)
    const now = since(house)
    const seen = await house.call('/up/transfers', withApproval(body, id))
    assert.deepEqual([seen.status, now.reached()], [200, 1], seen.text())
    assert.deepEqual(ofCall(now), released)
    assert.equal(String(house.upstream.reached.at(-1)?.body), body)
    assert.equal(house.upstream.reached.at(-1)?.headers['sallyport-approval'], undefined)
    await refused(house, withApproval(body, id), 'approval-unusable')
    await house.restart()
    await refused(house, withApproval(body, id), 'approval-unusable')
  },
  'denied while the caller waits, and again without asking': async (house) => {
    const now = since(house)
    const body = freshBody()
    const waiting = house.call('/up/transfers', transfer(body, { headers: { prefer: 'wait=30' } }))
    const id = await questionOf(now)
    assert.equal((await vote(house.admin, { id, person: dana, verdict: 'deny' })).status, 200)
    const seen = await waiting
    assert.deepEqual([seen.status, seen.code, now.reached()], [403, 'approval-denied', 0])
    assert.deepEqual(ofCall(now), [['call.denied', 'approval-denied']])
    await refused(house, transfer(body), 'approval-denied')
    await refused(house, withApproval(body, id), 'approval-denied')
    await house.restart()
    await refused(house, transfer(body), 'approval-denied')
  },
  'identical calls share one question': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    const seen = await house.call('/up/transfers', transfer(body))
    assert.deepEqual([seen.code, seen.approval], ['approval-required', id])
  },
  'a restart before the vote and one after it': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await house.restart()
    await refused(house, withApproval(body, id), 'approval-required')
    assert.equal((await house.approve(id)).status, 200)
    await house.restart()
    const now = since(house)
    const seen = await house.call('/up/transfers', withApproval(body, id))
    assert.deepEqual([seen.status, now.reached()], [200, 1], seen.text())
    assert.deepEqual(ofCall(now), released)
  },
  'many claims at once, and one goes through': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await house.approve(id)
    const now = since(house)
    const eight = Array.from({ length: 8 }, () =>
      house.call('/up/transfers', withApproval(body, id)),
    )
    const codes = (await Promise.all(eight)).map(({ code }) => code).sort()
    assert.deepEqual(codes, [...Array(7).fill('approval-unusable'), 'ok'])
    assert.equal(now.reached(), 1)
    assert.equal(now.leaves().filter(({ type }) => type === 'clearance.claimed').length, 1)
  },
  'many callers wait for one vote, and one goes through': async (house) => {
    const now = since(house)
    const asked = transfer(freshBody(), { headers: { prefer: 'wait=30' } })
    const four = Array.from({ length: 4 }, () => house.call('/up/transfers', asked))
    const id = await questionOf(now)
    await house.approve(id)
    const codes = (await Promise.all(four)).map(({ code }) => code).sort()
    assert.equal(now.reached(), 1)
    assert.equal(codes.filter((code) => code === 'ok').length, 1)
  },
  'the caller leaves while it is held': async (house) => {
    const now = since(house)
    const leaving = new AbortController()
    const body = freshBody()
    const asked = transfer(body, { headers: { prefer: 'wait=30' }, signal: leaving.signal })
    const gone = assert.rejects(house.call('/up/transfers', asked))
    const id = await questionOf(now)
    leaving.abort()
    await gone
    await until(() => ofCall(now).length === 1, 'the leaving was recorded')
    assert.deepEqual(ofCall(now), [['call.denied', 'caller-left']])
    assert.equal((await house.approve(id)).status, 200)
    assert.equal((await house.call('/up/transfers', withApproval(body, id))).status, 200)
    assert.equal(now.reached(), 1)
  },
  'an approval where none is needed is neither needed nor used': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await house.approve(id)
    const small = await house.call('/up/transfers', withApproval('{"to":"a","amount":5}', id))
    assert.equal(small.status, 200)
    assert.equal((await house.call('/up/transfers', withApproval(body, id))).status, 200)
  },
  'an approval nobody gave': async (house) => {
    for (const id of ['apr_00000000-0000-7000-8000-000000000000', 'x', '..', 'a'.repeat(500)]) {
      await refused(house, withApproval(freshBody(), id), 'approval-unusable')
    }
  },
  'two approvals in one call': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await house.approve(id)
    const seen = await house.call('/up/transfers', {
      ...transfer(body),
      headers: { 'content-type': 'application/json', 'sallyport-approval': `${id}, ${id}` },
    })
    assert.equal(seen.code, 'approval-unusable')
  },
  'the rulebook changed between request and approval': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    await changeRulebook(house)
    await house.approve(id)
    const seen = await refused(house, withApproval(body, id), 'approval-unusable')
    assert.deepEqual(seen.json().differs, ['rulebook'])
  },
  'the rulebook changed while the caller waits': async (house) => {
    const now = since(house)
    const waiting = house.call(
      '/up/transfers',
      transfer(freshBody(), { headers: { prefer: 'wait=30' } }),
    )
    const id = await questionOf(now)
    await changeRulebook(house)
    await house.approve(id)
    const seen = await waiting
    assert.deepEqual([seen.status, seen.code, now.reached()], [403, 'approval-unusable', 0])
    assert.deepEqual(seen.json().differs, ['rulebook'])
    assert.equal(now.leaves().filter(({ type }) => type === 'clearance.claimed').length, 0)
  },
  'the function’s schema is asked before any person': async (house) => {
    await refused(house, transfer('{"amount":2000}'), 'arguments-invalid')
  },
  'what was asked is shown, and what was shown is what runs': async (house) => {
    const body = freshBody().replace('account', 'account\\u202Ereversed')
    const id = await held(house, body)
    const shown = await house.admin(dana, 'GET', `/approvals/${id}`)
    assert.ok(!shown.text().includes('\u202e'), 'an invisible character was shown as it is')
    assert.ok(shown.json().request.text.includes('POST /up/transfers'))
    const other = await house.admin(dana, 'POST', `/approvals/${id}/approve`, {
      digest: 'sha256:other',
    })
    assert.equal(other.status, 409, other.text())
    await refused(house, withApproval(body, id), 'approval-required')
  },
}

/** What differs from the call that was approved, and what the refusal says differs. */
const others: Readonly<
  Record<
    string,
    {
      path?: string
      asked: (house: House, body: string, id: string) => Promise<Asked>
      differs: string[]
    }
  >
> = {
  'another amount': {
    asked: async (_, body, id) => withApproval(body.replace('2000', '2001'), id),
    differs: ['arguments'],
  },
  'the same amount, written differently': {
    asked: async (_, body, id) => withApproval(body.replace('2000', '2e3'), id),
    differs: ['arguments'],
  },
  'one space more': {
    asked: async (_, body, id) => withApproval(`${body} `, id),
    differs: ['arguments'],
  },
  'another content type': {
    asked: async (_, body, id) =>
      withApproval(body, id, { headers: { 'content-type': 'application/json; charset=utf-8' } }),
    differs: ['arguments'],
  },
  'another function': {
    path: '/up/refunds',
    asked: async (_, body, id) => withApproval(body, id),
    differs: ['function', 'definition', 'arguments'],
  },
  'another way to write the path': {
    path: '/up/%74ransfers',
    asked: async (_, body, id) => withApproval(body, id),
    differs: ['arguments'],
  },
  'another caller': {
    asked: async ({ idp }, body, id) =>
      withApproval(body, id, { token: await idp.token({ sub: 'tom', groups: ['callers'] }) }),
    differs: ['subject'],
  },
  'an agent for the caller': {
    asked: async ({ idp }, body, id) => {
      const act = { sub: 'bot', groups: ['callers'] }
      return withApproval(body, id, {
        token: await idp.token({ sub: 'tess', groups: ['callers'], act }),
      })
    },
    differs: ['actors'],
  },
}

test('approvals', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(house))
  await t.test('an approval covers one call', async (t) => {
    for (const [name, { path = '/up/transfers', asked, differs }] of Object.entries(others)) {
      await t.test(name, async () => {
        const body = freshBody()
        const id = await held(house, body)
        await house.approve(id)
        const other = await refused(house, await asked(house, body, id), 'approval-unusable', path)
        assert.deepEqual(other.json().differs, differs)
        assert.equal((await house.call('/up/transfers', withApproval(body, id))).status, 200)
      })
    }
  })
  await t.test('the log is sound', () => assertSoundLog(house))
})

async function questionOf(now: Since): Promise<string> {
  const find = () => now.leaves().find(({ type }) => type === 'approval.requested')
  await until(() => find() !== undefined, 'a question was asked')
  return find()?.approval
}

let changes = 0
async function changeRulebook(house: House): Promise<void> {
  const now = since(house)
  const text = callersMayCall.replace('Callers call', `Callers call, edition ${changes++}`)
  writeFileSync(join(house.rulebook, 'policies/grants.cedar'), text)
  await until(
    () => now.leaves().some(({ type }) => type === 'rulebook.activated'),
    'it was activated',
  )
}
