import type { Erasure } from '../../model/erasure.ts'
import type { PayloadGone, PayloadRole } from '../../model/payload.ts'
import { holdsSalt, payloadId, payloadRoles, withoutSalts } from '../home/payload-rows.ts'
import type { Change } from '../store.ts'
import type { Run } from './connection.ts'

/** Changes that destroy what opens a payload: its row, or its salt in the row of its leaf. */
type Destruction = Extract<Change, { kind: 'erasure.approve' | 'payload.expire' }>

export function isDestruction(change: Change): change is Destruction {
  return change.kind === 'erasure.approve' || change.kind === 'payload.expire'
}

/**
 * Applies a destruction within the transaction of the record `index` that says so. False when the stored
 * state is not the expected one; nothing was changed then. The database keeps what it deleted until it is
 * vacuumed, its write-ahead log is recycled and its backups are gone: what lingers is wrapped under the
 * key-encryption key.
 */
export async function destroy(run: Run, change: Destruction, index: number): Promise<boolean> {
  if (change.kind === 'payload.expire') {
    for (const of of change.records) {
      await destroyPayloads(run, of, {
        roles: payloadRoles,
        why: { cause: 'expired', record: index },
      })
    }
    await run(
      'INSERT INTO retention (class, next) VALUES ($1, $2) ON CONFLICT (class) DO UPDATE SET next = excluded.next',
      [change.class, change.next],
    )
    return true
  }
  const { rows } = await run("SELECT body FROM erasure WHERE id = $1 AND state = 'PENDING'", [
    change.id,
  ])
  const row = rows[0]
  if (!row) return false
  const erasure: Erasure = JSON.parse(String(row.body))
  const { by: approvedBy, at: erasedAt } = change
  const done = JSON.stringify({ ...erasure, state: 'DONE', approvedBy, erasedAt })
  await run("UPDATE erasure SET state = 'DONE', body = $1 WHERE id = $2", [done, change.id])
  const why = { cause: 'erased', record: index } as const
  await destroyPayloads(run, erasure.record, { roles: erasure.roles, why })
  // Every commitment to a stream is under one salt: while one record has it, all of them can be tested.
  if (erasure.roles.includes('returned')) {
    const stream = await run(
      `SELECT "index" FROM leaf WHERE type IN ('call.chunk', 'call.outcome') AND salts IS NOT NULL
        AND call = (SELECT call FROM leaf
          WHERE "index" = $1 AND type IN ('call.chunk', 'call.outcome'))`,
      [erasure.record],
    )
    for (const { index: of } of stream.rows) {
      await destroyPayloads(run, Number(of), { roles: ['returned'], why })
    }
  }
  return true
}

async function destroyPayloads(
  run: Run,
  of: number,
  { roles, why }: { readonly roles: readonly PayloadRole[]; readonly why: PayloadGone },
): Promise<void> {
  const { rows } = await run('SELECT salts FROM leaf WHERE "index" = $1', [of])
  const salts = rows[0]?.salts instanceof Uint8Array ? rows[0].salts : undefined
  for (const role of roles) {
    const id = payloadId(of, role)
    const { count } = await run('DELETE FROM payload WHERE id = $1', [id])
    if (count > 0 || holdsSalt(salts, role)) {
      await run(
        'INSERT INTO payload_gone (id, cause, record) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [id, why.cause, why.record],
      )
    }
  }
  if (salts) {
    await run('UPDATE leaf SET salts = $1 WHERE "index" = $2', [withoutSalts(salts, roles), of])
  }
}
