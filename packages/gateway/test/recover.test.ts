import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configSchema } from '../src/config/schema.ts'
import { recoverHome } from '../src/serve-home.ts'
import { until } from './house.ts'
import { assertPublishedLog } from './published-log.ts'
import { answer } from './upstream.ts'
import { type Child, openYard, type Yard } from './yard.ts'

const recover = (yard: Yard) => recoverHome(configSchema.parse({ home: yard.home }))

async function stop(child: Child): Promise<void> {
  child.signal('SIGTERM')
  assert.equal(await child.exited, 0)
}

async function call(child: Child, times: number): Promise<void> {
  for (let n = 0; n < times; n++) assert.equal((await child.call('/up/read')).status, 200)
}

const database = (yard: Yard) => join(yard.home, 'sallyport.db')

type Case = {
  readonly name: string
  /** Does to the database what somebody did. It held `before` leaves when it was backed up. */
  readonly harm: (yard: Yard, backup: string) => void
  /** Leaves whose payloads are still there. */
  readonly kept: (before: number) => number
}
const cases: readonly Case[] = [
  {
    name: 'restored from an older backup',
    harm: (yard, backup) => {
      for (const suffix of ['-wal', '-shm']) rmSync(database(yard) + suffix, { force: true })
      copyFileSync(backup, database(yard))
    },
    kept: (before) => before,
  },
  {
    name: 'lost',
    harm: (yard) => renameSync(database(yard), `${database(yard)}.elsewhere`),
    kept: () => 0,
  },
]
for (const { name, harm, kept } of cases) {
  test(`a database that was ${name} is refused, and recovered from the published log`, async (t) => {
    const yard = await openYard(t)
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const first = await yard.start()
    await call(first, 5)
    await stop(first)
    const before = yard.records()
    const backup = join(yard.home, 'backup.db')
    copyFileSync(database(yard), backup)
    const second = await yard.start()
    await call(second, 5)
    await assert.rejects(recover(yard), /in use by another process/)
    await stop(second)
    const published = yard.records()
    await assert.rejects(recover(yard), /nothing to recover/)
    harm(yard, backup)

    await assert.rejects(yard.start(), /recover --from-tiles/)
    // Where there was no database, that start made one; it is not the log's.
    const told = await recover(yard)
    assert.deepEqual([told.kept, told.size], [kept(before.length), published.length])
    assert.deepEqual(yard.records(), published)

    const again = await yard.start()
    await call(again, 3)
    await stop(again)
    const after = yard.records()
    assert.deepEqual(after.slice(0, published.length), published)
    const start = after[published.length]
    assert.equal(start?.type, 'emitter.start')
    assert.match(start?.version, new RegExp(`\\+recovered\\.${published.length}$`))
    const last = published.at(-1)
    assert.deepEqual([start?.after.boot, start?.after.seq], [last?.emitter.boot, last?.emitter.seq])
    assert.equal(await assertPublishedLog(yard.home), after.length)
    await until(() => !existsSync(`${database(yard)}.recovering`), 'no draft is left')
    assert.ok(
      readdirSync(yard.home).some((file) => file.includes('.before-recovery-')) ===
        (kept(1) > 0 || told.movedTo !== undefined),
    )
  })
}

test('entries that were changed are not believed', async (t) => {
  const yard = await openYard(t)
  yard.upstream.script = answer({ body: '{"ok":true}' })
  const first = await yard.start()
  await call(first, 5)
  await stop(first)
  const { readFileSync, writeFileSync } = await import('node:fs')
  const folder = join(yard.home, 'log/tile/entries/000.p')
  const [width = ''] = readdirSync(folder).sort((a, b) => Number(b) - Number(a))
  const bytes = readFileSync(join(folder, width))
  const at = bytes.indexOf('call.outcome')
  bytes.write('call.OUTCOME', at)
  writeFileSync(join(folder, width), bytes)
  renameSync(database(yard), `${database(yard)}.elsewhere`)
  await assert.rejects(recover(yard))
  assert.equal(existsSync(database(yard)), false)
  assert.equal(existsSync(`${database(yard)}.recovering`), false)
})
