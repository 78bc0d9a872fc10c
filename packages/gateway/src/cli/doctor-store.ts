import type { Config } from '../config/config.ts'
import type { Finding } from './doctor-network.ts'

/** Whether the database of a store that is shared answers, and is of this version. */
export async function storeFindings({ store }: Config): Promise<readonly Finding[]> {
  if (!store) return []
  const what = 'store'
  const { storeMigrations } = await import('../serve-store.ts')
  try {
    const { applied, pending } = await storeMigrations(store, process.env)
    const told = `PostgreSQL answers; ${applied.length} migrations applied, ${pending.length} pending`
    if (pending.length === 0 || store.migrate) return [{ what, state: 'ok', told }]
    return [{ what, state: 'wrong', told, cure: 'sallyport migrate up' }]
  } catch (thrown) {
    const told = thrown instanceof Error ? thrown.message : 'the database cannot be asked'
    const cure = 'Check store.postgres in gateway.yaml; docs/guides/postgresql.md tells how.'
    return [{ what, state: 'wrong', told, cure }]
  }
}
