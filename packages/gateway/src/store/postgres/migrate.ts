import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { limits } from '../../config/limits.ts'
import { connect, type Run, type Session, type Target } from './connection.ts'
import { lockKey, takeLock } from './instance-lock.ts'

export type Migration = {
  /** Ascending from 1, without a gap. */
  readonly number: number
  readonly name: string
  readonly sha256: string
  readonly sql: string
}

export type MigrationState = {
  readonly applied: readonly { readonly number: number; readonly name: string; readonly at: Date }[]
  readonly pending: readonly Migration[]
}

/**
 * What was applied to the database, and what this version would apply. Rejects when the database is newer than
 * this version, and when a migration was changed after it was applied.
 */
export async function migrationState(target: Target): Promise<MigrationState> {
  const session = await connect(target, { name: 'migrate' })
  try {
    return await readState(session.run, target)
  } finally {
    await session.close()
  }
}

/** Applies what is pending, each in a transaction of its own; a crash leaves the rest to the next start. */
export async function migrate(target: Target): Promise<readonly Migration[]> {
  const session = await connect(target, { name: 'migrate', patient: true })
  try {
    // Let go of with the connection. Whoever comes second finds nothing pending.
    const key = lockKey(target.schema, 'migrate')
    if (!(await takeLock(session.run, { key, waitMs: limits.postgresStartMs }))) {
      throw new Error('Another process is migrating the database. Wait for it.')
    }
    const { pending } = await readState(session.run, target)
    for (const migration of pending) await apply(session, target, migration)
    return pending
  } finally {
    await session.close()
  }
}

async function apply({ run }: Session, { schema }: Target, migration: Migration): Promise<void> {
  const { number, name, sha256, sql } = migration
  await run('BEGIN')
  await run(`CREATE SCHEMA IF NOT EXISTS "${schema}"`)
  await run(
    `CREATE TABLE IF NOT EXISTS "${schema}".migration (
      number integer PRIMARY KEY,
      name text NOT NULL,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`,
  )
  await run(sql)
  await run(`INSERT INTO "${schema}".migration (number, name, sha256) VALUES ($1, $2, $3)`, [
    ...[number, name, sha256],
  ])
  await run('COMMIT')
}

async function readState(run: Run, { schema }: Target): Promise<MigrationState> {
  const known = readMigrations()
  const there = await run('SELECT to_regclass($1) AS found', [`"${schema}".migration`])
  if (there.rows[0]?.found === null) return { applied: [], pending: known }
  const { rows } = await run(
    `SELECT number, name, sha256, applied_at FROM "${schema}".migration ORDER BY number`,
  )
  for (const { number, name, sha256 } of rows) {
    const own = known[number - 1]
    if (!own) {
      throw new Error(
        `The database has migration ${number} (${name}), which this version of the gateway does not know. Start the version that wrote it, or a newer one.`,
      )
    }
    if (own.sha256 !== sha256) {
      throw new Error(
        `Migration ${number} (${own.name}) was changed after it was applied to the database. Start an unchanged version of the gateway.`,
      )
    }
  }
  const applied = rows.map(({ number, name, applied_at: at }) => ({ number, name, at }))
  return { applied, pending: known.slice(rows.length) }
}

function readMigrations(): readonly Migration[] {
  const folder = new URL('migrations/', import.meta.url)
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  return files.toSorted().map((file, position) => {
    const number = Number(file.slice(0, 4))
    if (number !== position + 1) throw new Error(`the migration ${file} is out of order`)
    const sql = readFileSync(new URL(file, folder), 'utf8')
    return { number, name: file.slice(5, -4), sha256: hash('sha256', sql, 'hex'), sql }
  })
}
