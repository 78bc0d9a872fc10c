import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../src/config/limits.ts'
import type { Notice } from '../src/model/notice.ts'
import type { OutboxEvent } from '../src/notify/delivery.ts'
import { type Outbox, openOutbox } from '../src/notify/outbox.ts'
import { webhookChannel } from '../src/notify/webhook.ts'
import { openSqlite } from '../src/store/sqlite/open.ts'
import type { Store } from '../src/store/store.ts'
import { until } from './house.ts'
import { startWebhookReceiver } from './webhook-receiver.ts'

// A lease that is over soon: what is waited for here is only that it is over.
const quick = {
  ...limits,
  noticeLookMs: 20,
  noticeLeaseMs: 3_000,
  noticeSendMs: 1_000,
  stopCutMs: 100,
}

type Target = { readonly path: string; readonly url: string; readonly secret: string }

async function openHome({ path }: Pick<Target, 'path'>): Promise<Store> {
  const kek = new Uint8Array(32).fill(1)
  return openSqlite({ path, instance: 'gw', boot: randomBytes(8).toString('hex'), kek })
}

function startOutbox(store: Store, { url, secret }: Target, events: OutboxEvent[] = []): Outbox {
  const config = { kind: 'webhook', url, secret: { env: 'S' }, insecureHttp: true } as const
  const resolve = async () => secret
  const outbox = openOutbox({
    store,
    channels: { ops: webhookChannel(config, { resolve, now: Date.now, limits: quick }) },
    message: async ({ event, about }) => ({
      ...{ event, about, subject: about, state: 'PENDING', open: true, facts: [] },
    }),
    linkOf: () => undefined,
    now: Date.now,
    random: Math.random,
    limits: quick,
    onEvent: (event) => events.push(event),
  })
  outbox.start()
  return outbox
}

function notices(count: number): readonly Notice[] {
  return Array.from({ length: count }, (_, n): Notice => {
    const about = `apr_${n}`
    const event = 'approval.requested'
    return { id: `${about}:${event}:0:ops`, channel: 'ops', event, about, at: Date.now() }
  })
}

async function writeNotices(target: Target, all: readonly Notice[]): Promise<void> {
  const store = await openHome(target)
  const time = new Date().toISOString()
  const record = { type: 'admin.signed-in', time, by: 'corp:dana', method: 'oidc' } as const
  await store.commit({ record, payloads: [], notices: all })
  await store.close()
}

/** Run as a process of its own, this file is a gateway that tells people and nothing else. */
async function runTarget(): Promise<void> {
  const { TARGET_PATH: path = '', TARGET_URL: url = '', TARGET_SECRET: secret = '' } = process.env
  const target = { path, url, secret }
  startOutbox(await openHome(target), target)
}

if (process.env.TARGET_PATH !== undefined) await runTarget()
else {
  test('killed between sending and settling: sent again, under the same id, and taken once', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-notify-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const receiver = await startWebhookReceiver()
    t.after(receiver.close)
    const target = { path: join(folder, 'db'), url: receiver.url, secret: receiver.secret }
    const all = notices(10)
    await writeNotices(target, all)

    const killed = Promise.withResolvers<void>()
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const given = { TARGET_PATH: target.path, TARGET_URL: target.url, TARGET_SECRET: target.secret }
    const child = fork(import.meta.filename, { env: { ...env, ...given } })
    child.once('exit', () => killed.resolve())
    // The first is taken, and its sender dies with the answer on the way.
    receiver.answer = (response) => {
      child.kill('SIGKILL')
      response.writeHead(204).end()
    }
    await killed.promise
    const before = new Set(receiver.received.map(({ id }) => id))
    assert.ok(before.size > 0)

    receiver.answer = (response) => response.writeHead(204).end()
    const store = await openHome(target)
    const { waiting } = await store.noticeCounts()
    assert.equal(waiting, all.length, 'nothing was settled by who was killed')
    const events: OutboxEvent[] = []
    const outbox = startOutbox(store, target, events)
    t.after(async () => {
      await outbox.close()
      await store.close()
    })
    await until(async () => (await store.noticeCounts()).waiting === 0, 'all was told')
    const ids = receiver.received.map(({ id }) => id)
    for (const id of before) assert.ok(ids.filter((one) => one === id).length >= 2, 'sent again')
    assert.deepEqual(
      receiver
        .taken()
        .map(({ data }) => data.id)
        .sort(),
      all.map(({ about }) => about).sort(),
    )
    assert.deepEqual(receiver.forged, [])
    assert.ok(!events.some(({ kind }) => kind === 'given-up'))
  })

  test('two gateways on one database share what has to be told', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-notify-'))
    const receiver = await startWebhookReceiver()
    const target = { path: join(folder, 'db'), url: receiver.url, secret: receiver.secret }
    const all = notices(300)
    await writeNotices(target, all)
    const store = await openHome(target)
    const outboxes = [startOutbox(store, target), startOutbox(store, target)]
    t.after(async () => {
      await Promise.all(outboxes.map((one) => one.close()))
      await store.close()
      await receiver.close()
      rmSync(folder, { recursive: true, force: true })
    })
    await until(async () => (await store.noticeCounts()).waiting === 0, 'all was told')
    assert.equal(receiver.taken().length, all.length)
    // A lease that ended under its sender is a repetition under the same id, and all that may be.
    assert.equal(new Set(receiver.received.map(({ id }) => id)).size, all.length)
  })
}
