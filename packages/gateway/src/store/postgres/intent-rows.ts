import type { DutyMark } from '../../model/duty.ts'
import type { GrantUse } from '../reviews.ts'
import { bigintArray, textArray } from './binary-array.ts'
import type { Run } from './connection.ts'

/** Adds to the counts of the use of grants; see home/grant-uses.ts. */
export function writeUses(run: Run, uses: readonly GrantUse[]): readonly Promise<unknown>[] {
  if (uses.length === 0) return []
  return [
    run(
      `INSERT INTO grant_use AS was (grant_id, party, function, day, calls, last_ms)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
          $6::bigint[])
        ON CONFLICT (grant_id, day, party, function) DO UPDATE
          SET calls = was.calls + excluded.calls, last_ms = greatest(was.last_ms, excluded.last_ms)`,
      [
        textArray(uses.map(({ grant }) => grant)),
        textArray(uses.map(({ party }) => party)),
        textArray(uses.map(({ function: fn }) => fn)),
        bigintArray(uses.map(({ day }) => day)),
        bigintArray(uses.map(({ calls }) => calls)),
        bigintArray(uses.map(({ lastAt }) => lastAt)),
      ],
    ),
  ]
}

/** Writes down what was done to objects that duties are separated over, and forgets what counts no more. */
export async function writeMarks(run: Run, marks: readonly DutyMark[]): Promise<void> {
  if (marks.length === 0) return
  const rules = textArray(marks.map(({ rule }) => rule))
  await Promise.all([
    run(
      `DELETE FROM duty_mark AS mark USING unnest($1::text[], $2::bigint[]) AS one (rule, since)
        WHERE mark.rule = one.rule AND mark.at_ms < one.since`,
      [rules, bigintArray(marks.map(({ since }) => since))],
    ),
    run(
      `INSERT INTO duty_mark AS was (rule, side, object, person, at_ms)
        SELECT rule, side, object, person, max(at_ms)
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
            AS one (rule, side, object, person, at_ms)
          GROUP BY rule, side, object, person
        ON CONFLICT (rule, object, person, side) DO UPDATE
          SET at_ms = greatest(was.at_ms, excluded.at_ms)`,
      [
        rules,
        textArray(marks.map(({ side }) => side)),
        textArray(marks.map(({ object }) => object)),
        textArray(marks.map(({ person }) => person)),
        bigintArray(marks.map(({ at }) => at)),
      ],
    ),
  ])
}
