import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Asked, ask, type Seen } from './caller.ts'
import { assertSoundLog, dana, type House, openHouse, type Person, root, since, until, vote } from './house.ts'
import { callersMayCall } from './rules.ts'
import { answer } from './upstream.ts'

/** Every question of this file is another one: an identical call joins the question that is open. */
let calls = 0
const freshBody = () => `{"to":"account-${calls++}","amount":2000}`
const transfer = (body: string, more: Asked = {}): Asked => ({
  method: 'POST',
  body,
  ...more,
  headers: { 'content-type': 'application/json', prefer: 'wait=0', ...more.headers },
})
const withApproval = (body: string, id: string, more: Asked = {}) =>
  transfer(body, { ...more, headers: { 'sallyport-approval': id, ...more.headers } })

/** Makes a call that is held, and comes back with the approval's id. */
async function held(house: House, body: string, more: Asked = {}): Promise<string> {
  const now = since(house)
  const seen = await house.call('/up/transfers', transfer(body, more))
  assert.deepEqual([seen.status, seen.code], [403, 'approval-required'], seen.text())
  assert.equal(seen.json().approval, seen.approval)
  assert.equal(now.reached(), 0)
  const leaves = now.leaves()
  assert.deepEqual(leaves.map(shape), [
    ['approval.requested', undefined],
    ['call.denied', 'approval-required'],
  ])
  assert.equal(leaves[1]?.approval, seen.approval)
  return seen.approval
}

const shape = ({ type, code, ending }: ReturnType<House['records']>[number]) => [type, code ?? ending]
/** What the call itself left, without what people did meanwhile. */
const ofCall = (house: ReturnType<typeof since>) =>
  house
    .leaves()
    .map(shape)
    .filter(([type]) => /^call\.|claimed$/.test(type))
const released = [
  ['approval.claimed', undefined],
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
    const eight = Array.from({ length: 8 }, () => house.call('/up/transfers', withApproval(body, id)))
    const codes = (await Promise.all(eight)).map(({ code }) => code).sort()
    assert.deepEqual(codes, [...Array(7).fill('approval-unusable'), 'ok'])
    assert.equal(now.reached(), 1)
    assert.equal(now.leaves().filter(({ type }) => type === 'approval.claimed').length, 1)
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
    const waiting = house.call('/up/transfers', transfer(freshBody(), { headers: { prefer: 'wait=30' } }))
    const id = await questionOf(now)
    await changeRulebook(house)
    await house.approve(id)
    const seen = await waiting
    assert.deepEqual([seen.status, seen.code, now.reached()], [403, 'approval-unusable', 0])
    assert.deepEqual(seen.json().differs, ['rulebook'])
    assert.equal(now.leaves().filter(({ type }) => type === 'approval.claimed').length, 0)
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
    const other = await house.admin(dana, 'POST', `/approvals/${id}/approve`, { digest: 'sha256:other' })
    assert.equal(other.status, 409, other.text())
    await refused(house, withApproval(body, id), 'approval-required')
  },
}

/** What differs from the call that was approved, and what the refusal says differs. */
const others: Readonly<Record<string, { path?: string; asked: (house: House, body: string, id: string) => Promise<Asked>; differs: string[] }>> = {
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
      return withApproval(body, id, { token: await idp.token({ sub: 'tess', groups: ['callers'], act }) })
    },
    differs: ['actors'],
  },
}

const approver = (sub: string): Person => ({ sub, groups: ['approvers', 'callers'] })

/** Who asks, who votes, and what the voter is told. */
const voters: Readonly<Record<string, { asks?: (house: House) => Promise<string>; votes: Person; status: number; why?: string }>> = {
  'the requester': { votes: approver('tess'), status: 403, why: 'own-call' },
  'the person an agent acts for': {
    asks: ({ idp }) => idp.token({ sub: 'sam', groups: ['callers'], act: { sub: 'bot', groups: ['callers'] } }),
    votes: approver('sam'),
    status: 403,
    why: 'own-call',
  },
  'a person with the agent’s name': {
    asks: ({ idp }) => idp.token({ sub: 'sam', groups: ['callers'], act: { sub: 'bot', groups: ['callers'] } }),
    votes: approver('bot'),
    status: 403,
    why: 'own-call',
  },
  'whoever issued the API key that asks': {
    asks: async (house) => (await issueKey(house, chief)).key,
    votes: { sub: 'chief', groups: ['admin', 'approvers'] },
    status: 403,
    why: 'own-call',
  },
  'somebody in another group, who does not even see it': {
    votes: { sub: 'eve', groups: ['sales'] },
    status: 404,
  },
  'an administrator in no approver group': { votes: root, status: 403, why: 'not-an-approver' },
}
const chief: Person = { sub: 'chief', groups: ['admin', 'approvers'] }

async function issueKey(house: House, by: Person): Promise<{ key: string }> {
  const seen = await house.admin(by, 'POST', '/keys', {
    name: 'ci',
    kind: 'workload',
    groups: ['callers', 'approvers'],
    scope: ['up.*'],
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  })
  assert.equal(seen.status, 201, seen.text())
  return { key: seen.json().key }
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
  await house.restart()
  await t.test('who may not approve', async (t) => {
    for (const [name, { asks, votes, status, why }] of Object.entries(voters)) {
      await t.test(name, () => checkVoter(house, { token: (await_) => asks?.(await_), votes, status, why }))
    }
    await t.test('what is no person cannot even sign in', () => noPersons(house))
  })
  await t.test('the log is sound', () => assertSoundLog(house))
})

async function checkVoter(
  house: House,
  row: { token: (house: House) => Promise<string> | undefined; votes: Person; status: number; why: string | undefined },
): Promise<void> {
  const token = (await row.token(house)) ?? house.token
  const body = freshBody()
  const id = await held(house, body, { token })
  const { votes: person, status, why } = row
  for (const verdict of ['approve', 'deny'] as const) {
    const shown = await house.admin(dana, 'GET', `/approvals/${id}`)
    const { digest } = shown.json()
    const seen = await house.admin(person, 'POST', `/approvals/${id}/${verdict}`, { digest, reason: 'r' })
    assert.equal(seen.status, status, seen.text())
    if (why !== undefined) assert.equal(seen.json().errors[0].detail, why)
  }
  await refused(house, withApproval(body, id, { token }), 'approval-required')
}

/** Agents, workloads with a key, tokens for calls: none of these is a person at the admin API. */
async function noPersons(house: House): Promise<void> {
  const { idp } = house
  const groups = ['approvers', 'admin']
  const { key } = await issueKey(house, chief)
  const proofs = [
    await idp.token({ sub: 'dana', groups, aud: 'house-admin', act: { sub: 'bot', groups } }),
    await idp.token({ sub: 'dana', groups }),
    house.token,
    key,
    `spo_${'A'.repeat(43)}`,
  ]
  for (const token of proofs) {
    for (const [method, path] of [['GET', '/approvals'], ['GET', '/keys'], ['GET', '/whoami']] as const) {
      const seen = await ask(house.adminUrl(), `/api/v1${path}`, { method, token })
      assert.equal(seen.status, 401, `${path} ${seen.text()}`)
    }
  }
  const seen = await ask(house.adminUrl(), '/api/v1/sign-in', { method: 'POST', token: proofs[0] ?? '' })
  assert.equal(seen.status, 401)
}

async function refused(house: House, asked: Asked, code: string, path = '/up/transfers'): Promise<Seen> {
  const now = since(house)
  const seen = await house.call(path, asked)
  assert.equal(seen.code, code, seen.text())
  assert.equal(now.reached(), 0)
  const leaves = now.leaves().filter(({ type }) => type !== 'approval.requested')
  assert.deepEqual(leaves.map(shape), [['call.denied', code]])
  return seen
}

async function questionOf(now: ReturnType<typeof since>): Promise<string> {
  const find = () => now.leaves().find(({ type }) => type === 'approval.requested')
  await until(() => find() !== undefined, 'a question was asked')
  return find()?.approval
}

let changes = 0
async function changeRulebook(house: House): Promise<void> {
  const now = since(house)
  const text = callersMayCall.replace('Callers call', `Callers call, edition ${changes++}`)
  writeFileSync(join(house.rulebook, 'policies/grants.cedar'), text)
  await until(() => now.leaves().some(({ type }) => type === 'rulebook.activated'), 'it was activated')
}
