import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, constants } from 'node:http2'
import { join } from 'node:path'
import { test } from 'node:test'
import { configSchema } from '../src/config/schema.ts'
import { recoverHome } from '../src/serve-home.ts'
import { ask, type Seen } from './caller.ts'
import {
  assertSoundLog,
  dana,
  type House,
  type Leaf,
  openHouse,
  root,
  type Since,
  since,
  until,
} from './house.ts'
import { assertVerifies } from './published-log.ts'
import { freshBody, transfer } from './transfer.ts'
import { answer } from './upstream.ts'

const reason = 'seen where it should not be'
const tess = 'corp:tess'
const bot = 'corp:bot'

type Check = (house: House) => Promise<void>

/** A lock beats every proof: at the next call, of every connection, and right before every intent. */
const cases: Readonly<Record<string, Check>> = {
  'the next call of an open HTTP/1.1 connection, and the one after the unlocking': async (
    house,
  ) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const call = () => house.call('/up/read', { agent })
    assert.equal((await call()).code, 'ok')
    const now = since(house)
    await lock(house, tess)
    const seen = await call()
    assertLocked(seen)
    assert.deepEqual([seen.reused, now.reached()], [true, 0])
    const [locked, denied] = now.leaves().filter(({ type }) => type !== 'admin.signed-in')
    assert.deepEqual(told(locked), ['principal.locked', tess, reason, 'corp:root'])
    assert.deepEqual(
      [denied?.type, denied?.code, denied?.stage, denied?.caller.sub],
      ['call.denied', 'unauthenticated', 'accepted', 'tess'],
    )
    assert.equal(seen.record.split('#').at(-1), String(denied?.index))
    await unlock(house, tess)
    const again = await call()
    assert.deepEqual([again.code, again.reused, now.reached()], ['ok', true, 1])
    const unlocked = now.leaves().find(({ type }) => type === 'principal.unlocked')
    assert.deepEqual([unlocked?.principal, unlocked?.by], [tess, 'corp:root'])
    agent.destroy()
  },
  'the next call of an open HTTP/2 connection': async (house) => {
    const session = connect(house.url())
    const status = () =>
      new Promise<unknown>((resolve, reject) => {
        const headers = { ':path': '/up/read', authorization: `Bearer ${house.token}` }
        const stream = session.request(headers)
        stream.on('response', (answered) => resolve(answered[constants.HTTP2_HEADER_STATUS]))
        stream.on('error', reject)
        stream.resume()
        stream.end()
      })
    assert.equal(await status(), 200)
    await lock(house, tess)
    assert.equal(await status(), 401)
    await unlock(house, tess)
    assert.equal(await status(), 200)
    session.close()
  },
  'an agent, in every chain it is in, and nobody else': async (house) => {
    const act = { sub: 'bot', groups: ['callers'] }
    const chains = {
      now: await house.idp.token({ sub: 'tess', groups: ['callers'], act }),
      earlier: await house.idp.token({
        ...{ sub: 'tess', groups: ['callers'] },
        act: { sub: 'later', groups: ['callers'], act: { sub: 'bot' } },
      }),
    }
    const call = (token: string) => house.call('/up/read', { token })
    for (const token of Object.values(chains)) assert.equal((await call(token)).code, 'ok')
    await lock(house, bot)
    for (const token of Object.values(chains)) assertLocked(await call(token))
    assert.equal((await call(house.token)).code, 'ok')
    const other = await house.idp.token({ sub: 'Bot', groups: ['callers'] })
    assert.equal((await call(other)).code, 'ok', 'another party: ids are compared byte by byte')
    await unlock(house, bot)
    for (const token of Object.values(chains)) assert.equal((await call(token)).code, 'ok')
  },
  'a person, also where an agent acts for them': async (house) => {
    const act = { sub: 'bot', groups: ['callers'] }
    const token = await house.idp.token({ sub: 'tess', groups: ['callers'], act })
    await lock(house, tess)
    assertLocked(await house.call('/up/read', { token }))
    const ownToken = await house.idp.token({ sub: 'bot', groups: ['callers'] })
    assert.equal((await house.call('/up/read', { token: ownToken })).code, 'ok')
    await unlock(house, tess)
  },
  'an API key': async (house) => {
    const issued = await house.admin(root, 'POST', '/keys', {
      ...{ name: 'ci', kind: 'workload', groups: ['callers'], scope: ['up.*'] },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    })
    const { key: token, id } = issued.json()
    assert.equal((await house.call('/up/read', { token })).code, 'ok')
    await lock(house, `key:${id}`)
    assertLocked(await house.call('/up/read', { token }))
    await unlock(house, `key:${id}`)
    assert.equal((await house.call('/up/read', { token })).code, 'ok')
  },
  'who is locked while their call is held: it is never forwarded': async (house) => {
    const now = since(house)
    const asked = transfer(freshBody(), { headers: { prefer: 'wait=60' } })
    const waiting = house.call('/up/transfers', asked)
    const question = () => now.leaves().find(({ type }) => type === 'approval.requested')
    await until(() => question() !== undefined, 'a question was asked')
    await lock(house, tess)
    assert.equal((await house.approve(question()?.approval)).status, 200)
    const seen = await waiting
    assertLocked(seen)
    assert.equal(seen.approval, question()?.approval)
    assertRefused(now, 'guarded')
    await unlock(house, tess)
  },
  'who is locked while their body comes': async (house) => {
    const now = since(house)
    const slow = openSlow(house)
    await house.call('/nothing')
    await lock(house, tess)
    assert.equal(await slow.finish(), 401)
    assertRefused(now, 'approved')
    await unlock(house, tess)
  },
  'a person at the admin API, who had signed in': async (house) => {
    const seen = () => house.admin(dana, 'GET', '/approvals')
    assert.equal((await seen()).status, 200)
    await lock(house, 'corp:dana')
    assert.equal((await seen()).status, 401)
    const listed = await house.admin(root, 'GET', '/principals/locks')
    assert.equal(listed.json().data[0].principal, 'corp:dana')
    const token = await house.idp.token({ sub: 'dana', groups: ['approvers'], aud: 'house-admin' })
    for (const [method, path] of [
      ['POST', 'sign-in'],
      ['GET', 'whoami'],
    ] as const) {
      assertLocked(await ask(house.adminUrl(), `/api/v1/${path}`, { method, token }))
    }
    await unlock(house, 'corp:dana')
    assert.equal((await seen()).status, 401, 'the session does not come back')
  },
  'whoever calls all the time: nothing is authorised between lock and unlock': async (house) => {
    const now = since(house)
    let over = false
    let refusals = 0
    const calling = Array.from({ length: 8 }, async () => {
      while (!over) if ((await house.call('/up/read')).status === 401) refusals++
    })
    for (let round = 1; round <= 5; round++) {
      const before = house.upstream.reached.length
      await until(() => house.upstream.reached.length > before, 'calls went through')
      await lock(house, tess)
      const refused = refusals
      await until(() => refusals > refused, 'calls were refused')
      await unlock(house, tess)
    }
    over = true
    await Promise.all(calling)
    let locked = false
    for (const { type, index } of now.leaves()) {
      if (type === 'principal.locked') locked = true
      if (type === 'principal.unlocked') locked = false
      assert.ok(!locked || type !== 'call.authorized', `an intent of the locked at ${index}`)
    }
  },
  'everybody who was, after a restart and after a recovery': async (house) => {
    await lock(house, bot)
    await lock(house, tess)
    await unlock(house, bot)
    await house.restart()
    assertLocked(await house.call('/up/read'))
    await house.stop()
    renameSync(join(house.home, 'sallyport.db'), join(house.home, 'elsewhere.db'))
    await recoverHome(configSchema.parse({ home: house.home }))
    await house.restart()
    assertLocked(await house.call('/up/read'))
    const token = await house.idp.token({ sub: 'bot', groups: ['callers'] })
    assert.equal((await house.call('/up/read', { token })).code, 'ok')
    const again = await house.admin(root, 'POST', '/principals/locks', { principal: tess, reason })
    assert.equal(again.status, 409)
    await unlock(house, tess)
    assert.equal((await house.call('/up/read')).code, 'ok')
  },
}

test('a lock refuses', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(house))
  await t.test('the log is sound, and verifies', async () => {
    assertSoundLog(house)
    await house.stop()
    assert.ok(!(await assertVerifies(house.home)).includes('locked-principal-called'))
  })
})

async function lock(house: House, principal: string): Promise<void> {
  const seen = await house.admin(root, 'POST', '/principals/locks', { principal, reason })
  assert.equal(seen.status, 201, seen.text())
}

async function unlock(house: House, principal: string): Promise<void> {
  const path = `/principals/locks/${encodeURIComponent(principal)}`
  assert.equal((await house.admin(root, 'DELETE', path)).status, 204)
}

/** Told that they are locked, and not why. */
function assertLocked(seen: Seen): void {
  assert.deepEqual([seen.status, seen.code], [401, 'unauthenticated'], seen.text())
  assert.equal(seen.json().detail, 'This principal is locked.')
  assert.ok(!seen.text().includes(reason))
}

/** It did not reach the upstream, nothing was spent, and the last record of it says how far it came. */
function assertRefused(now: Since, stage: string): void {
  assert.equal(now.reached(), 0)
  const leaves = now.leaves()
  const denied = leaves.findLast(({ type }) => type === 'call.denied')
  const found = [denied?.code, denied?.stage, denied?.caller.sub]
  assert.deepEqual(found, ['unauthenticated', stage, 'tess'])
  assert.ok(!leaves.some(({ type }) => /claimed|authorized/.test(type)))
}

const told = (leaf: Leaf | undefined) => [leaf?.type, leaf?.principal, leaf?.reason, leaf?.by]

/** A call whose body has begun and goes on when `finish` is called; that resolves with the status. */
function openSlow(house: House): { readonly finish: () => Promise<number> } {
  const text = '{"name":"n"}'
  const { hostname, port } = new URL(house.url())
  const headers = {
    authorization: `Bearer ${house.token}`,
    'content-type': 'application/json',
    'content-length': text.length,
  }
  const options = { hostname, port, path: '/up/items/a-1', method: 'POST', agent: false, headers }
  const sent = request(options)
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
