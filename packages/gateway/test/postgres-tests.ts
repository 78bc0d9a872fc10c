import { after, type TestContext, test } from 'node:test'
import { type PostgresServer, type ServerSettings, startPostgres } from './postgres-server.ts'

/** Tests that share one server, each with a database of its own; skipped, saying why, where there can be none. */
export function postgresTests(
  cases: Readonly<
    Record<
      string,
      (given: { t: TestContext; server: PostgresServer; url: string }) => Promise<void>
    >
  >,
  settings: ServerSettings = {},
): void {
  const starting = startPostgres(settings)
  after(async () => {
    const server = await starting
    if (!('missing' in server)) await server.close()
  })
  for (const [name, prove] of Object.entries(cases)) {
    test(name, async (t) => {
      const server = await starting
      if ('missing' in server) return t.skip(server.missing)
      await prove({ t, server, url: await server.database() })
    })
  }
}
