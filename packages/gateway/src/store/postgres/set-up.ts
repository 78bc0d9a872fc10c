import { timingSafeEqual } from 'node:crypto'
import { keyCheckOf, macOf } from '../home/key-check.ts'
import type { Run, Target } from './connection.ts'
import { lockKey } from './instance-lock.ts'
import { migrate, migrationState } from './migrate.ts'

/** Throws, saying what to do, where the server would not keep what it acknowledges or not compare byte by byte. */
export async function checkServer(run: Run): Promise<void> {
  const { rows } = await run(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS pages, current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS standby`,
    [],
  )
  const { version = 0, fsync, pages, encoding, standby } = rows[0] ?? {}
  if (version < oldest) {
    throw new Error(`The store needs PostgreSQL ${oldest / 10_000} or newer.`)
  }
  if (fsync !== 'on' || pages !== 'on') {
    throw new Error(
      'The database has fsync or full_page_writes switched off: a power cut would lose records that were acknowledged. Switch them on.',
    )
  }
  if (encoding !== 'UTF8') {
    throw new Error(
      `The database has the encoding ${encoding}. Create one with ENCODING 'UTF8' TEMPLATE template0.`,
    )
  }
  if (standby === true) {
    throw new Error('The database is a standby, which takes no writes. Name the primary.')
  }
}

/** The oldest that still gets fixes. */
const oldest = 140_000

/** Applies what is pending, or says that it is. */
export async function prepareSchema(target: Target, isAllowed: boolean): Promise<void> {
  if (isAllowed) {
    await migrate(target)
    return
  }
  const { pending } = await migrationState(target)
  if (pending.length === 0) return
  throw new Error(
    `${pending.length} migrations are pending. Run \`sallyport migrate up\`, or remove \`store.migrate: false\` from gateway.yaml.`,
  )
}

/**
 * A database belongs to one log and to one key file for ever. Every gateway that shares it has to have the same
 * one: with another, it could not read the payloads and approvals of the others.
 */
export async function checkMeta(
  run: Run,
  { origin, kek }: { readonly origin: string; readonly kek: Uint8Array },
): Promise<void> {
  const check = keyCheckOf(kek)
  for (const [name, value] of Object.entries({ origin, keyCheck: check })) {
    await run('INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      name,
      value,
    ])
  }
  const { rows } = await run('SELECT name, value FROM meta', [])
  const stored = new Map(rows.map(({ name, value }) => [name, value]))
  if (stored.get('origin') !== origin) {
    throw new Error(
      `The database belongs to the log "${stored.get('origin')}", not to "${origin}". Set the origin it was created with, or give this log its own database.`,
    )
  }
  if (stored.get('keyCheck') !== check) {
    throw new Error(
      'The database was written with another key file. Copy keys.json and log-key.json from the home of a gateway that shares it.',
    )
  }
}

/** Makes the instance known to the log. Only who has the key-encryption key can. */
export async function register(
  run: Run,
  given: { readonly instance: string; readonly schema: string; readonly kek: Uint8Array },
): Promise<void> {
  const { instance, schema, kek } = given
  await run(
    'INSERT INTO instance (name, lock_key, mac) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [instance, lockKey(schema, `instance ${instance}`), macOf(kek, `instance ${instance}`)],
  )
}

/** Where each instance's chain stands, of those that registered themselves. */
export async function readChains(
  run: Run,
  kek: Uint8Array,
): Promise<
  readonly {
    readonly instance: string
    readonly boot: string
    readonly seq: number
    readonly hash: string
  }[]
> {
  const { rows } = await run(
    'SELECT name, mac, boot, seq, hash FROM instance WHERE boot IS NOT NULL LIMIT 1000',
    [],
  )
  return rows.flatMap(({ name: instance, mac, boot, seq, hash }) => {
    const own = macOf(kek, `instance ${instance}`)
    const isOurs = mac.length === own.length && timingSafeEqual(mac, own)
    return isOurs ? [{ instance, boot, seq, hash }] : []
  })
}
