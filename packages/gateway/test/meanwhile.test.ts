import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertSoundLog, type House, openHouse, root, type Since, since, until } from './house.ts'
import { callersMayCall } from './rules.ts'
import { freshBody, transfer } from './transfer.ts'
import { answer } from './upstream.ts'

/** What a call is judged by may end while it is under way: it counts as it stands before the intent. */
const cases: Readonly<Record<string, (house: House) => Promise<void>>> = {
  'a key is revoked while its call is held': async (house) => {
    const now = since(house)
    const { key, id: keyId } = await issueKey(house)
    const waiting = heldCall(house, key)
    const id = await questionOf(now)
    await revoke(house, keyId)
    assert.equal((await house.approve(id)).status, 200)
    const seen = await waiting
    assert.deepEqual([seen.status, seen.code, seen.approval], [401, 'unauthenticated', id])
    assertRefused(now, ['guarded', 'unauthenticated'])
  },
  'a token expires while its call is held': async (house) => {
    const now = since(house)
    const token = await endingToken(house)
    const waiting = heldCall(house, token)
    const id = await questionOf(now)
    await until(async () => (await probe(house, token)) === 'unauthenticated', 'it expired')
    assert.equal((await house.approve(id)).status, 200)
    const seen = await waiting
    assert.deepEqual([seen.status, seen.code, seen.approval], [401, 'unauthenticated', id])
    assert.equal(now.leaves().filter(({ type }) => type === 'clearance.claimed').length, 0)
    const again = await house.call('/up/transfers', {
      ...heldBody(),
      token: await house.idp.token({ sub: 'tess', groups: ['callers'] }),
      headers: { 'content-type': 'application/json', 'sallyport-approval': id },
    })
    assert.equal(again.status, 200, again.text())
  },
  'a key is revoked while the body comes': async (house) => {
    const { key, id } = await issueKey(house)
    const now = since(house)
    const slow = openSlow(house, key)
    await house.call('/nothing')
    await revoke(house, id)
    assert.equal(await slow.finish(), 401)
    assertRefused(now, ['approved', 'unauthenticated'])
  },
  'a token expires while the body comes': async (house) => {
    const token = await endingToken(house)
    const now = since(house)
    const slow = openSlow(house, token)
    await until(async () => (await probe(house, token)) === 'unauthenticated', 'it expired')
    assert.equal(await slow.finish(), 401)
    assertRefused(now, ['approved', 'unauthenticated'])
  },
  'the grant is withdrawn while the body comes': async (house) => {
    const now = since(house)
    const slow = openSlow(house, house.token)
    await house.call('/nothing')
    await withGrants(house, callersMayCall.replace('"up", Action::', '"up.read", Action::'))
    assert.equal(await slow.finish(), 403)
    assertRefused(now, ['resolved', 'policy-denied'])
    await withGrants(house, callersMayCall)
  },
  'the rules change while the body comes, and permit it still': async (house) => {
    const now = since(house)
    const slow = openSlow(house, house.token)
    await house.call('/nothing')
    await withGrants(house, callersMayCall.replace('Callers call', 'Callers still call'))
    assert.equal(await slow.finish(), 200)
    assert.equal(String(house.upstream.reached.at(-1)?.body), '{"name":"n"}')
    const activated = now.leaves().find(({ type }) => type === 'rulebook.activated')
    const intent = now.leaves().find(({ type }) => type === 'call.authorized')
    assert.equal(intent?.decision.policy, activated?.digest)
  },
}

test('what ends while a call is under way', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(house))
  await t.test('the log is sound', () => assertSoundLog(house))
})

/** It did not reach the upstream, and the last record of it says how far it came. */
function assertRefused(now: Since, expected: readonly [stage: string, code: string]): void {
  assert.equal(now.reached(), 0)
  const { stage, code } = now.leaves().findLast(({ type }) => type === 'call.denied') ?? {}
  assert.deepEqual([stage, code], expected)
}

async function issueKey(house: House): Promise<{ key: string; id: string }> {
  const seen = await house.admin(root, 'POST', '/keys', {
    name: 'ci',
    kind: 'workload',
    groups: ['callers'],
    scope: ['up.*'],
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  })
  assert.equal(seen.status, 201, seen.text())
  return seen.json() as { key: string; id: string }
}

async function revoke(house: House, id: string): Promise<void> {
  assert.equal((await house.admin(root, 'DELETE', `/keys/${id}`)).status, 204)
}

/** A token that counts for a few seconds more: what clocks may differ by has nearly passed. */
function endingToken(house: House): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return house.idp.sign({
    iss: house.idp.issuer,
    aud: 'house',
    sub: 'tess',
    groups: ['callers'],
    iat: now - 600,
    exp: now - 30 + 5,
  })
}

async function probe(house: House, token: string): Promise<string> {
  return (await house.call('/nothing', { token })).code
}

let body = ''
const heldBody = () => transfer(body)
function heldCall(house: House, token: string) {
  body = freshBody()
  return house.call('/up/transfers', transfer(body, { token, headers: { prefer: 'wait=60' } }))
}

async function questionOf(now: Since): Promise<string> {
  const find = () => now.leaves().find(({ type }) => type === 'approval.requested')
  await until(() => find() !== undefined, 'a question was asked')
  return find()?.approval
}

/** A call whose body has begun and goes on when `finish` is called; that resolves with the status. */
function openSlow(house: House, token: string): { readonly finish: () => Promise<number> } {
  const text = '{"name":"n"}'
  const { hostname, port } = new URL(house.url())
  const sent = request({
    hostname,
    port,
    path: '/up/items/a-1',
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': text.length,
    },
    agent: false,
  })
  const status = new Promise<number>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
  })
  sent.write(text.slice(0, 5))
  return {
    finish: () => {
      sent.end(text.slice(5))
      return status
    },
  }
}

async function withGrants(house: House, text: string): Promise<void> {
  const now = since(house)
  writeFileSync(join(house.rulebook, 'policies/grants.cedar'), text)
  await until(
    () => now.leaves().some(({ type }) => type === 'rulebook.activated'),
    'it was activated',
  )
}
