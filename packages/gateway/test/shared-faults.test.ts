import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { dana, root, until, vote } from './house.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { assertVerifies } from './published-log.ts'
import { approvedAt, heldAt, since, waitingAt } from './shared-calls.ts'
import { type Gateway, openSharedYard, type SharedYard } from './shared-yard.ts'
import { freshBody, withApproval } from './transfer.ts'
import { answer, hang } from './upstream.ts'
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts'

/** Two gateways on one database, which tell a webhook of every question. One takes the place of one that was lost. */
type Pair = {
  readonly server: PostgresServer
  readonly yard: SharedYard
  here: Gateway
  readonly there: Gateway
  readonly settings: object
  hook: WebhookReceiver
}

const cases: Readonly<Record<string, (pair: Pair) => Promise<void>>> = {
  'a gateway is killed while one call is under way and another one waits': async (pair) => {
    const { yard, here, there } = pair
    const now = await since(yard)
    const cutOff = freshBody()
    const id = await heldAt(here, cutOff)
    await approvedAt(there, id)
    yard.upstream.script = hang
    const underWay = assert.rejects(here.call('/up/transfers', withApproval(cutOff, id)))
    await until(() => now.reached().length === 1, 'the upstream was reached')
    const waits = await waitingAt(yard, here)
    const waiting = assert.rejects(waits.waiting)
    here.signal('SIGKILL')
    await Promise.all([here.exited, underWay, waiting])
    yard.upstream.script = answer({ body: '{"ok":true}' })

    // What was under way is never made again, by whomever.
    const isUnusable = async (gateway: Gateway) => {
      const seen = await gateway.call('/up/transfers', withApproval(cutOff, id))
      assert.equal(seen.code, 'approval-unusable', seen.text())
    }
    await isUnusable(there)
    // What waited joins its question, and is made once.
    assert.equal(await heldAt(there, waits.body), waits.id)
    await approvedAt(there, waits.id)
    const again = () => there.call('/up/transfers', withApproval(waits.body, waits.id))
    assert.deepEqual([(await again()).code, (await again()).code], ['ok', 'approval-unusable'])

    pair.here = await yard.start('gw-1', pair.settings)
    await isUnusable(pair.here)
    await isUnusable(there)
    assert.deepEqual(now.reached(), [cutOff, waits.body])
    const leaves = await now.leaves()
    const { call, clearance } = leaves.find(({ type }) => type === 'call.authorized') ?? {}
    const endings = leaves.filter((leaf) => 'intent' in leaf && leaf.call === call)
    assert.deepEqual(
      endings.map(({ type }) => type),
      ['reconcile.indeterminate'],
    )
    const closed = leaves.filter(
      (leaf) => leaf.clearance === clearance && leaf.type === 'clearance.closed',
    )
    assert.deepEqual(
      closed.map(({ state }) => state),
      ['UNKNOWN', 'CONSUMED'],
    )
    const shown = await there.admin(root, 'GET', `/clearances/${clearance}`)
    assert.equal(shown.json().state, 'CONSUMED', shown.text())
  },
  'the database goes away while a call is held, and comes back': async (pair) => {
    const { server, yard, here, there } = pair
    const before = freshBody()
    const approved = await heldAt(here, before)
    await approvedAt(there, approved)
    const waits = await waitingAt(yard, here)
    const now = await since(yard)
    await server.stop('immediate')
    for (const gateway of [here, there]) {
      const read = await gateway.call('/up/read')
      const resumed = await gateway.call('/up/transfers', withApproval(before, approved))
      assert.deepEqual([read.status, resumed.status], [503, 503], resumed.text())
      assert.deepEqual([read.code, resumed.code], ['evidence-unavailable', 'evidence-unavailable'])
    }
    assert.deepEqual(now.reached(), [])
    await server.start()
    for (const gateway of [here, there]) {
      const isBack = async () => (await gateway.call('/up/read')).code === 'ok'
      await until(isBack, 'it works again, by itself')
    }
    // What people said before counts.
    const resumed = await there.call('/up/transfers', withApproval(before, approved))
    assert.equal(resumed.code, 'ok', resumed.text())
    // It was refused, or is still held: either way it can be approved, and is made once.
    await approvedAt(there, waits.id)
    const first = await waits.waiting
    const second = await here.call('/up/transfers', withApproval(waits.body, waits.id))
    const codes = [first.code, second.code]
    const isRefused = first.code === 'evidence-unavailable'
    assert.deepEqual(codes, isRefused ? [first.code, 'ok'] : ['ok', 'approval-unusable'])
    const made = now.reached().filter((body) => body !== '')
    assert.deepEqual(made.toSorted(), [before, waits.body].toSorted())
  },
  'the clock of a gateway is set minutes off': async ({ yard, settings, here, there }) => {
    for (const [clockOffMs, way] of clocks) {
      // Of gateways that share a log none begins with such a clock.
      await assert.rejects(yard.start('gw-3', settings, { clockOffMs }), way)
      const now = await since(yard)
      const { id, body, waiting } = await waitingAt(yard, here)
      await there.setClock(clockOffMs)
      assert.equal((await there.call('/up/read')).code, 'evidence-unavailable')
      const voted = await vote(there.admin, { id, person: dana, verdict: 'approve' })
      assert.notEqual(voted.status, 200, voted.text())
      const shown = await here.admin(dana, 'GET', `/approvals/${id}`)
      assert.deepEqual([shown.json().state, now.reached()], ['PENDING', []])
      await approvedAt(here, id)
      assert.equal((await waiting).code, 'ok')
      const again = await there.call('/up/transfers', withApproval(body, id))
      assert.notEqual(again.code, 'ok')
      await there.setClock(0)
      const isBack = async () => (await there.call('/up/read')).code === 'ok'
      await until(isBack, 'it writes again, by itself')
      const made = now.reached().filter((one) => one !== '')
      assert.deepEqual(made, [body])
    }
  },
  'clocks differ by less: no vote counts after the deadline by the clock of whoever judges':
    async ({ yard, settings, here }) => {
      const now = await since(yard)
      const set = { clockOffMs: -20_000 }
      const soon = { ...settings, approvals: { decideBy: '15s' } }
      const behind = await yard.start('gw-3', soon, set)
      const { id, waiting } = await waitingAt(yard, behind)
      for (const gateway of [here, behind]) {
        const voted = await vote(gateway.admin, { id, person: dana, verdict: 'approve' })
        const [why] = voted.json().errors
        assert.deepEqual([voted.status, why.detail], [409, 'approval-closed'])
      }
      assert.equal((await waiting).code, 'approval-unusable')
      assert.deepEqual(now.reached(), [])
      const of = (await now.leaves()).filter(({ approval }) => approval === id)
      assert.deepEqual(
        of.map(({ type, state, code }) => [type, state ?? code]),
        [
          ['approval.requested', undefined],
          ['approval.closed', 'EXPIRED'],
          ['call.denied', 'approval-unusable'],
        ],
      )
      behind.signal('SIGTERM')
      assert.equal(await behind.exited, 0)
    },
  'nobody can be told for a while, and a gateway is lost meanwhile': async (pair) => {
    const { server, yard, here, there, hook } = pair
    await isTold(pair)
    const port = Number(new URL(hook.url).port)
    await hook.close()
    const now = await since(yard)
    const ids: string[] = []
    for (const [asks, answers] of [
      [here, there],
      [there, here],
      [here, here],
    ] as const) {
      const body = freshBody()
      const id = await heldAt(asks, body)
      await approvedAt(answers, id)
      assert.equal((await asks.call('/up/transfers', withApproval(body, id))).code, 'ok')
      ids.push(id)
    }
    assert.equal(now.reached().length, ids.length)
    const open = await heldAt(here, freshBody())
    const tried = async () => {
      return (await waitingNotices(server, yard, 'AND attempts > 0')) > 0
    }
    await until(tried, 'it was tried in vain')
    await killWithoutLease(pair)
    pair.hook = await startWebhookReceiver({ port })
    await isTold(pair)
    const taken = pair.hook.taken().map(({ type, data }) => `${type} ${data.id}`)
    // Nobody has to be asked any more what was answered meanwhile.
    const wanted = [`approval.requested ${open}`, ...ids.map((id) => `approval.settled ${id}`)]
    assert.deepEqual(taken.toSorted(), wanted.toSorted())
    assert.deepEqual(pair.hook.forged, [])
    pair.here = await yard.start('gw-1', pair.settings)
  },
}

test('gateways that share a store when something fails', async (t) => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  t.after(() => server.close())
  const hook = await startWebhookReceiver()
  process.env.HOOK_SECRET = hook.secret
  const yard = await openSharedYard(t, server)
  yard.upstream.script = answer({ body: '{"ok":true}' })
  writeFileSync(join(yard.rulebook, 'approvals.yaml'), approvals)
  const webhook = { url: hook.url, secret: { env: 'HOOK_SECRET' }, insecureHttp: true }
  const settings = {
    notify: { channels: { hook: { webhook } } },
    approvals: { decideBy: '5m' },
  }
  const [here, there] = await Promise.all([
    yard.start('gw-1', settings),
    yard.start('gw-2', settings),
  ])
  const pair: Pair = { server, yard, settings, here, there, hook }
  t.after(() => pair.hook.close())
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(pair))
  await t.test('and their log verifies', async () => {
    for (const gateway of [pair.here, there]) {
      gateway.signal('SIGTERM')
      assert.equal(await gateway.exited, 0)
    }
    const noticed = new Set(await assertVerifies(yard.home))
    assert.deepEqual([...noticed].toSorted(), ['boot-unclean', 'outage'])
  })
})

/** How far, and what is said of it: the question would be past its time, or long before it. */
const clocks = [
  [600_000, /ahead of the database/],
  [-600_000, /behind the database/],
] as const

const approvals = `flows:
  approvers:
    steps: [{ name: team, groups: [approvers] }]
    notify: [hook]
`

/** Everybody was told everything. What was tried in vain for long is tried rarely; a lease lasts a minute. */
async function isTold({ server, yard }: Pair): Promise<void> {
  const end = performance.now() + 120_000
  while ((await waitingNotices(server, yard, '')) > 0) {
    assert.ok(performance.now() < end, 'never happened: all was told')
    await setTimeout(100)
  }
}

/** Kills it at a moment in which it has no notice for itself: that would wait until its lease is over. */
async function killWithoutLease({ server, yard, here }: Pair): Promise<void> {
  const isLeased = `AND due_ms > extract(epoch FROM now()) * 1000 + 30000`
  for (;;) {
    here.signal('SIGSTOP')
    if ((await waitingNotices(server, yard, isLeased)) === 0) break
    here.signal('SIGCONT')
  }
  here.signal('SIGKILL')
  await here.exited
}

async function waitingNotices(
  server: PostgresServer,
  { storeUrl }: SharedYard,
  condition: string,
): Promise<number> {
  const query = `SELECT count(*) AS rows FROM sallyport.notice WHERE state = 'WAITING' ${condition}`
  const [row] = await server.run(storeUrl, query)
  return Number(row?.rows)
}
