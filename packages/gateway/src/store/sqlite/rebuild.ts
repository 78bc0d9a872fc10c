import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import { linkOf } from '../home/leaf-draft.ts'
import type { StoredCheckpoint } from '../publication.ts'
import type { GrantSeen } from '../reviews.ts'
import type { Change, Leaf } from '../store.ts'
import { applyChange, prepareChanges } from './change.ts'
import { openConnection, takeLock } from './database.ts'
import { prepareRows } from './flush.ts'
import { prepareUses } from './intent-rows.ts'
import { prepareRecovered } from './reads.ts'
import { closeWhatWasOpen, prepareEffects } from './rebuild-effects.ts'
import { prepareReviewEffects } from './rebuild-reviews.ts'
import { prepareSessions } from './session-summary.ts'

export type RebuildOptions = {
  readonly path: string
  readonly origin: string
  /** The published leaves from 0 on, in order. Throws at its end when they are not those of the checkpoint. */
  readonly leaves: AsyncIterable<Leaf>
  readonly checkpoint: StoredCheckpoint
  /** The content of a rulebook by digest, where it is published. */
  readonly rulebook: (digest: string) => Promise<string | undefined>
  /** The grants of a rulebook, from its content. */
  readonly grants: (content: string) => readonly GrantSeen[]
}

export type Rebuilt = {
  /** Leaves of the database that was there, with their payloads; the others came from what was published. */
  readonly kept: number
  readonly size: number
  /** Where the database that was there is now. */
  readonly movedTo: string | undefined
  /** Ids of keys that were issued in the part that was lost: nobody can use them. */
  readonly keysLost: readonly string[]
  /** Questions that were open and now are not: what became of them is not known. */
  readonly approvalsClosed: number
}

/**
 * Writes the database anew from what was published. What is there is kept as far as it agrees: its payloads,
 * keys and approvals, brought up to date by the records that follow. The new one is put in place only when it is
 * whole; a crash before leaves the old one, and a second run does it again; a crash while it is put in place is
 * finished by a second run. Throws when a gateway runs in this home, and when the database is not older than
 * what was published.
 */
export async function rebuildDatabase(options: RebuildOptions): Promise<Rebuilt> {
  const { path } = options
  const lock = takeLock(path)
  const draft = `${path}.recovering`
  try {
    removeIfEmpty(options)
    return (await finishSwap(options, draft)) ?? (await rebuild(options, draft))
  } finally {
    lock.close()
    removeDatabase(draft)
  }
}

async function rebuild(options: RebuildOptions, draft: string): Promise<Rebuilt> {
  const { path, origin, checkpoint } = options
  const kept = await copyBase(options, draft)
  const db = openConnection(draft, { origin, pagesMax: undefined })
  let told: Pick<Rebuilt, 'approvalsClosed' | 'keysLost'>
  try {
    told = await extend(db, { ...options, kept })
  } finally {
    db.close()
  }
  const movedTo = swapIn(path, draft)
  return { kept, size: checkpoint.size, movedTo, ...told }
}

/** A start that was refused for want of a database left an empty one; then what was moved away is still the last. */
function removeIfEmpty({ path, origin }: RebuildOptions): void {
  if (existsSync(path) && sizeOf(path, origin) === 0) removeDatabase(path)
}

/** Undefined for what cannot be read. */
function sizeOf(path: string, origin: string): number | undefined {
  try {
    const db = openConnection(path, { origin, pagesMax: undefined })
    try {
      return Number(db.prepare('SELECT count(*) AS n FROM leaf').get()?.n)
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}

/**
 * A crash between the two renames of `swapIn` leaves no database and a whole draft. It is looked at again: one
 * that was cut off while it was written has another size, and the leaves are compared with the published ones.
 */
async function finishSwap(options: RebuildOptions, draft: string): Promise<Rebuilt | undefined> {
  const { path, origin, checkpoint } = options
  if (existsSync(path) || !existsSync(draft)) return undefined
  const size = await baseOf(options, { from: draft, to: undefined })
  if (size !== checkpoint.size) return undefined
  const db = openConnection(draft, { origin, pagesMax: undefined })
  const told = db.prepare("SELECT value FROM meta WHERE name = 'rebuilt'").get()?.value
  db.close()
  if (told === undefined) return undefined
  swapIn(path, draft)
  return { size, movedTo: movedAway(path)[0], ...JSON.parse(String(told)) }
}

/** Databases that earlier runs moved away, the newest first. */
function movedAway(path: string): readonly string[] {
  const prefix = `${basename(path)}${movedSuffix}`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .toSorted((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
    .map((name) => join(dirname(path), name))
}

/**
 * Makes the draft a copy of the database that is there, or of the newest of those that were moved away, and returns
 * how many leaves it holds; 0, and no draft, when none holds the published ones.
 */
async function copyBase(options: RebuildOptions, draft: string): Promise<number> {
  const { path, checkpoint } = options
  for (const from of [path, ...movedAway(path)]) {
    removeDatabase(draft)
    const size = await baseOf(options, { from, to: draft })
    if (size === undefined || size === 0) continue
    if (size < checkpoint.size) return size
    const where = from === path ? '' : ` in ${from}`
    throw new Error(
      `The database${where} holds ${size} records, and ${checkpoint.size} are published: there is nothing to recover.`,
    )
  }
  removeDatabase(draft)
  return 0
}

/** Copies a database. Its number of leaves if they are the published ones; else undefined. */
async function baseOf(
  { origin, leaves }: RebuildOptions,
  { from, to }: { readonly from: string; readonly to: string | undefined },
): Promise<number | undefined> {
  if (!existsSync(from)) return undefined
  try {
    const old = openConnection(from, { origin, pagesMax: undefined })
    try {
      if (old.prepare('PRAGMA integrity_check').get()?.integrity_check !== 'ok') return undefined
      if (to !== undefined) {
        // SQLite writes into an empty file that is there, and leaves it to its owner alone.
        closeSync(openSync(to, 'a', 0o600))
        old.prepare('VACUUM INTO ?').run(to)
      }
      const leaf = old.prepare('SELECT bytes FROM leaf WHERE "index" = ?')
      const size = Number(old.prepare('SELECT count(*) AS n FROM leaf').get()?.n)
      for await (const { index, bytes } of leaves) {
        if (index >= size) break
        const stored = leaf.get(index)?.bytes
        if (!(stored instanceof Uint8Array) || !Buffer.from(stored).equals(bytes)) return undefined
      }
      return size
    } finally {
      old.close()
    }
  } catch (thrown) {
    if (isDatabaseError(thrown)) return undefined
    throw thrown
  }
}

async function extend(
  db: DatabaseSync,
  given: RebuildOptions & { readonly kept: number },
): Promise<Pick<Rebuilt, 'approvalsClosed' | 'keysLost'>> {
  const { kept, checkpoint } = given
  const rows = prepareRows(db)
  const sessions = prepareSessions(db)
  const effects = prepareEffects(db)
  const changes = prepareChanges(db, undefined)
  const reviews = prepareReviewEffects(db)
  const uses = prepareUses(db)
  const activation = prepareActivation(given)
  db.exec('BEGIN IMMEDIATE')
  for await (const { index, bytes } of given.leaves) {
    if (index < kept) continue
    const record = parseLeaf(bytes)
    const text = Buffer.from(bytes).toString()
    const timeMs = Date.parse(record.time)
    const change =
      (await activation(record, timeMs)) ??
      reviews.changeOf(record, timeMs) ??
      effects.changeOf(record, timeMs)
    rows.leaf(index, { ...(change && { change }) }, { record, text, timeMs, salts: null })
    sessions.add(index, record, timeMs)
    const prev = linkOf(bytes)
    rows.chain({ ...record.emitter, seq: record.emitter.seq + 1, prev })
    if (change) applyChange(changes, change, index)
    uses.add(record, timeMs)
    if (index % 10_000 === 9_999) {
      sessions.write()
      uses.write()
    }
  }
  sessions.write()
  uses.write()
  for (const { revision, ...campaign } of reviews.unfinished()) {
    const cancelled = { ...campaign, state: 'CANCELLED', revision: revision + 1 } as const
    const update = { campaign: cancelled, expectedRevision: revision }
    applyChange(changes, { kind: 'campaign.update', ...update }, checkpoint.size - 1)
  }
  const approvalsClosed = closeWhatWasOpen(db)
  const { size, note, at } = checkpoint
  db.prepare('UPDATE publication SET size = ?, note = ?, at_ms = ?').run(size, note, at)
  // The next start says so in the log; see open.ts. What an earlier recovery lost may not be recorded yet.
  const recovered = { kept: Math.min(kept, prepareRecovered(db)()?.kept ?? kept), size }
  db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('recovered', ?)").run(
    JSON.stringify(recovered),
  )
  // What this run says of itself, for the one that has to finish it.
  const told = { kept, approvalsClosed, keysLost: effects.keysLost }
  db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('rebuilt', ?)").run(
    JSON.stringify(told),
  )
  db.exec('COMMIT')
  return { approvalsClosed, keysLost: effects.keysLost }
}

/** What a record that puts a rulebook in force did. One that is not published any more is left out. */
function prepareActivation({
  rulebook,
  grants,
}: Pick<RebuildOptions, 'rulebook' | 'grants'>): (
  record: LeafRecord,
  at: number,
) => Promise<Change | undefined> {
  // Every start puts one in force, and it is mostly the same.
  let known: { readonly digest: string; readonly content: string; readonly seen: Seen } | undefined
  return async (record, at) => {
    if (record.type !== 'rulebook.activated') return undefined
    const { digest } = record
    if (known?.digest !== digest) {
      const content = await rulebook(digest)
      known = content === undefined ? undefined : { digest, content, seen: grants(content) }
    }
    if (!known) return undefined
    return {
      ...{ kind: 'rulebook.put', digest, content: known.content },
      seen: { grants: known.seen, at },
    }
  }
}

type Seen = readonly GrantSeen[]

const movedSuffix = '.before-recovery-'

/** Returns where the old one is now. A crash between the two renames leaves no database, and both files. */
function swapIn(path: string, draft: string): string | undefined {
  const movedTo = existsSync(path) ? `${path}${movedSuffix}${Date.now()}` : undefined
  if (movedTo !== undefined) {
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix)
    }
  }
  renameSync(draft, path)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return movedTo
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
}

function isDatabaseError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SQLITE_ERROR'
}
