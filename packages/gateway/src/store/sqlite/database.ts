import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { keyCheckOf } from '../home/key-check.ts'

const schemaVersion = 5

export type WritableDatabase = {
  readonly db: () => DatabaseSync
  /** Lets go of the connection and makes a new one; the lock stays. Throws when that cannot be done now. */
  readonly reopen: () => DatabaseSync
  /** Closes the database and lets go of the lock. */
  readonly close: () => void
}

/**
 * Opens the database for its one writer, creating it (mode 0600) and its schema when it is new.
 * Throws with the fix in its message when another process writes to it, when it was written by a
 * newer version, or when it belongs to another log than `origin` or was written with another `kek`.
 */
export function openForWriting(options: {
  readonly path: string
  readonly origin: string
  readonly kek: Uint8Array
  readonly pagesMax: number | undefined
}): WritableDatabase {
  const inMemory = options.path === ':memory:'
  if (!inMemory) closeSync(openSync(options.path, 'a', 0o600))
  const path = inMemory ? options.path : realpathSync(options.path)
  const lock = inMemory ? undefined : takeLock(path)
  const origin = options.origin
  const connect = () => openConnection(path, { origin, pagesMax: options.pagesMax })
  let db: DatabaseSync
  try {
    db = connect()
  } catch (cause) {
    lock?.close()
    throw cause
  }
  try {
    checkKey(db, options.kek)
  } catch (cause) {
    db.close()
    lock?.close()
    throw cause
  }
  const disconnect = () => {
    if (db.isOpen) db.close()
  }
  return {
    db: () => db,
    reopen: () => {
      disconnect()
      db = connect()
      return db
    },
    close: () => {
      disconnect()
      lock?.close()
    },
  }
}

/** A connection that writes. Its caller holds the lock. */
export function openConnection(
  path: string,
  options: { readonly origin: string; readonly pagesMax: number | undefined },
): DatabaseSync {
  // SQLite makes a file that others may read, and gives what it makes beside it the same mode.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    // FULL: a commit has reached the disk when COMMIT returns, also across a power cut.
    // A payload of 2 KB fills half a page of 4 KiB; three of them share one of this size.
    db.exec('PRAGMA page_size = 8192')
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    // What is deleted is overwritten: the keys of payloads that were erased must not linger in free pages.
    db.exec('PRAGMA secure_delete = ON')
    db.exec('PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000')
    if (options.pagesMax) db.exec(`PRAGMA max_page_count = ${Math.trunc(options.pagesMax)}`)
    prepareSchema(db, options.origin)
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/** A second connection that sees every finished commit and can write nothing. */
export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192')
  return db
}

/**
 * One writer at a time: an exclusive transaction on a small database beside ours, held for as long as
 * we live. The operating system lets go of it when we die, so a crash leaves nothing to clean up, and
 * readers of the real database are not kept out.
 */
export function takeLock(path: string): DatabaseSync {
  closeSync(openSync(`${path}.lock`, 'a', 0o600))
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new Error(
      `${path} is in use by another process. Stop that one first, or give this one its own path.`,
      { cause },
    )
  }
}

/** A database belongs to one key file for ever: under another, what is kept could not be opened any more. */
function checkKey(db: DatabaseSync, kek: Uint8Array): void {
  const check = keyCheckOf(kek)
  db.prepare("INSERT OR IGNORE INTO meta (name, value) VALUES ('keyCheck', ?)").run(check)
  const stored = db.prepare("SELECT value FROM meta WHERE name = 'keyCheck'").get()
  if (stored?.value === check) return
  throw new Error(
    'The database was written with another key file. Restore the keys.json that belongs to it from its backup; nothing was written.',
  )
}

function prepareSchema(db: DatabaseSync, origin: string): void {
  const found = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get()
  if (!found) {
    const schema = readFileSync(new URL('schema.sql', import.meta.url), 'utf8')
    // One transaction: a crash here leaves an empty database, which is set up again.
    db.exec(`BEGIN IMMEDIATE; ${schema}`)
    const set = db.prepare('INSERT INTO meta (name, value) VALUES (?, ?)')
    set.run('schema', String(schemaVersion))
    set.run('origin', origin)
    db.exec('COMMIT')
    return
  }
  const get = db.prepare('SELECT value FROM meta WHERE name = ?')
  const version = Number(get.get('schema')?.value)
  if (version !== schemaVersion) {
    throw new Error(
      `The database has schema version ${version}; this version of the gateway reads ${schemaVersion}. Start the gateway version that wrote it, or a newer one.`,
    )
  }
  const stored = get.get('origin')?.value
  if (stored !== origin) {
    throw new Error(
      `The database belongs to the log "${stored}", not to "${origin}". Set the origin it was created with, or give this log its own path.`,
    )
  }
  // A database of this version may have been made before the table was; who reads neither misses it.
  db.exec(
    'CREATE TABLE IF NOT EXISTS session_label (session TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (session, label)) STRICT, WITHOUT ROWID',
  )
}
