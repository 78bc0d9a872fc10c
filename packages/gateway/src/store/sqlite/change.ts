import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Change } from '../store.ts'
import { type Destruction, isDestruction, prepareDestruction } from './custody.ts'

type Plain = Exclude<Change, Destruction>
export type Changes = Readonly<Record<Plain['kind'], StatementSync>> & {
  readonly destroy: ReturnType<typeof prepareDestruction>
}

/** One statement per kind of change: it compares and sets at once, or changes no row. */
export function prepareChanges(db: DatabaseSync): Changes {
  return {
    'approval.open': db.prepare(
      'INSERT OR IGNORE INTO approval (id, digest, state, revision, body) VALUES (?, ?, ?, ?, ?)',
    ),
    'approval.update': db.prepare(
      'UPDATE OR IGNORE approval SET digest = ?, state = ?, revision = ?, body = ? WHERE id = ? AND revision = ?',
    ),
    'key.issue': db.prepare('INSERT OR IGNORE INTO api_key (id, hash, body) VALUES (?, ?, ?)'),
    'key.revoke': db.prepare(
      'UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
    ),
    'principal.lock': db.prepare(
      `INSERT OR IGNORE INTO principal_lock (record, principal, body) SELECT ?, ?, ?
        WHERE NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = ?)`,
    ),
    'principal.unlock': db.prepare(
      `DELETE FROM principal_lock WHERE principal = ?
        AND NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = ?)`,
    ),
    'rulebook.put': db.prepare('INSERT OR IGNORE INTO rulebook (digest, content) VALUES (?, ?)'),
    'erasure.request': db.prepare(
      'INSERT OR IGNORE INTO erasure (id, record, state, body) VALUES (?, ?, ?, ?)',
    ),
    destroy: prepareDestruction(db),
  }
}

/**
 * False when the stored state is not the expected one; nothing was changed then. `index` is that of the
 * record about the change.
 */
export function applyChange(changes: Changes, change: Change, index: number): boolean {
  if (isDestruction(change)) return changes.destroy(change, index)
  return run(changes, change, index) === 1
}

function run(changes: Changes, change: Plain, index: number): number {
  const statement = changes[change.kind]
  switch (change.kind) {
    case 'approval.open': {
      const { id, digest, state, revision } = change.approval
      const body = JSON.stringify(change.approval)
      return Number(statement.run(id, digest, state, revision, body).changes)
    }
    case 'approval.update': {
      const { id, digest, state, revision } = change.approval
      // A revision that does not grow would let a second change through on the same expectation.
      if (revision <= change.expectedRevision) return 0
      const body = JSON.stringify(change.approval)
      const { changes: updated } = statement.run(
        digest,
        state,
        revision,
        body,
        id,
        change.expectedRevision,
      )
      return Number(updated)
    }
    case 'key.issue': {
      const { id, hash } = change.key
      return Number(statement.run(id, hash, JSON.stringify(change.key)).changes)
    }
    case 'key.revoke':
      return Number(statement.run(change.at, change.id).changes)
    case 'principal.lock': {
      const { principal, by } = change.lock
      return Number(statement.run(index, principal, JSON.stringify(change.lock), by).changes)
    }
    case 'principal.unlock':
      return Number(statement.run(change.principal, change.by).changes)
    case 'rulebook.put':
      statement.run(change.digest, change.content)
      return 1
    case 'erasure.request': {
      const { id, record, state } = change.erasure
      return Number(statement.run(id, record, state, JSON.stringify(change.erasure)).changes)
    }
  }
}
