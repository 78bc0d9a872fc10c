import assert from 'node:assert/strict'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { openPostgres } from './open.ts'

postgresTests(
  {
    'a server that could lose what it acknowledged is refused': async ({ url, server }) => {
      const kek = new Uint8Array(32)
      const opening = openPostgres({ url, instance: 'gw', boot: 'b', kek, poolSize: 1 })
      await assert.rejects(opening, /has fsync or full_page_writes switched off/)
      const rows = await server.run(url, `SELECT to_regclass('sallyport.leaf') AS found`)
      assert.deepEqual(rows, [{ found: null }], 'nothing was written')
    },
  },
  { settings: { full_page_writes: 'off' } },
)
