import type { DatabaseSync } from 'node:sqlite'
import { partyId, type RecordDraft } from '@sallyport/evidence/record'

type Activity = {
  caller: string | undefined
  onBehalfOf: string | undefined
  calls: number
  readonly firstIndex: number
  lastIndex: number
  readonly startedMs: number
  lastMs: number
}

/**
 * Keeps one row per session, so that listing sessions does not read the log. A flush gathers what
 * its leaves add, and writes each session once. A session begins with the head of its first call.
 */
export function prepareSessions(db: DatabaseSync): {
  readonly add: (index: number, record: RecordDraft, timeMs: number) => void
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
  const active = new Map<string, Activity>()
  return {
    add: (index, record, timeMs) => {
      const session = 'session' in record ? record.session : undefined
      if (session === undefined) return
      const seen = active.get(session)
      const activity = seen ?? empty(index, timeMs)
      if (!seen) active.set(session, activity)
      activity.lastIndex = index
      activity.lastMs = timeMs
      if (record.type !== 'call.authorized' && record.type !== 'call.denied') return
      activity.calls += 1
      activity.caller ??= record.caller && partyId(record.caller)
      const [subject] = record.obo ?? []
      activity.onBehalfOf ??= subject && partyId(subject)
    },
    write: () => {
      for (const [id, of] of active) {
        if (of.caller === undefined) go.run(of.lastIndex, of.lastMs, id)
        else
          begin.run(
            id,
            of.caller,
            of.onBehalfOf ?? null,
            of.calls,
            of.firstIndex,
            of.lastIndex,
            of.startedMs,
            of.lastMs,
          )
      }
      active.clear()
    },
  }
}

function empty(index: number, timeMs: number): Activity {
  return {
    caller: undefined,
    onBehalfOf: undefined,
    calls: 0,
    firstIndex: index,
    lastIndex: index,
    startedMs: timeMs,
    lastMs: timeMs,
  }
}
