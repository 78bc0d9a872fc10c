import type { DatabaseSync } from 'node:sqlite'
import { gatherSessions } from '../home/session-activity.ts'

/** Keeps one row per session, and one per label of it; see home/session-activity.ts. */
export function prepareSessions(db: DatabaseSync): {
  readonly add: ReturnType<typeof gatherSessions>['add']
  readonly write: () => void
} {
  const begin = db.prepare(
    `INSERT INTO session
      (id, caller, on_behalf_of, calls, first_index, last_index, started_ms, last_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET calls = calls + excluded.calls,
        last_index = excluded.last_index, last_ms = max(last_ms, excluded.last_ms)`,
  )
  const go = db.prepare('UPDATE session SET last_index = ?, last_ms = max(last_ms, ?) WHERE id = ?')
  const label = db.prepare('INSERT OR IGNORE INTO session_label (session, label) VALUES (?, ?)')
  const active = gatherSessions()
  return {
    add: active.add,
    write: () => {
      for (const { id, caller, onBehalfOf, calls, labels, ...of } of active.take()) {
        for (const one of labels) label.run(id, one)
        const { firstIndex, lastIndex, startedMs, lastMs } = of
        if (caller === undefined) go.run(lastIndex, lastMs, id)
        else {
          const who = [id, caller, onBehalfOf ?? null] as const
          begin.run(...who, calls, firstIndex, lastIndex, startedMs, lastMs)
        }
      }
    },
  }
}
