import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Asked, Seen } from './caller.ts'
import { ask } from './caller.ts'
import { deadUrl, type House, openHouse, type Person, since, until } from './house.ts'
import { integrated, takeAway, told, verified } from './take-away.ts'
import { freshBody, transfer, withApproval } from './transfer.ts'
import { answer } from './upstream.ts'

/** Everything that people can do about a call, and what an auditor says of the log of it. */

const approvals = `flows:
  approvers:
    steps:
      - { name: clerks, groups: [clerks], escalate: [{ after: 1s, groups: [leads] }] }
      - { name: leads, groups: [leads], quorum: 2 }
    offers: [call, window, session]
    uses: 10
    for: 1h
groups:
  leads: [corp:lee, corp:lou, corp:ann]
  reviewers: [corp:rex]
people:
  - { id: corp:tess, accounts: [hub:tess9], agents: [corp:bot] }
breakGlass:
  people: [corp:tess]
  functions: [up.*]
  amr: [otp]
  reviewers: [reviewers]
  notify: [pager]
`

const pat: Person = { sub: 'pat', groups: ['clerks'] }
const lee: Person = { sub: 'lee', groups: [] }
const lou: Person = { sub: 'lou', groups: [] }
const ann: Person = { sub: 'ann', groups: [] }
const max: Person = { sub: 'max', groups: [] }
const rex: Person = { sub: 'rex', groups: [] }

async function openGovernedHouse(t: TestContext): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pager-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'secret')
  writeFileSync(file, `whsec_${Buffer.alloc(32, 7).toString('base64')}`, { mode: 0o600 })
  const webhook = { url: await deadUrl(), secret: { file }, insecureHttp: true }
  const house = await openHouse(t, { notify: { channels: { pager: { webhook } } } })
  const now = since(house)
  writeFileSync(join(house.rulebook, 'approvals.yaml'), approvals)
  const isActive = () => now.leaves().some(({ type }) => type === 'rulebook.activated')
  await until(isActive, 'the rules about approvals were activated')
  house.upstream.script = answer({ body: '{}' })
  return house
}

type Say = { readonly verdict?: 'approve' | 'deny' | 'counter'; readonly [member: string]: unknown }

/** A person looks at the question, and answers it. */
async function say(
  house: House,
  person: Person,
  { id, verdict = 'approve', ...more }: Say & { readonly id: string },
): Promise<Seen> {
  const shown = await house.admin(person, 'GET', `/approvals/${id}`)
  assert.equal(shown.status, 200, shown.text())
  const { digest } = shown.json()
  const body = { digest, reason: 'as agreed', ...more }
  const seen = await house.admin(person, 'POST', `/approvals/${id}/${verdict}`, body)
  assert.equal(seen.status, 200, seen.text())
  return seen
}

async function asked(house: House, body: string, terms?: string): Promise<string> {
  const headers = terms === undefined ? {} : { 'sallyport-clearance': terms }
  const seen = await house.call('/up/transfers', transfer(body, { headers }))
  assert.equal(seen.code, 'approval-required', seen.text())
  return seen.approval
}

async function done(house: House, call: Asked, path = '/up/transfers'): Promise<void> {
  const seen = await house.call(path, call)
  assert.equal(seen.status, 200, seen.text())
}

/** Signed in just now, with a second factor. */
async function tessWithCode(house: House): Promise<string> {
  const { idp, adminUrl } = house
  const claims = { amr: ['pwd', 'otp'], auth_time: Math.floor(Date.now() / 1000) }
  const proof = await idp.token({ sub: 'tess', groups: ['callers'], aud: 'house-admin', claims })
  const seen = await ask(adminUrl(), '/api/v1/sign-in', { method: 'POST', token: proof })
  assert.equal(seen.status, 200, seen.text())
  return seen.json().token
}

async function breakGlass(house: House, body: object): Promise<string> {
  const token = await tessWithCode(house)
  const json = { reason: 'customers wait for their money', incident: 'INC-7', ...body }
  const seen = await ask(house.adminUrl(), '/api/v1/break-glass', { method: 'POST', token, json })
  assert.equal(seen.status, 201, seen.text())
  return seen.json().id
}

async function useWindow(house: House): Promise<void> {
  const when = 'when="context.args.amount <= 3000"'
  const id = await asked(house, freshBody(), `window; uses=3; for=30m; ${when}`)
  await say(house, pat, { id })
  const terms = {
    ...{ kind: 'window', uses: 2, for_ms: 600_000 },
    when: ['context.args.amount <= 3000', 'context.args.amount >= 2000'],
  }
  await say(house, pat, { id, verdict: 'counter', terms })
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const away = { to: 'corp:max', groups: ['leads'], until: tomorrow, reason: 'on leave' }
  const delegated = await house.admin(ann, 'POST', '/delegations', away)
  assert.equal(delegated.status, 201, delegated.text())
  await say(house, max, { id, on_behalf_of: 'corp:ann' })
  await say(house, lee, { id })
  const ended = await house.admin(ann, 'DELETE', `/delegations/${delegated.json().id}`)
  assert.ok(ended.status < 300, ended.text())
  await done(house, transfer(freshBody()))
  await done(house, transfer(freshBody()))
  const third = await house.call('/up/transfers', transfer(freshBody()))
  assert.equal(third.code, 'approval-required', 'two uses, and no more')
  const withdrawn = await house.call(`/.sallyport/approvals/${third.approval}`, {
    method: 'DELETE',
  })
  assert.ok(withdrawn.status < 300, withdrawn.text())
}

async function useSession(house: House): Promise<void> {
  const id = await asked(house, freshBody(), 'session; uses=5; for=10m')
  for (const person of [pat, lee, lou]) await say(house, person, { id })
  await done(house, transfer(freshBody()))
  const shown = await house.admin(lee, 'GET', `/approvals/${id}`)
  const clearance: string = shown.json().clearance.id
  const path = `/clearances/${clearance}/revoke`
  const revoked = await house.admin(lee, 'POST', path, { reason: 'enough' })
  assert.equal(revoked.status, 200, revoked.text())
}

async function useOnce(house: House): Promise<void> {
  const body = freshBody()
  const id = await asked(house, body)
  for (const person of [pat, lou, lee]) await say(house, person, { id })
  await done(house, withApproval(body, id))
  const late = freshBody()
  const escalated = await asked(house, late)
  const isEscalated = () =>
    house.records().some(({ type, approval }) => {
      return type === 'approval.escalated' && approval === escalated
    })
  await until(isEscalated, 'more people were let vote')
  for (const person of [lee, lou, ann]) await say(house, person, { id: escalated })
  await done(house, withApproval(late, escalated))
  const denied = await asked(house, freshBody())
  await say(house, pat, { id: denied, verdict: 'deny' })
}

async function useGlass(house: House): Promise<void> {
  const id = await breakGlass(house, { functions: ['up.transfer'], for_ms: 600_000 })
  await done(house, transfer(freshBody()))
  await review(house, id, 'unjustified')
  await review(house, id, 'justified')
  const body = freshBody()
  const approval = await standingAside(house, body)
  const bypass = await breakGlass(house, { approval })
  await done(house, withApproval(body, approval), '/up/refunds')
  await review(house, bypass, 'justified')
}

/** A question about another function than the glass is broken for. */
async function standingAside(house: House, body: string): Promise<string> {
  const seen = await house.call('/up/refunds', transfer(body))
  assert.equal(seen.code, 'approval-required', seen.text())
  return seen.approval
}

async function review(house: House, id: string, verdict: string): Promise<void> {
  const body = { verdict, notes: 'looked at the incident' }
  const seen = await house.admin(rex, 'POST', `/break-glass/${id}/review`, body)
  assert.equal(seen.status, 200, seen.text())
}

test('an auditor finds nothing wrong with what people did, in every way they can', async (t) => {
  const house = await openGovernedHouse(t)
  await useWindow(house)
  await useSession(house)
  await useOnce(house)
  await useGlass(house)
  const types = new Set(house.records().map(({ type }) => type))
  for (const type of shown) assert.ok(types.has(type), type)
  await integrated(house, house.records().length - 1)
  const records = house.records()
  const session = records.find(({ type }) => type === 'approval.requested')?.session
  const part = records.find(({ type }) => type === 'clearance.closed')?.time
  for (const asked of [
    { scope: 'session', session, payloads: true },
    { scope: 'range', since: part, payloads: true },
  ] as const) {
    const { folder } = await takeAway(t, house, asked)
    assert.deepEqual(told(await verified(house, folder, asked.scope)), [], asked.scope)
  }
  const { folder } = await takeAway(t, house, { scope: 'whole', payloads: true })
  const verdict = await verified(house, folder)
  assert.deepEqual(told(verdict), [])
  const check = (name: string) => verdict.checks.find((one) => one.check === name)
  assert.equal(check('approvals')?.state, 'passed', JSON.stringify(check('approvals')))
  assert.equal(check('decisions')?.state, 'passed', JSON.stringify(check('decisions')))
})

const shown = [
  'approval.requested',
  'approval.decided',
  'approval.countered',
  'approval.escalated',
  'approval.closed',
  'clearance.claimed',
  'clearance.returned',
  'clearance.closed',
  'break-glass.opened',
  'break-glass.reviewed',
  'delegation.made',
  'delegation.ended',
]
