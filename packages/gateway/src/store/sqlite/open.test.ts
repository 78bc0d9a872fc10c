import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { isLong, onDemand } from '../../../test/long-form.ts'
import { storeSuite } from '../conformance.ts'
import { assertChain, everyLeaf } from '../conformance-entries.ts'
import type { Store } from '../store.ts'
import { openSqlite, type SqliteOptions } from './open.ts'

const kek = new Uint8Array(32).fill(1)
const time = '2026-01-02T03:04:05.678Z'
const record = {
  type: 'call.denied',
  time,
  call: 'c',
  code: 'policy-denied',
  stage: 'resolved',
} as const

if (isLong) {
  storeSuite('memory', async () => {
    const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b1', kek })
    return { store, dispose: () => store.close() }
  })
} else test('the same in memory', { skip: onDemand })

storeSuite('file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const path = join(folder, 'log.db')
  let store = await openSqlite({ path, instance: 'gw', boot: 'b1', kek })
  return {
    store,
    reopen: async () => {
      await store.close()
      store = await openSqlite({ path, instance: 'gw', boot: 'b2', kek })
      return store
    },
    dispose: async () => {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})

const refusals: readonly (readonly [string, RegExp, Partial<SqliteOptions>, string?])[] = [
  ['another writer', /in use by another process/, {}],
  ['another log', /belongs to the log "sallyport"/, { origin: 'other' }, ''],
  ['a newer schema', /schema version 6/, {}, "UPDATE meta SET value = '6' WHERE name = 'schema'"],
  ['another key file', /another key file/, { kek: new Uint8Array(32) }, ''],
  ['a key of the wrong size', /key/i, { kek: new Uint8Array(5) }, ''],
]
for (const [name, message, changes, sql] of refusals) {
  test(`refuses to open: ${name}`, async (t) => {
    const { path, open } = await folder(t)
    const options = { path, instance: 'gw', boot: 'b1', kek }
    const first = await open(options)
    if (sql !== undefined) {
      await first.close()
      const db = new DatabaseSync(path)
      db.exec(sql)
      db.close()
    }
    await assert.rejects(open({ ...options, ...changes }), message)
  })
}

test('the database file is for its owner only', async (t) => {
  const { path, open } = await folder(t)
  await open({ path, instance: 'gw', boot: 'b1', kek })
  for (const suffix of ['', '-wal', '.lock']) {
    assert.equal((await stat(path + suffix)).mode & 0o077, 0, suffix)
  }
})

test('payload bytes, keys and values are nowhere in the files', async (t) => {
  const { path, open } = await folder(t)
  const store = await open({ path, instance: 'gw', boot: 'b1', kek })
  const bytes = new TextEncoder().encode('canary-value '.repeat(50))
  const args = { role: 'args', mediaType: 'text/plain', bytes } as const
  const payloads = [{ ...args, keep: true }]
  const { index } = await store.commit({ record, payloads })
  await store.commit({ record, payloads: [{ ...args, keep: false }] })
  assert.deepEqual(Buffer.from((await store.payload(index, 'args')) ?? ''), Buffer.from(bytes))
  const files = Buffer.concat([await readFile(path), await readFile(`${path}-wal`)])
  assert.equal(files.indexOf('canary'), -1)
  assert.equal(files.indexOf(kek), -1)
})

test('a payload that was changed or moved is not given out', async (t) => {
  const { path, open } = await folder(t)
  const store = await open({ path, instance: 'gw', boot: 'b1', kek })
  const bytes = new TextEncoder().encode('value')
  const args = { role: 'args', mediaType: 'text/plain', bytes, keep: true } as const
  const first = await store.commit({ record, payloads: [args] })
  const second = await store.commit({ record, payloads: [args] })
  const db = new DatabaseSync(path)
  db.exec(
    `UPDATE payload SET (nonce, position, secret, box) =
      (SELECT nonce, position, secret, box FROM payload WHERE id = ${first.index * 4})
      WHERE id = ${second.index * 4}`,
  )
  db.close()
  await assert.rejects(store.payload(second.index, 'args'), /cannot be opened/)
  assert.equal((await store.payload(first.index, 'args'))?.length, 5)
})

test('a full disk: nothing half-written, and no further commit while it is full', async (t) => {
  const { path, open } = await folder(t)
  const options = { path, instance: 'gw', boot: 'b1', kek }
  const store = await open({ ...options, pagesMax: 200 })
  const bytes = new Uint8Array(20_000)
  const payloads = [{ role: 'args', mediaType: 'text/plain', bytes, keep: true } as const]
  const acknowledged: number[] = []
  const fill = async () => {
    for (;;) {
      const { index } = await store.commit({ record, payloads })
      acknowledged.push(index)
    }
  }
  await assert.rejects(fill(), { name: 'Unavailable', message: /full/ })
  assert.ok(acknowledged.length > 3, 'it worked until then')
  await assert.rejects(store.commit({ record, payloads: [] }), { name: 'Unavailable' })
  assert.match(store.refusing() ?? '', /full/)
  assert.equal(await store.size(), acknowledged.length + 1, 'reads still work')
  assert.equal((await store.payload(1, 'args'))?.length, bytes.length)
  await store.close()
  const again = await open({ ...options, boot: 'b2' })
  const records = assertChain(await everyLeaf(again))
  assert.equal(records.length, acknowledged.length + 2)
  assert.equal(records.at(-1)?.type, 'emitter.start')
})

test('with room again, the first leaf says how long nothing could be written', async (t) => {
  const { path, open } = await folder(t)
  const at = Date.parse(time) + 60_000
  const options = { path, instance: 'gw', boot: 'b1', kek, now: () => at }
  const store = await open({ ...options, pagesMax: 200 })
  const payloads = [
    { role: 'args', mediaType: 'text/plain', bytes: new Uint8Array(20_000), keep: true } as const,
  ]
  const fill = async () => {
    for (;;) await store.commit({ record, payloads })
  }
  await assert.rejects(fill(), { name: 'Unavailable', message: /full/ })
  const written = await store.size()
  const db = new DatabaseSync(path)
  db.exec('DELETE FROM payload')
  db.close()
  // Nothing but the store itself writes here.
  for (let tries = 0; tries < 500 && (await store.size()) === written; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await store.commit({ record, payloads: [] })
  await store.close()
  const again = await open({ ...options, boot: 'b2' })
  const [outage, next] = assertChain(await everyLeaf(again)).slice(written)
  assert.ok(outage?.type === 'outage.ended')
  assert.deepEqual([outage.from, outage.reason], [time, 'disk-full'])
  assert.deepEqual([outage.time, next?.type], [new Date(at).toISOString(), 'call.denied'])
})

test('a failure that leaves the disk unknown lasts until a restart, and says so', async (t) => {
  const { path, open } = await folder(t)
  const options = { path, instance: 'gw', boot: 'b1', kek }
  const store = await open(options)
  await store.commit({ record, payloads: [] })
  assert.equal(store.refusing(), undefined)
  const db = new DatabaseSync(path)
  db.exec('ALTER TABLE open_call RENAME TO elsewhere')
  db.exec('ALTER TABLE leaf RENAME TO gone')
  await assert.rejects(store.commit({ record, payloads: [] }), { name: 'Unavailable' })
  assert.match(store.refusing() ?? '', /until a restart/)
  db.exec('ALTER TABLE gone RENAME TO leaf')
  db.exec('ALTER TABLE elsewhere RENAME TO open_call')
  db.close()
  await assert.rejects(store.commit({ record, payloads: [] }), /until a restart/)
  await store.close()
  const again = await open({ ...options, boot: 'b2' })
  assertChain(await everyLeaf(again))
})

test('a database whose records are not accepted is left as it was', async (t) => {
  const { path, open } = await folder(t)
  const options = { path, instance: 'gw', kek }
  await (await open({ ...options, boot: 'b1' })).close()
  const accept = async ({ size }: { readonly size: () => Promise<number> }) => {
    throw new Error(`not these ${await size()}`)
  }
  await assert.rejects(open({ ...options, boot: 'b2', accept }), /not these 2/)
  const again = await open({ ...options, boot: 'b3' })
  const boots = assertChain(await everyLeaf(again)).map(({ emitter }) => emitter.boot)
  assert.deepEqual(boots, ['b1', 'b1', 'b3'])
})

test('a genesis is the first leaf of a new database only', async (t) => {
  const { path, open } = await folder(t)
  const options = { path, instance: 'gw', kek, origin: 'example.com/log', logKey: 'the key' }
  const store = await open({ ...options, boot: 'b1' })
  await store.close()
  const again = await open({ ...options, boot: 'b2' })
  const records = assertChain(await everyLeaf(again))
  assert.deepEqual(
    records.map(({ type }) => type),
    ['log.genesis', 'emitter.start', 'emitter.stop', 'emitter.start'],
  )
  const [genesis] = records
  assert.ok(genesis?.type === 'log.genesis')
  assert.deepEqual([genesis.origin, genesis.key], ['example.com/log', 'the key'])
})

test('killed while committing: every acknowledged leaf is there, in an unbroken chain', async (t) => {
  const { path, open } = await folder(t)
  const acknowledged: number[] = []
  for (const boot of ['k1', 'k2', 'k3', 'k4', 'k5']) {
    const child = fork(join(import.meta.dirname, 'kill-target.ts'), [path, boot])
    let seen = 0
    const killed = once(child, 'exit')
    child.on('message', (index: number) => {
      acknowledged.push(index)
      seen += 1
      if (seen === 200) child.kill('SIGKILL')
    })
    const [, signal] = await killed
    assert.equal(signal, 'SIGKILL')
  }
  const store = await open({ path, instance: 'gw', boot: 'last', kek })
  const leaves = await everyLeaf(store)
  const records = assertChain(leaves)
  assert.ok(acknowledged.length >= 1000)
  for (const index of acknowledged) assert.equal(records[index]?.type, 'call.denied')
  const newest = acknowledged.at(-1) ?? 0
  assert.equal((await store.payload(newest, 'args'))?.length, 2048)
})

/** A folder for one test; what is opened in it is closed with the test. */
async function folder(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'store-'))
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close()
    await rm(path, { recursive: true })
  })
  const open = async (options: SqliteOptions) => {
    const store = await openSqlite(options)
    stores.push(store)
    return store
  }
  return { path: join(path, 'log.db'), open }
}
