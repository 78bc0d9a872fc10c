import type { DatabaseSync } from 'node:sqlite'
import { type Classes, dueAmong, readClasses } from '../home/due.ts'
import type { PayloadsDue } from '../store.ts'

type Due = (query: Parameters<PayloadsDue>[0]) => Awaited<ReturnType<PayloadsDue>>

/** Payloads whose time is over; see home/due.ts. */
export function prepareDue(db: DatabaseSync): Due {
  const cursor = db.prepare('SELECT next FROM retention WHERE class = ?')
  const scan = db.prepare(
    `SELECT "index", bytes, retention, (salts IS NOT NULL OR EXISTS (
        SELECT 1 FROM payload WHERE id BETWEEN "index" * 4 AND "index" * 4 + 3)) AS held
      FROM leaf WHERE "index" >= ? ORDER BY "index" LIMIT ?`,
  )
  const leaf = db.prepare('SELECT bytes FROM leaf WHERE "index" = ?')
  const classes = prepareClasses(db)
  return (query) => {
    const start = query.from ?? Number(cursor.get(query.class)?.next ?? 0)
    const rows = scan.all(start, query.limit).map(({ index, bytes, retention, held }) => ({
      index: Number(index),
      bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
      retention: typeof retention === 'string' ? retention : undefined,
      held: held === 1,
    }))
    return dueAmong(
      rows,
      { ...query, start },
      {
        leaf: (index) => {
          const bytes = leaf.get(index)?.bytes
          return bytes instanceof Uint8Array ? bytes : undefined
        },
        classes,
      },
    )
  }
}

/** Records follow each other under few rulebooks. */
const rulebooksKept = 4

function prepareClasses(db: DatabaseSync): (digest: string) => Classes {
  const content = db.prepare('SELECT content FROM rulebook WHERE digest = ?')
  const known = new Map<string, Classes>()
  return (digest) => {
    const read = () => {
      const text = content.get(digest)?.content
      return readClasses(typeof text === 'string' ? text : undefined, digest)
    }
    const found = known.get(digest) ?? read()
    const [oldest] = known.keys()
    if (known.size >= rulebooksKept && oldest !== undefined) known.delete(oldest)
    known.set(digest, found)
    return found
  }
}
