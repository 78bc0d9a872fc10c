import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { approval, entry, requested, time } from '../conformance-entries.ts'
import type { Entry } from '../store.ts'
import { openSqlite } from './open.ts'

const encoder = new TextEncoder()
const request = encoder.encode('canary-request '.repeat(50))
const result = encoder.encode('canary-result '.repeat(50))

test('what a deferred call asks and answers is nowhere in the files', async (t) => {
  const { store, files, sealedOf } = await house(t)
  await store.commit(deferring('c1'))
  await store.commit(done('c1', 2, { result }))
  assert.deepEqual(Buffer.from((await store.deferredResult('c1')) ?? ''), Buffer.from(result))
  assert.equal((await files()).indexOf('canary'), -1)
  const sealed = sealedOf('c1')
  assert.notEqual((await files()).indexOf(sealed), -1, 'it can be found')
  await store.commit(done('c1', 3, { forget: true }))
  assert.equal((await files()).indexOf(sealed.subarray(16, 48)), -1, 'nor its key, once forgotten')
})

test('what was changed or moved to another row or column is not given out', async (t) => {
  const { store, sql } = await house(t)
  for (const id of ['c1', 'c2', 'c3']) {
    await store.commit(deferring(id))
    await store.commit(done(id, 2, { result }))
  }
  sql(
    "UPDATE deferral SET request = (SELECT request FROM deferral WHERE id = 'c2') WHERE id = 'c1'",
  )
  sql("UPDATE deferral SET result = request WHERE id = 'c2'")
  sql("UPDATE deferral SET result = CAST(substr(result, 2) || x'00' AS BLOB) WHERE id = 'c3'")
  await assert.rejects(store.deferredRequest('c1'), /cannot be read/)
  await assert.rejects(store.deferredResult('c2'), /cannot be read/)
  await assert.rejects(store.deferredResult('c3'), /cannot be read/)
  assert.equal((await store.deferredRequest('c3'))?.length, request.length)
})

function deferring(id: string): Entry {
  const asked = approval(`apr_of_${id}`, { callId: id, delivery: 'deferred' })
  const deferral = deferralOf(id, 1)
  return entry(requested(asked), { kind: 'deferral.open', deferral, approval: asked, request })
}

function done(
  id: string,
  revision: number,
  also: { readonly result?: Uint8Array; readonly forget?: true },
): Entry {
  const deferral = { ...deferralOf(id, revision), state: 'DONE' as const }
  return entry(
    { type: 'deferral.changed', time, call: id, approval: deferral.approval, state: 'DONE' },
    { kind: 'deferral.update', deferral, expectedRevision: revision - 1, ...also },
  )
}

function deferralOf(id: string, revision: number) {
  const subject = { kind: 'user', id: 'corp:sam', groups: [] } as const
  return {
    ...{ id, state: 'WAITING' as const, revision, approval: `apr_of_${id}`, functionId: 'crm.get' },
    protocol: 'http' as const,
    principal: {
      ...{ subject, actors: [], session: 'ses_1' },
      authentication: {
        ...{ method: 'oidc' as const, issuer: 'corp', credential: 'sha256:0', expiresAt: 9 },
      },
    },
    ...{ createdAt: 1, keptUntil: 9 },
  }
}

async function house(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const path = join(folder, 'log.db')
  const kek = new Uint8Array(32).fill(1)
  const store = await openSqlite({ path, instance: 'gw', boot: 'b1', kek })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const connected = <Result>(use: (db: DatabaseSync) => Result): Result => {
    const db = new DatabaseSync(path)
    try {
      return use(db)
    } finally {
      db.close()
    }
  }
  return {
    store,
    files: async () => Buffer.concat([await readFile(path), await readFile(`${path}-wal`)]),
    sql: (text: string) => connected((db) => db.exec(text)),
    sealedOf: (id: string): Buffer => {
      const row = connected((db) => db.prepare('SELECT request FROM deferral WHERE id = ?').get(id))
      assert.ok(row?.request instanceof Uint8Array)
      return Buffer.from(row.request)
    },
  }
}
