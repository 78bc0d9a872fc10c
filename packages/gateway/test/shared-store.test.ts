import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from './house.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { assertVerifies } from './published-log.ts'
import { type Gateway, openSharedYard, type SharedYard } from './shared-yard.ts'
import { answer } from './upstream.ts'

const cases: Readonly<Record<string, (t: TestContext, server: PostgresServer) => Promise<void>>> = {
  'two gateways on one database write one log, which verifies': async (t, server) => {
    const yard = await openSharedYard(t, server)
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const [one, two] = await Promise.all([yard.start('gw-1'), yard.start('gw-2')])
    for (let round = 0; round < 5; round++) {
      const seen = await Promise.all([one.call('/up/read'), two.call('/up/read')])
      assert.deepEqual(
        seen.map(({ status }) => status),
        [200, 200],
      )
    }
    await stop(one, two)
    const records = await yard.records()
    assert.equal(records.filter(({ type }) => type === 'log.genesis').length, 1)
    const outcomes = records.filter(({ type }) => type === 'call.outcome')
    const instances = outcomes.map(({ emitter }) => emitter.instance)
    assert.deepEqual([instances.length, new Set(instances).size], [10, 2])
    assert.deepEqual(await assertVerifies(yard.home), [])
    assert.equal(published(yard), records.length, 'all of it is published')
  },

  'when the gateway that publishes is killed, the other takes over': async (t, server) => {
    const yard = await openSharedYard(t, server)
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const one = await yard.start('gw-1')
    const two = await yard.start('gw-2')
    await Promise.all([one.call('/up/read'), two.call('/up/read')])
    one.signal('SIGKILL')
    await one.exited
    assert.equal((await two.call('/up/read')).status, 200)
    const size = (await yard.records()).length
    await until(() => published(yard) >= size, 'the other has published')
    const again = await yard.start('gw-1')
    assert.equal((await again.call('/up/read')).status, 200)
    await stop(again, two)
    const codes = await assertVerifies(yard.home)
    assert.deepEqual([...new Set(codes)], ['boot-unclean'])
    assert.equal(published(yard), (await yard.records()).length)
  },

  'while the database is away nothing is let through; then all goes on': async (t, server) => {
    const yard = await openSharedYard(t, server)
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const [one, two] = await Promise.all([yard.start('gw-1'), yard.start('gw-2')])
    assert.equal((await one.call('/up/read')).status, 200)
    const reached = yard.upstream.reached.length
    await server.stop('immediate')
    for (const gateway of [one, two]) {
      assert.equal((await gateway.call('/up/read')).status, 503)
    }
    assert.equal(yard.upstream.reached.length, reached, 'let through without a record')
    await server.start()
    for (const gateway of [one, two]) {
      await until(async () => (await gateway.call('/up/read')).status === 200, 'it goes on')
    }
    await stop(one, two)
    const outages = (await yard.records()).filter(({ type }) => type === 'outage.ended')
    assert.deepEqual(outages.map(({ emitter }) => emitter.instance).sort(), ['gw-1', 'gw-2'])
    await assertVerifies(yard.home)
    assert.ok(!yard.logged().includes(yard.secret))
  },

  'a gateway that is frozen holds up nobody for long': async (t, server) => {
    const yard = await openSharedYard(t, server)
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const [one, two] = await Promise.all([yard.start('gw-1'), yard.start('gw-2')])
    let over = false
    const caller = async () => {
      while (!over) await one.call('/up/read').catch(() => undefined)
    }
    const callers = Promise.all(Array.from({ length: 8 }, caller))
    await until(() => yard.upstream.reached.length > 50, 'it is busy')
    one.signal('SIGSTOP')
    await until(async () => (await two.call('/up/read')).status === 200, 'the other goes on')
    one.signal('SIGCONT')
    over = true
    await callers
    await until(async () => (await one.call('/up/read')).status === 200, 'and so does the first')
    await stop(one, two)
    await assertVerifies(yard.home)
  },

  'a gateway with other keys is refused, and told what to copy': async (t, server) => {
    const yard = await openSharedYard(t, server)
    const one = await yard.start('gw-1')
    const home = mkdtempSync(join(tmpdir(), 'sallyport-other-'))
    t.after(() => rmSync(home, { recursive: true }))
    const said = /exit 1: .*another key file. Copy keys\.json and log-key\.json/s
    await assert.rejects(yard.start('gw-2', { home }), said)
    await assert.rejects(yard.start('gw-1'), /exit 1: .*"gw-1" is in use by another process/s)
    await stop(one)
  },

  'migrations are shown and applied by hand': async (_, server) => {
    const url = await server.database()
    const migrate = (step: string) => run('migrate', step, '--store', url, '--config', 'none.yaml')
    const before = migrate('status')
    assert.equal(before.status, 1)
    assert.match(before.stdout, /^0001 begin {2}pending/)
    const { status, stdout } = migrate('up')
    assert.deepEqual([status, stdout.split('\n')[0]], [0, '0001 begin  applied'])
    const after = migrate('status')
    assert.equal(after.status, 0)
    assert.match(after.stdout, /^0001 begin {2}applied \d{4}-/)
    assert.match(migrate('up').stderr, /Nothing is pending/)
  },
}

const bin = join(import.meta.dirname, '../bin/sallyport.js')

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })
}

async function stop(...gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways) {
    gateway.signal('SIGTERM')
    assert.equal(await gateway.exited, 0)
  }
}

/** Records under the published checkpoint. */
function published({ home }: SharedYard): number {
  return Number(readFileSync(join(home, 'log/checkpoint'), 'utf8').split('\n')[1])
}

test('gateways that share a store', async (t) => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  t.after(() => server.close())
  for (const [name, check] of Object.entries(cases)) await t.test(name, (t) => check(t, server))
})
