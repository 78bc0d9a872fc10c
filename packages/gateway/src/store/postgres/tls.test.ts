import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificate } from '../../../test/certificate.ts'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { connect } from './connection.ts'
import { openPostgres } from './open.ts'

const kek = new Uint8Array(32)

postgresTests(
  {
    'the certificate of the server is verified': async ({ t, url }) => {
      const folder = mkdtempSync(join(tmpdir(), 'tls-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const root = join(folder, 'root.pem')
      writeFileSync(root, certificate.cert)
      const options = { instance: 'gw', boot: 'b', kek, poolSize: 1 }
      for (const mode of ['require', 'verify-full']) {
        const unknown = openPostgres({ ...options, url: `${url}?sslmode=${mode}` })
        await assert.rejects(unknown, /does not answer: .*certificate/)
      }
      const trusted = `${url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(root)}`
      const session = await connect({ url: trusted, schema: 'public' }, { name: 'test' })
      const { rows } = await session.run(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
        [],
      )
      assert.deepEqual(rows, [{ ssl: true }])
      await session.close()
      await (await openPostgres({ ...options, url: trusted })).close()
    },
  },
  {
    settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
    files: { 'server.crt': certificate.cert, 'server.key': certificate.key },
  },
)
