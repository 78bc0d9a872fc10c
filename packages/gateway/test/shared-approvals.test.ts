import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { dana, root, until, vote } from './house.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { assertVerifies } from './published-log.ts'
import { approvedAt, heldAt, since, waitingAt } from './shared-calls.ts'
import { type Gateway, openSharedYard, type SharedYard } from './shared-yard.ts'
import { freshBody, transfer, withApproval } from './transfer.ts'
import { answer, chunk, chunkedHead } from './upstream.ts'

/** Two gateways on one database. */
type Pair = {
  readonly server: PostgresServer
  readonly yard: SharedYard
  readonly here: Gateway
  readonly there: Gateway
}

const cases: Readonly<Record<string, (pair: Pair) => Promise<void>>> = {
  'of five hundred callers with one approval, spread over both, one reaches the upstream': async (
    pair,
  ) => {
    const { yard, here, there } = pair
    const body = freshBody()
    const id = await heldAt(here, body)
    await approvedAt(there, id)
    const now = await since(yard)
    const seen = await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        [here, there][n % 2]?.call('/up/transfers', withApproval(body, id)),
      ),
    )
    assert.deepEqual(counted(seen.map((one) => one?.code)), { ok: 1, 'approval-unusable': 499 })
    assert.deepEqual(now.reached(), [body])
    const leaves = await now.leaves()
    const denied = leaves.filter(({ type }) => type === 'call.denied')
    assert.deepEqual(counted(denied.map(({ code }) => code)), { 'approval-unusable': 499 })
    assert.equal(new Set(denied.map(({ emitter }) => emitter.instance)).size, 2)
    assert.equal(leaves.filter(({ type }) => type === 'clearance.claimed').length, 1)
    assert.equal(leaves.filter(({ type }) => type === 'call.outcome').length, 1)
  },
  'what is held here and approved there is let go here': async (pair) => {
    const hints = await openHints(pair)
    await heldHereApprovedThere(pair)
    await until(() => hints.heard.length > 0, 'a hint was given')
    await hints.close()
  },
  'what is held here and denied there is refused here': async (pair) => {
    const { yard, here, there } = pair
    const now = await since(yard)
    const { id, waiting } = await waitingAt(yard, here)
    const denied = await vote(there.admin, { id, person: dana, verdict: 'deny' })
    assert.equal(denied.status, 200, denied.text())
    assert.equal((await waiting).code, 'approval-denied')
    assert.deepEqual(now.reached(), [])
  },
  'who is locked there is refused here': async (pair) => {
    const { yard, here, there } = pair
    assert.equal((await here.call('/up/read')).code, 'ok')
    const lock = { principal: 'corp:tess', reason: 'seen where it should not be' }
    const locked = await there.admin(root, 'POST', '/principals/locks', lock)
    assert.equal(locked.status, 201, locked.text())
    const now = await since(yard)
    assert.equal((await here.call('/up/read')).code, 'unauthenticated')
    assert.deepEqual(now.reached(), [])
    const unlocked = await there.admin(root, 'DELETE', '/principals/locks/corp%3Atess')
    assert.ok(unlocked.status < 300, unlocked.text())
    const isUnlocked = async () => (await here.call('/up/read')).code === 'ok'
    await until(isUnlocked, 'the unlocking was heard of')
  },
  'a key that is revoked there is refused here': async (pair) => {
    const { yard, here, there } = pair
    const asked = {
      ...{ name: 'job', kind: 'service', groups: ['callers'], scope: ['up.read'] },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    }
    const issued = await there.admin(root, 'POST', '/keys', asked)
    assert.equal(issued.status, 201, issued.text())
    const { id, key: token } = issued.json()
    assert.equal((await here.call('/up/read', { token })).code, 'ok')
    const revoked = await there.admin(root, 'DELETE', `/keys/${id}`)
    assert.ok(revoked.status < 300, revoked.text())
    const now = await since(yard)
    assert.equal((await here.call('/up/read', { token })).code, 'unauthenticated')
    assert.deepEqual(now.reached(), [])
  },
  'a rulebook that is put in force there is in force here': async (pair) => {
    const { yard, here, there } = pair
    const body = freshBody()
    const id = await heldAt(here, body)
    await approvedAt(there, id)
    const policy = join(yard.rulebook, 'policies/no-writing.cedar')
    writeFileSync(
      policy,
      '@id("no-writing")\n@reason("Nothing is written today")\nforbid (principal, action == Action::"up.write", resource);\n',
    )
    const applied = await there.admin(root, 'POST', '/rulebook/apply')
    assert.equal(applied.status, 200, applied.text())
    const { digest } = applied.json()
    const isHere = async () => (await here.admin(root, 'GET', '/rulebook')).json().digest === digest
    await until(isHere, 'it is in force here')
    const now = await since(yard)
    const write = transfer('{}', {})
    assert.equal((await here.call('/up/write', write)).code, 'policy-denied')
    // What was approved was approved under the rules of then.
    const seen = await here.call('/up/transfers', withApproval(body, id))
    assert.deepEqual([seen.code, seen.json().differs], ['approval-unusable', ['rulebook']])
    assert.deepEqual(now.reached(), [])
  },
  'a clearance that is revoked there cuts the stream here': async (pair) => {
    const { yard, here, there } = pair
    const body = freshBody()
    const id = await heldAt(here, body)
    await approvedAt(there, id)
    const now = await since(yard)
    const before = yard.upstream.script
    yard.upstream.script = (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk('data: {"n":1}\n\n'))
    }
    const began = Promise.withResolvers<void>()
    const onData = () => began.resolve()
    const streaming = here.call('/up/transfers', withApproval(body, id, { onData }))
    await began.promise
    const [claimed] = (await now.leaves()).filter(({ type }) => type === 'clearance.claimed')
    const path = `/clearances/${claimed?.clearance}/revoke`
    const revoked = await there.admin(root, 'POST', path, { reason: 'It is not what it seemed.' })
    assert.equal(revoked.status, 200, revoked.text())
    const seen = await streaming
    assert.deepEqual([seen.status, seen.complete], [200, false])
    yard.upstream.script = before
    const ending = async () => (await now.leaves()).find(({ type }) => type === 'call.outcome')
    await until(async () => (await ending()) !== undefined, 'its ending was recorded')
    assert.equal((await ending())?.ending, 'clearance-revoked')
    for (const one of [here, there]) {
      const again = await one.call('/up/transfers', withApproval(body, id))
      assert.equal(again.code, 'approval-unusable')
    }
    assert.equal(now.reached().length, 1)
  },
  // The last: from here on there are none.
  'what is held here and approved there is let go without any notification': async (pair) => {
    const { server, yard, here, there } = pair
    await server.run(yard.storeUrl, loseNotifications)
    // What they have prepared on a connection keeps its meaning there.
    await server.cut(yard.storeUrl)
    const hints = await openHints(pair)
    for (const one of [here, there]) {
      const isBack = async () => (await one.call('/up/read')).code === 'ok'
      await until(isBack, 'it writes again')
    }
    await heldHereApprovedThere(pair)
    assert.deepEqual(hints.heard, [])
    await hints.close()
  },
}

test('gateways that share what people decide', async (t) => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  t.after(() => server.close())
  const yard = await openSharedYard(t, server)
  yard.upstream.script = answer({ body: '{"ok":true}' })
  const settings = { callLimits: { callsPerCaller: 600 } }
  const [here, there] = await Promise.all([
    yard.start('gw-1', settings),
    yard.start('gw-2', settings),
  ])
  for (const [name, check] of Object.entries(cases)) {
    await t.test(name, () => check({ server, yard, here, there }))
  }
  await t.test('and their log verifies', async () => {
    for (const gateway of [here, there]) {
      gateway.signal('SIGTERM')
      assert.equal(await gateway.exited, 0)
    }
    // The connections that were cut, each once.
    assert.deepEqual(await assertVerifies(yard.home), ['outage', 'outage'])
    const text = JSON.stringify(await yard.records())
    for (const word of [yard.secret, yard.token]) {
      assert.ok(!text.includes(word) && !yard.logged().includes(word), 'a secret is written down')
    }
  })
})

async function heldHereApprovedThere(pair: Pair): Promise<void> {
  const { yard, here, there } = pair
  const now = await since(yard)
  const { id, body, waiting } = await waitingAt(yard, here)
  assert.deepEqual(now.reached(), [])
  await approvedAt(there, id)
  const seen = await waiting
  assert.equal(seen.code, 'ok', seen.text())
  assert.deepEqual(now.reached(), [body])
  const again = await there.call('/up/transfers', withApproval(body, id))
  assert.deepEqual([again.code, now.reached().length], ['approval-unusable', 1])
}

/** Hears what the gateways hear from each other. */
async function openHints({ yard }: Pair) {
  const heard: string[] = []
  const client = new Client({ connectionString: yard.storeUrl })
  client.on('error', () => {})
  await client.connect()
  client.on('notification', ({ payload = '' }) => heard.push(payload))
  await client.query('LISTEN "sallyport sallyport"')
  return { heard, close: () => client.end() }
}

/** What is to be notified is dropped, in this database. */
const loseNotifications = `SET allow_system_table_mods = on;
  ALTER FUNCTION pg_catalog.pg_notify(text, text) RENAME TO pg_notify_kept;
  CREATE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT'`

function counted(words: readonly unknown[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[String(word)] = (counts[String(word)] ?? 0) + 1
  return counts
}
