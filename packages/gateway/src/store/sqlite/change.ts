import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Delegation } from '../../model/delegation.ts'
import { payloadId } from '../home/payload-rows.ts'
import { sealColumn } from '../home/sealed-column.ts'
import {
  approvalColumns,
  breakGlassColumns,
  clearanceColumns,
  deferralColumns,
} from '../home/state-columns.ts'
import type { Change } from '../store.ts'
import { type Destruction, isDestruction, prepareDestruction } from './custody.ts'
import { reviewSteps, seeGrants, seeRenamed } from './review-change.ts'
import { insert, one, replace, type Step, settle } from './step.ts'

export type Changes = {
  readonly db: DatabaseSync
  /** Prepared once each. */
  readonly statement: (sql: string) => StatementSync
  readonly destroy: ReturnType<typeof prepareDestruction>
  readonly kek: Uint8Array | undefined
}

/** `kek`: undefined where no change has bytes to seal; one that has them throws then. */
export function prepareChanges(db: DatabaseSync, kek: Uint8Array | undefined): Changes {
  const statements = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const prepared = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, prepared)
    return prepared
  }
  return { db, statement, destroy: prepareDestruction(db), kek }
}

/**
 * Applies a change within the transaction of the record `index` that is about it. False when the stored state
 * is not the expected one; nothing was changed then.
 */
export function applyChange(changes: Changes, change: Change, index: number): boolean {
  if (isDestruction(change)) return changes.destroy(change, index)
  if (change.kind === 'payload.read') return isKept(changes, change)
  const steps = stepsOf(change, index, changes.kek)
  if (!steps) return false
  if (steps.length === 1) return steps.every((step) => run(changes, step))
  changes.db.exec('SAVEPOINT change')
  const isDone = steps.every((step) => run(changes, step))
  changes.db.exec(isDone ? 'RELEASE change' : 'ROLLBACK TO change; RELEASE change')
  return isDone
}

type Reading = Extract<Change, { kind: 'payload.read' }>

function isKept({ statement }: Changes, { record, role }: Reading): boolean {
  return statement('SELECT 1 FROM payload WHERE id = ?').get(payloadId(record, role)) !== undefined
}

function run({ statement }: Changes, { sql, values, rows }: Step): boolean {
  const { changes } = statement(sql).run(...values)
  return rows === undefined || Number(changes) === rows
}

/** Undefined for a change that no stored state allows. */
function stepsOf(
  change: Exclude<Change, Destruction | Reading>,
  index: number,
  kek: Uint8Array | undefined,
): readonly Step[] | undefined {
  switch (change.kind) {
    case 'approval.open':
      return [insert('approval', approvalColumns(change.approval))]
    case 'approval.update': {
      const { approval, expectedRevision, clearance, breakGlass, expectedNewest } = change
      const update = replace('approval', approvalColumns(approval), expectedRevision)
      if (!update) return undefined
      return [
        update,
        ...(clearance ? [insert('clearance', clearanceColumns(clearance))] : []),
        ...(breakGlass ? [openGlass(breakGlass, expectedNewest)] : []),
      ]
    }
    case 'clearance.update':
      return one(replace('clearance', clearanceColumns(change.clearance), change.expectedRevision))
    case 'break-glass.open':
      return [
        openGlass(change.breakGlass, change.expectedNewest),
        insert('clearance', clearanceColumns(change.clearance)),
      ]
    case 'break-glass.update':
      return one(
        replace('break_glass', breakGlassColumns(change.breakGlass), change.expectedRevision),
      )
    case 'delegation.make':
      return [makeDelegation(change.delegation)]
    case 'delegation.end':
      return [
        settle(
          'UPDATE delegation SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL AND until_ms > ?2',
          [change.id, change.at],
        ),
      ]
    case 'deferral.open':
    case 'deferral.update':
      return deferralSteps(change, kek)
    case 'key.issue': {
      const { id, hash } = change.key
      return [insert('api_key', { id, hash, body: JSON.stringify(change.key) })]
    }
    case 'key.revoke':
      return [
        settle('UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', [
          ...[change.at, change.id],
        ]),
      ]
    case 'rulebook.put': {
      const { digest, content, seen } = change
      const { sql, values } = insert('rulebook', { digest, content })
      return [{ sql, values }, ...(seen ? [seeRenamed(seen, index), seeGrants(seen, index)] : [])]
    }
    case 'erasure.request': {
      const { id, record, state } = change.erasure
      return [insert('erasure', { id, record, state, body: JSON.stringify(change.erasure) })]
    }
    case 'principal.lock':
    case 'principal.unlock':
      return [lockStep(change, index)]
    default:
      return reviewSteps(change, index)
  }
}

function lockStep(
  change: Extract<Change, { kind: 'principal.lock' | 'principal.unlock' }>,
  index: number,
): Step {
  if (change.kind === 'principal.unlock') {
    return settle(
      `DELETE FROM principal_lock WHERE principal = ?
        AND NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = ?)`,
      [change.principal, change.by],
    )
  }
  const { principal, by } = change.lock
  return settle(
    `INSERT OR IGNORE INTO principal_lock (record, principal, body) SELECT ?, ?, ?
      WHERE NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = ?)`,
    [index, principal, JSON.stringify(change.lock), by],
  )
}

function openGlass(glass: BreakGlass, expectedNewest: string | undefined): Step {
  const { id, revision, by, body } = breakGlassColumns(glass)
  return settle(
    `INSERT OR IGNORE INTO break_glass (id, revision, "by", body) SELECT ?, ?, ?, ?
      WHERE (SELECT id FROM break_glass ORDER BY number DESC LIMIT 1) IS ?`,
    [id, revision, by, body, expectedNewest ?? null],
  )
}

function makeDelegation(delegation: Delegation): Step {
  const { id, from, to, until, createdAt } = delegation
  return settle(
    `INSERT OR IGNORE INTO delegation (id, "from", "to", until_ms, body) SELECT ?1, ?2, ?3, ?4, ?5
      WHERE NOT EXISTS (SELECT 1 FROM delegation
        WHERE "from" = ?2 AND until_ms > ?6 AND (ended_ms IS NULL OR ended_ms > ?6))`,
    [id, from, to, until, JSON.stringify(delegation), createdAt],
  )
}

function deferralSteps(
  change: Extract<Change, { kind: 'deferral.open' | 'deferral.update' }>,
  kek: Uint8Array | undefined,
): readonly Step[] | undefined {
  const { deferral } = change
  const sealed = (column: 'request' | 'result', bytes: Uint8Array) => {
    if (!kek) throw new Error('a deferred call can not be sealed here')
    return { [column]: sealColumn(kek, bytes, { table: 'deferral', column, id: deferral.id }) }
  }
  const columns = deferralColumns(deferral)
  if (change.kind === 'deferral.open') {
    const row = { ...columns, ...sealed('request', change.request) }
    return [insert('deferral', row), insert('approval', approvalColumns(change.approval))]
  }
  const bytes = change.result ? sealed('result', change.result) : {}
  const kept = change.forget ? { request: null, result: null } : bytes
  return one(replace('deferral', { ...columns, ...kept }, change.expectedRevision))
}
