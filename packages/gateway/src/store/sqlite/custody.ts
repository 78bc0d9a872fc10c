import type { DatabaseSync } from 'node:sqlite'
import type { Erasure } from '../../model/erasure.ts'
import type { PayloadGone, PayloadRole } from '../../model/payload.ts'
import {
  holdsSalt,
  payloadId,
  payloadOf,
  payloadRoles,
  withoutSalts,
} from '../home/payload-rows.ts'
import type { Change, PayloadsDue } from '../store.ts'
import { prepareDue } from './due.ts'

/** Changes that destroy what opens a payload: its row, or its salt in the row of its leaf. */
export type Destruction = Extract<Change, { kind: 'erasure.approve' | 'payload.expire' }>

export function isDestruction(change: Change): change is Destruction {
  return change.kind === 'erasure.approve' || change.kind === 'payload.expire'
}

/**
 * Applies a destruction within the transaction of the record `index` that says so. False when the stored
 * state is not the expected one; nothing was changed then. With `secure_delete` the pages hold zeros
 * where the secrets were; the write-ahead log is emptied after the commit (see flush.ts).
 */
export function prepareDestruction(
  db: DatabaseSync,
): (change: Destruction, index: number) => boolean {
  const pending = db.prepare("SELECT body FROM erasure WHERE id = ? AND state = 'PENDING'")
  const done = db.prepare("UPDATE erasure SET state = 'DONE', body = ? WHERE id = ?")
  const cursor = db.prepare('INSERT OR REPLACE INTO retention (class, next) VALUES (?, ?)')
  const saltsOf = db.prepare('SELECT salts FROM leaf WHERE "index" = ?')
  const setSalts = db.prepare('UPDATE leaf SET salts = ? WHERE "index" = ?')
  const remove = db.prepare('DELETE FROM payload WHERE id = ?')
  const stream = db.prepare(
    `SELECT "index" FROM leaf WHERE type IN ('call.chunk', 'call.outcome') AND salts IS NOT NULL
      AND call = (SELECT call FROM leaf
        WHERE "index" = ? AND type IN ('call.chunk', 'call.outcome'))`,
  )
  const gone = db.prepare('INSERT OR IGNORE INTO payload_gone (id, cause, record) VALUES (?, ?, ?)')
  const destroy = (of: number, roles: readonly PayloadRole[], why: PayloadGone) => {
    const row = saltsOf.get(of)
    const salts = row?.salts instanceof Uint8Array ? row.salts : undefined
    for (const role of roles) {
      const id = payloadId(of, role)
      const removed = Number(remove.run(id).changes)
      if (removed > 0 || holdsSalt(salts, role)) gone.run(id, why.cause, why.record)
    }
    if (salts) setSalts.run(withoutSalts(salts, roles), of)
  }
  return (change, index) => {
    if (change.kind === 'payload.expire') {
      for (const of of change.records)
        destroy(of, payloadRoles, { cause: 'expired', record: index })
      cursor.run(change.class, change.next)
      return true
    }
    const row = pending.get(change.id)
    if (!row) return false
    const erasure: Erasure = JSON.parse(String(row.body))
    const { by: approvedBy, at: erasedAt } = change
    done.run(JSON.stringify({ ...erasure, state: 'DONE', approvedBy, erasedAt }), change.id)
    const why = { cause: 'erased', record: index } as const
    destroy(erasure.record, erasure.roles, why)
    // Every commitment to a stream is under one salt: while one record has it, all of them can be tested.
    if (erasure.roles.includes('returned')) {
      for (const { index: of } of stream.all(erasure.record)) destroy(Number(of), ['returned'], why)
    }
    return true
  }
}

export type CustodyReads = {
  readonly payloadGone: (index: number, role: PayloadRole) => PayloadGone | undefined
  readonly payloadsDue: (query: Parameters<PayloadsDue>[0]) => Awaited<ReturnType<PayloadsDue>>
  readonly firstLoss: (from: number) => number | undefined
  readonly keptPayloads: (from: number, to: number, limit: number) => readonly Kept[]
  readonly erasure: (id: string) => Erasure | undefined
  readonly erasures: (query: ErasureQuery) => readonly Erasure[]
}
type Kept = { readonly index: number; readonly role: PayloadRole }
type ErasureQuery = { readonly before?: string; readonly limit: number }

/** What became of payloads, and what is to become of them. */
export function custodyReads(db: DatabaseSync): CustodyReads {
  const gone = db.prepare('SELECT cause, record FROM payload_gone WHERE id = ?')
  const kept = db.prepare('SELECT id FROM payload WHERE id >= ? AND id < ? ORDER BY id LIMIT ?')
  // Without an index of its own: what is asked about is the end of the log.
  const loss = db.prepare(
    `SELECT "index" FROM leaf WHERE "index" >= ?
      AND type IN ('payload.erased', 'payload.expired', 'log.recovered') ORDER BY "index" LIMIT 1`,
  )
  const one = db.prepare('SELECT body FROM erasure WHERE id = ?')
  const newest = db.prepare(
    `SELECT body FROM erasure
      WHERE number < coalesce((SELECT number FROM erasure WHERE id = ?), iif(? IS NULL, 9e15, 0))
      ORDER BY number DESC LIMIT ?`,
  )
  return {
    payloadGone: (index, role) => {
      const row = gone.get(payloadId(index, role))
      if (!row) return undefined
      return { cause: row.cause === 'erased' ? 'erased' : 'expired', record: Number(row.record) }
    },
    payloadsDue: prepareDue(db),
    firstLoss: (from) => {
      const row = loss.get(from)
      return row && Number(row.index)
    },
    keptPayloads: (from, to, limit) => {
      const rowsMax = Math.min(Math.max(10, limit), 1000)
      const found = kept.all(from * 4, to * 4, rowsMax).map(({ id }) => payloadOf(Number(id)))
      if (found.length < rowsMax) return found
      // The last record may go on beyond the limit.
      return found.filter(({ index }) => index !== found.at(-1)?.index)
    },
    erasure: (id) => readErasure(one.get(id)),
    erasures: ({ before, limit }) =>
      newest
        .all(before ?? null, before ?? null, Math.min(Math.max(1, limit), 1000))
        .flatMap((row) => readErasure(row) ?? []),
  }
}

function readErasure(row: Readonly<Record<string, unknown>> | undefined): Erasure | undefined {
  return row && JSON.parse(String(row.body))
}
