import type { DatabaseSync } from 'node:sqlite'
import type { DutyMark } from '../../model/duty.ts'
import { gatherUses } from '../home/grant-uses.ts'

/** Keeps count of the use of grants; see home/grant-uses.ts. */
export function prepareUses(db: DatabaseSync): {
  readonly add: ReturnType<typeof gatherUses>['add']
  readonly write: () => void
} {
  const write = db.prepare(
    `INSERT INTO grant_use (grant_id, party, function, day, calls, last_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET calls = calls + excluded.calls,
        last_ms = max(last_ms, excluded.last_ms)`,
  )
  const active = gatherUses()
  return {
    add: active.add,
    write: () => {
      for (const { grant, party, function: fn, day, calls, lastAt } of active.take()) {
        write.run(grant, party, fn, day, calls, lastAt)
      }
    },
  }
}

/** Writes down what was done to objects that duties are separated over, and forgets what counts no more. */
export function prepareMarks(db: DatabaseSync): (marks: readonly DutyMark[]) => void {
  const forget = db.prepare('DELETE FROM duty_mark WHERE rule = ? AND at_ms < ?')
  const write = db.prepare(
    `INSERT INTO duty_mark (rule, side, object, person, at_ms) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)`,
  )
  return (marks) => {
    for (const { rule, side, object, person, at, since } of marks) {
      forget.run(rule, since)
      write.run(rule, side, object, person, at)
    }
  }
}
