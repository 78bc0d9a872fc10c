import assert from 'node:assert/strict'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { migrate, migrationState } from './migrate.ts'
import { openPostgres } from './open.ts'

const kek = new Uint8Array(32)

postgresTests({
  'every migration is applied once, whoever comes': async ({ url }) => {
    const target = { url, schema: 'sallyport' }
    const before = await migrationState(target)
    assert.deepEqual(before.applied, [])
    assert.ok(before.pending.length > 0)
    const applied = await Promise.all([migrate(target), migrate(target), migrate(target)])
    assert.equal(applied.flat().length, before.pending.length)
    const { applied: found, pending } = await migrationState(target)
    assert.deepEqual(pending, [])
    assert.deepEqual(
      found.map(({ number, name }) => [number, name]),
      before.pending.map(({ number, name }) => [number, name]),
    )
    assert.ok(found.every(({ at }) => at instanceof Date))
  },
  'a migration that was changed is refused': async ({ url, server }) => {
    const target = { url, schema: 'sallyport' }
    await migrate(target)
    await server.run(url, `UPDATE sallyport.migration SET sha256 = '0' WHERE number = 1`)
    await assert.rejects(migrationState(target), /was changed after it was applied/)
    await assert.rejects(migrate(target), /was changed after it was applied/)
  },
  'a database that is newer is refused': async ({ url, server }) => {
    const target = { url, schema: 'sallyport' }
    await migrate(target)
    await server.run(
      url,
      `INSERT INTO sallyport.migration (number, name, sha256) VALUES (99, 'later', '0')`,
    )
    await assert.rejects(migrate(target), /migration 99 \(later\), which this version .* not know/)
  },
  'a start that may not migrate says what is pending': async ({ url }) => {
    const options = { url, instance: 'gw', boot: 'b', kek, poolSize: 1, migrate: false }
    await assert.rejects(openPostgres(options), /pending. Run `sallyport migrate up`/)
    await migrate({ url, schema: 'sallyport' })
    await (await openPostgres(options)).close()
  },
})
