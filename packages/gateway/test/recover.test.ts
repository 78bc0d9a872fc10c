import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, type TestContext, test } from 'node:test'
import { configSchema } from '../src/config/schema.ts'
import { recoverHome } from '../src/serve-home.ts'
import { until } from './house.ts'
import { isLong, onDemand } from './long-form.ts'
import { assertPublishedLog, assertVerifies } from './published-log.ts'
import { answer } from './upstream.ts'
import { openYard, type Served, type Yard } from './yard.ts'

const recover = (yard: Yard) => recoverHome(configSchema.parse({ home: yard.home }))

async function call(gateway: Served, times: number): Promise<void> {
  for (let n = 0; n < times; n++) assert.equal((await gateway.call('/up/read')).status, 200)
}

/** Once more, to write and sign what a start does. */
async function runOnce(yard: Yard): Promise<void> {
  await (await yard.serve()).stop()
}

const database = (yard: Yard) => join(yard.home, 'sallyport.db')

/** Homes of a gateway that ran once, and twice: made once. */
const homes = mkdtempSync(join(tmpdir(), 'sallyport-recover-'))
const cleanUps: (() => unknown)[] = []
before(async () => {
  const yard = await openYard({ after: (cleanUp) => void cleanUps.push(cleanUp) })
  yard.upstream.script = answer({ body: '{"ok":true}' })
  for (const name of ['once', 'twice']) {
    const gateway = await yard.serve()
    await call(gateway, 3)
    await gateway.stop()
    cpSync(yard.home, join(homes, name), { recursive: true })
  }
})
after(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  rmSync(homes, { recursive: true, force: true })
})

/** A yard whose gateway ran so often, and is stopped. */
async function yardAfter(t: TestContext, runs: 'once' | 'twice'): Promise<Yard> {
  const yard = await openYard(t)
  cpSync(join(homes, runs), yard.home, { recursive: true })
  return yard
}

/** Puts the database back as it was after the first run. Returns what the second one had published. */
function restoreFirst(yard: Yard): { readonly before: number; readonly published: Leaves } {
  const published = yard.records()
  copyFileSync(join(homes, 'once/sallyport.db'), database(yard))
  return { before: yard.records().length, published }
}

type Leaves = ReturnType<Yard['records']>

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
    const first = await yard.serve()
    await call(first, 5)
    await first.stop()
    const before = yard.records()
    const backup = join(yard.home, 'backup.db')
    copyFileSync(database(yard), backup)
    const second = await yard.serve()
    await call(second, 5)
    await assert.rejects(recover(yard), /in use by another process/)
    await second.stop()
    const published = yard.records()
    await assert.rejects(recover(yard), /nothing to recover/)
    harm(yard, backup)

    // As whoever runs it reads it.
    await assert.rejects(yard.start(), /recover --from-tiles/)
    // Where there was no database, that start made one; it is not the log's.
    const told = await recover(yard)
    assert.deepEqual([told.kept, told.size], [kept(before.length), published.length])
    assert.deepEqual(yard.records(), published)
    assert.equal(statSync(database(yard)).mode & 0o777, 0o600)

    const again = await yard.serve()
    await call(again, 3)
    await again.stop()
    const after = yard.records()
    assert.deepEqual(after.slice(0, published.length), published)
    const start = after[published.length]
    assert.equal(start?.type, 'emitter.start')
    const recovered = after[published.length + 1]
    assert.deepEqual(
      [recovered?.type, recovered?.kept, recovered?.size],
      ['log.recovered', kept(before.length), published.length],
    )
    const last = published.at(-1)
    assert.deepEqual([start?.after.boot, start?.after.seq], [last?.emitter.boot, last?.emitter.seq])
    assert.equal(await assertPublishedLog(yard.home), after.length)
    assert.deepEqual(await assertVerifies(yard.home), [])
    await runOnce(yard)
    const once = yard.records().filter(({ type }) => type === 'log.recovered')
    assert.equal(once.length, 1, 'said more than once')
    await until(() => !existsSync(`${database(yard)}.recovering`), 'no draft is left')
    assert.ok(
      readdirSync(yard.home).some((file) => file.includes('.before-recovery-')) ===
        (kept(1) > 0 || told.movedTo !== undefined),
    )
  })
}

/** What a crash left while the new database was put in place: the old one is moved away already. */
const cutOff: readonly (readonly [string, (yard: Yard, moved: string) => unknown])[] = [
  ['the new one is whole', (yard) => renameSync(database(yard), `${database(yard)}.recovering`)],
  [
    'the new one is whole, and a start was refused meanwhile',
    async (yard) => {
      renameSync(database(yard), `${database(yard)}.recovering`)
      await assert.rejects(yard.serve(), /recover --from-tiles/)
      assert.ok(existsSync(database(yard)))
    },
  ],
  ['the new one is gone', (yard) => rmSync(database(yard))],
  [
    'the new one is half',
    (yard, moved) => {
      rmSync(database(yard))
      copyFileSync(moved, `${database(yard)}.recovering`)
    },
  ],
  [
    'the new one is damaged',
    (yard) => {
      rmSync(database(yard))
      writeFileSync(`${database(yard)}.recovering`, Buffer.alloc(70_000, 'SQLite format 3\0'))
    },
  ],
]
for (const [at, [name, cut]] of cutOff.entries()) {
  const options = { skip: at % 2 === 1 || isLong ? false : onDemand }
  test(
    `a recovery that was cut off is finished, and forgets nothing: ${name}`,
    options,
    async (t) => {
      const yard = await yardAfter(t, 'twice')
      const { before, published } = restoreFirst(yard)
      const payloads = () => {
        const db = new DatabaseSync(database(yard), { readOnly: true })
        const { n } = db.prepare('SELECT count(*) AS n FROM payload').get() ?? {}
        db.close()
        return Number(n)
      }
      const kept = payloads()
      assert.ok(kept > 0)
      const { movedTo = '' } = await recover(yard)
      await cut(yard, movedTo)

      const told = await recover(yard)
      assert.deepEqual([told.kept, told.size], [before, published.length])
      assert.deepEqual(yard.records(), published)
      assert.equal(payloads(), kept)
      assert.equal(existsSync(`${database(yard)}.recovering`), false)
      await runOnce(yard)
      const said = yard.records().find(({ type }) => type === 'log.recovered')
      assert.deepEqual([said?.kept, said?.size], [before, published.length])
      assert.deepEqual(await assertVerifies(yard.home), [])
    },
  )
}

test('a recovery finds the largest checkpoint, also where the newest is gone', async (t) => {
  const yard = await yardAfter(t, 'twice')
  const { published } = restoreFirst(yard)
  rmSync(join(yard.home, 'log/checkpoint'))
  await assert.rejects(yard.serve(), /older than what was already published/)
  assert.equal((await recover(yard)).size, published.length)
  await runOnce(yard)
  assert.deepEqual(yard.records().slice(0, published.length), published)
  assert.deepEqual(await assertVerifies(yard.home), [])
})

type Gone = {
  readonly name: string
  readonly gone: readonly string[]
  /** What the refusal says; undefined: another log begins. */
  readonly says: RegExp | undefined
}
const gone: readonly Gone[] = [
  { name: 'the database', gone: ['sallyport.db'], says: /recover --from-tiles/ },
  {
    name: 'the database and what was published',
    gone: ['sallyport.db', 'log'],
    says: /log-key\.json has signed a log.*Restore the database/s,
  },
  {
    name: 'the database and the key',
    gone: ['sallyport.db', 'log-key.json'],
    says: /log-key\.json is missing, but .*checkpoint exists/,
  },
  { name: 'the key', gone: ['log-key.json'], says: /log-key\.json is missing, but .*db exists/ },
  { name: 'all of it', gone: ['sallyport.db', 'log', 'log-key.json'], says: undefined },
]
for (const { name, gone: files, says } of gone) {
  test(`a home without ${name} ${says ? 'begins no second history' : 'begins anew'}`, async (t) => {
    const yard = await yardAfter(t, 'once')
    for (const file of files) {
      for (const suffix of file.endsWith('.db') ? ['', '-wal', '-shm'] : ['']) {
        rmSync(join(yard.home, file + suffix), { recursive: true, force: true })
      }
    }
    if (!says) return runOnce(yard)
    // The refused start may have left an empty database: that is no log either.
    for (let tries = 0; tries < 2; tries++) await assert.rejects(yard.serve(), says)
    assert.equal(existsSync(join(yard.home, 'log-key.json')), !files.includes('log-key.json'))
  })
}

test('entries that were changed are not believed', async (t) => {
  const yard = await yardAfter(t, 'once')
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
