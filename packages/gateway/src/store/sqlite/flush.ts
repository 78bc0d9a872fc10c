import type { DatabaseSync } from 'node:sqlite'
import type { BootEnd, Emitter } from '@sallyport/evidence/record'
import { type Barred, openBarred } from '../home/barred.ts'
import {
  afterLeaf,
  type ChainTip,
  chainTip,
  completeLeaf,
  endedBy,
  leafColumns,
  type SealedPayload,
  sealAll,
  type WritableLeaf,
} from '../home/leaf-draft.ts'
import type { Failure } from '../home/message.ts'
import { payloadId, saltsOf } from '../home/payload-rows.ts'
import { boundsOf } from '../home/review-rows.ts'
import type { Change, Entry } from '../store.ts'
import { applyChange, prepareChanges } from './change.ts'
import { isDestruction } from './custody.ts'
import { prepareMarks, prepareUses } from './intent-rows.ts'
import { prepareNotices } from './outbox.ts'
import { prepareMarked } from './review-reads.ts'
import { prepareSessions } from './session-summary.ts'
import type { WriterOptions } from './writer-options.ts'

export type Flushed = { readonly first: number; readonly failures: readonly Failure[] }

export type Flush = {
  readonly flush: (entries: readonly Entry[]) => Flushed
  /** Where the log and this boot's chain stand: equal texts, equal places. */
  readonly place: () => string
}

/**
 * One transaction per flush. Each entry gets the next index and the next place in the emitter's
 * chain; one whose change conflicts, or whose record is no leaf, is left out without a trace, and the
 * numbers stay gapless. Throws when the database failed: then nothing of the flush was kept, and since
 * the chain in memory has run ahead of the disk, the caller must open another one, from what is there.
 */
export function openFlush(
  db: DatabaseSync,
  { instance, boot, kek }: Pick<WriterOptions, 'instance' | 'boot' | 'kek'>,
): Flush {
  const rows = prepareRows(db)
  const changes = prepareChanges(db, kek)
  const write = prepareNotices(db)
  const sessions = prepareSessions(db)
  const uses = prepareUses(db)
  const isMarked = prepareMarked(db)
  const mark = prepareMarks(db)
  let barred = readBarred(db)
  const last = db.prepare('SELECT max("index") AS last FROM leaf').get()?.last
  let index = typeof last === 'number' ? last + 1 : 0
  let tip: ChainTip = chainTip({ instance, boot }, rows.chainOf(instance))

  /** Says why the entry was left out, if it was: before anything of it was written. */
  const append = (entry: Entry, payloads: readonly SealedPayload[], nonce: Buffer) => {
    const { change } = entry
    const leaf = completeLeaf(entry.record, tip, payloads)
    if ('message' in leaf) return leaf
    const { record } = leaf
    const refusal = barred.refusalOf(record, entry.narrowed)
    if (refusal) return { kind: 'conflict', ...refusal } as const
    const ended = endedBy(record)
    if (ended !== undefined && !rows.isOpen(ended)) {
      return { kind: 'conflict', message: 'the call is not open' } as const
    }
    if (entry.duties?.bars.some(isMarked)) {
      const message = 'a duty that is separated from this one was done already'
      return { kind: 'conflict', about: 'duty', message } as const
    }
    if (change) {
      if (!applyChange(changes, change, index)) {
        return { kind: 'conflict', message: `${change.kind} conflicts` } as const
      }
      barred.note(change)
      // A grant under a new id may stand where a revoked one stood.
      if (change.kind === 'rulebook.put') barred = readBarred(db)
    }
    write(entry.notices ?? [])
    rows.leaf(index, entry, { ...leaf, salts: saltsOf(payloads, nonce) })
    for (const payload of payloads) {
      if (payload.box) rows.payload(index, { ...payload, box: payload.box }, nonce)
    }
    mark(entry.duties?.marks ?? [])
    uses.add(record, leaf.timeMs)
    sessions.add(index, record, leaf.timeMs)
    index += 1
    tip = afterLeaf(tip, leaf.text)
    return undefined
  }

  /** The write-ahead log still holds what was destroyed. A crash here leaves it to SQLite's own recovery. */
  let lingers = false
  const flush = (entries: readonly Entry[]): Flushed => {
    const { payloads, nonce } = sealAll(entries, kek)
    const failures: Failure[] = []
    const first = index
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const [position, entry] of entries.entries()) {
        const failure = append(entry, payloads[position] ?? [], nonce)
        if (failure) failures.push({ position, ...failure })
      }
      sessions.write()
      uses.write()
      if (tip.emitter.seq > 0) rows.chain(tip.emitter)
      // A crash before this line leaves nothing of the flush, one after it leaves all of it.
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
    lingers ||= entries.some(({ change }) => change && (isDestruction(change) || forgets(change)))
    if (lingers) lingers = !emptyWriteAheadLog(db)
    return { first, failures }
  }
  return { flush, place: () => `${index} ${tip.emitter.seq} ${tip.emitter.prev}` }
}

function readBarred(db: DatabaseSync): Barred {
  const names = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map(({ name }) => String(name))
  return openBarred({
    principals: names('SELECT principal AS name FROM principal_lock'),
    keys: names('SELECT id AS name FROM api_key WHERE revoked_at IS NOT NULL'),
    grants: names(
      `SELECT id AS name FROM grant_standing WHERE revoked = 1
        UNION ALL SELECT id FROM timed_grant WHERE state = 'revoked'`,
    ),
    functions: names("SELECT id AS name FROM function_hold WHERE state = 'quarantined'"),
    bounded: db
      .prepare(
        `SELECT id, body FROM grant_standing WHERE body ->> '$.endsAt' IS NOT NULL
          OR coalesce(body -> '$.certification.when', '[]') <> '[]'`,
      )
      .all()
      .map(({ id, body }) => boundsOf({ id, body })),
  })
}

function forgets(change: Change): boolean {
  return change.kind === 'deferral.update' && change.forget === true
}

/** False when somebody is just reading from it; then the next flush tries again. */
function emptyWriteAheadLog(db: DatabaseSync): boolean {
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  } catch {
    // The commit stands; only the copy in the write-ahead log is still there.
    return false
  }
}

export type Rows = {
  readonly leaf: (
    index: number,
    entry: Pick<Entry, 'retention' | 'change'>,
    leaf: WritableLeaf & { readonly salts: Uint8Array | null },
  ) => void
  readonly payload: (
    index: number,
    payload: SealedPayload & { readonly box: Uint8Array },
    nonce: Buffer,
  ) => void
  /** Whether an intent has no ending yet. */
  readonly isOpen: (intent: number) => boolean
  /** Where the instance's chain stands now: `seq` is the next place. */
  readonly chain: (emitter: Emitter) => void
  readonly chainOf: (instance: string) => BootEnd | undefined
}

/** The rows a leaf leaves behind. */
export function prepareRows(db: DatabaseSync): Rows {
  const leaf = db.prepare(
    'INSERT INTO leaf ("index", type, call, session, function, caller, time_ms, bytes, salts, retention) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const payload = db.prepare(
    'INSERT INTO payload (id, nonce, position, secret, box) VALUES (?, ?, ?, ?, ?)',
  )
  const opened = db.prepare('INSERT INTO open_call (intent, time_ms) VALUES (?, ?)')
  const open = db.prepare('SELECT 1 FROM open_call WHERE intent = ?')
  const ended = db.prepare('DELETE FROM open_call WHERE intent = ?')
  const chain = db.prepare(
    'INSERT OR REPLACE INTO chain (instance, boot, seq, hash) VALUES (?, ?, ?, ?)',
  )
  const chainOf = db.prepare('SELECT boot, seq, hash FROM chain WHERE instance = ?')
  const recovered = db.prepare("DELETE FROM meta WHERE name = 'recovered'")
  return {
    isOpen: (intent) => open.get(intent) !== undefined,
    chain: ({ instance, boot, seq, prev }: Emitter) => {
      chain.run(instance, boot, seq - 1, prev)
    },
    chainOf: (instance: string): BootEnd | undefined => {
      const row = chainOf.get(instance)
      return row && { boot: String(row.boot), hash: String(row.hash), seq: Number(row.seq) }
    },
    leaf: (index, { retention, change }, { record, text, timeMs, salts }) => {
      const { type, call, session, fn, caller } = leafColumns(record, change)
      const found = [type, call ?? null, session ?? null, fn ?? null, caller ?? null] as const
      leaf.run(index, ...found, timeMs, Buffer.from(text), salts, retention ?? null)
      if (type === 'log.recovered') recovered.run()
      if (type === 'call.authorized') opened.run(index, timeMs)
      if (record.type === 'call.outcome' || record.type === 'reconcile.indeterminate') {
        ended.run(record.intent)
      }
    },
    payload: (index, { role, position, secret, box }, nonce) => {
      payload.run(payloadId(index, role), nonce, position, secret, box)
    },
  }
}
