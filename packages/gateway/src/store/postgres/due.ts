import {
  type Classes,
  type DueRow,
  dueAmong,
  firstOf,
  readClasses,
  recordOf,
  rulebookOf,
} from '../home/due.ts'
import type { PayloadsDue } from '../store.ts'
import { bigintArray, textArray } from './binary-array.ts'
import type { Run } from './connection.ts'

/** Payloads whose time is over; see home/due.ts. What the judgement looks at is fetched first. */
export function readDue(run: Run): PayloadsDue {
  return async (query) => {
    const start = query.from ?? (await cursorOf(run, query.class))
    const { rows } = await run(
      `SELECT "index", bytes, retention, (salts IS NOT NULL OR EXISTS (
          SELECT 1 FROM payload WHERE id BETWEEN "index" * 4 AND "index" * 4 + 3)) AS held
        FROM leaf WHERE "index" >= $1 ORDER BY "index" LIMIT $2`,
      [start, query.limit],
    )
    const found = rows.map(
      ({ index, bytes, retention, held }): DueRow => ({
        ...{ index, bytes, held },
        retention: retention ?? undefined,
      }),
    )
    const held = found.filter((row) => row.held).flatMap(({ bytes }) => recordOf(bytes) ?? [])
    const intents = await readIntents(
      run,
      held.flatMap((record) => ('intent' in record ? [record.intent] : [])),
    )
    const leaf = (index: number) => intents.get(index)
    const cited = held.flatMap((record) => rulebookOf(firstOf(record, leaf)) ?? [])
    const classes = await readRulebooks(run, new Set(cited))
    return dueAmong(
      found,
      { ...query, start },
      { leaf, classes: (digest) => classes.get(digest) ?? 'unknown' },
    )
  }
}

async function cursorOf(run: Run, name: string): Promise<number> {
  const { rows } = await run('SELECT next FROM retention WHERE class = $1', [name])
  return Number(rows[0]?.next ?? 0)
}

async function readIntents(
  run: Run,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, Uint8Array>> {
  if (indexes.length === 0) return new Map()
  const { rows } = await run('SELECT "index", bytes FROM leaf WHERE "index" = ANY ($1::bigint[])', [
    bigintArray(indexes),
  ])
  return new Map(rows.map(({ index, bytes }) => [index, bytes]))
}

async function readRulebooks(
  run: Run,
  digests: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Classes>> {
  if (digests.size === 0) return new Map()
  const { rows } = await run(
    'SELECT digest, content FROM rulebook WHERE digest = ANY ($1::text[])',
    [textArray([...digests])],
  )
  return new Map(rows.map(({ digest, content }) => [digest, readClasses(content, digest)]))
}
