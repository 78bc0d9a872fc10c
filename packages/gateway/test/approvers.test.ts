import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from './caller.ts'
import { assertSoundLog, dana, type House, openHouse, type Person, root } from './house.ts'
import { freshBody, held, refused, withApproval } from './transfer.ts'

test('who may not approve', async (t) => {
  const house = await openHouse(t)
  for (const [name, row] of Object.entries(voters)) await t.test(name, () => check(house, row))
  await t.test('what is no person cannot even sign in', () => noPersons(house))
  await t.test('the log is sound', () => assertSoundLog(house))
})

const approver = (sub: string): Person => ({ sub, groups: ['approvers', 'callers'] })

/** Who asks, who votes, and what the voter is told. */
type Row = {
  /** Whose call is held; absent: tess's own. */
  readonly asks?: (house: House) => Promise<string>
  readonly votes: Person
  readonly status: number
  readonly why?: string
}
const voters: Readonly<Record<string, Row>> = {
  'the requester': { votes: approver('tess'), status: 403, why: 'own-call' },
  'the person an agent acts for': {
    asks: ({ idp }) =>
      idp.token({ sub: 'sam', groups: ['callers'], act: { sub: 'bot', groups: ['callers'] } }),
    votes: approver('sam'),
    status: 403,
    why: 'own-call',
  },
  'a person with the agent’s name': {
    asks: ({ idp }) =>
      idp.token({ sub: 'sam', groups: ['callers'], act: { sub: 'bot', groups: ['callers'] } }),
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

async function check(house: House, { asks, votes: person, status, why }: Row): Promise<void> {
  const token = (await asks?.(house)) ?? house.token
  const body = freshBody()
  const id = await held(house, body, { token })
  for (const verdict of ['approve', 'deny'] as const) {
    const shown = await house.admin(dana, 'GET', `/approvals/${id}`)
    const { digest } = shown.json()
    const seen = await house.admin(person, 'POST', `/approvals/${id}/${verdict}`, {
      digest,
      reason: 'r',
    })
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
    for (const [method, path] of [
      ['GET', '/approvals'],
      ['GET', '/keys'],
      ['GET', '/whoami'],
    ] as const) {
      const seen = await ask(house.adminUrl(), `/api/v1${path}`, { method, token })
      assert.equal(seen.status, 401, `${path} ${seen.text()}`)
    }
  }
  const seen = await ask(house.adminUrl(), '/api/v1/sign-in', {
    method: 'POST',
    token: proofs[0] ?? '',
  })
  assert.equal(seen.status, 401)
}
