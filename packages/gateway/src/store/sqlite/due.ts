import { hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import type { Rulebook } from '../../model/rulebook.ts'
import type { PayloadsDue } from '../store.ts'

type Due = (query: Parameters<PayloadsDue>[0]) => Awaited<ReturnType<PayloadsDue>>

/**
 * Payloads whose time is over, judged by the leaf itself and by the rulebook it cites: whoever can write to
 * the database could otherwise have evidence destroyed by changing a column. Where the column of the class
 * says something else than they do, nothing is due: what was destroyed too early cannot be brought back.
 */
export function prepareDue(db: DatabaseSync): Due {
  const cursor = db.prepare('SELECT next FROM retention WHERE class = ?')
  const scan = db.prepare(
    `SELECT "index", bytes, retention, (salts IS NOT NULL OR EXISTS (
        SELECT 1 FROM payload WHERE id BETWEEN "index" * 4 AND "index" * 4 + 3)) AS held
      FROM leaf WHERE "index" >= ? ORDER BY "index" LIMIT ?`,
  )
  const isOfClass = prepareClasses(db)
  return ({ class: name, standard, before, from, limit }) => {
    const start = from ?? Number(cursor.get(name)?.next ?? 0)
    const records: number[] = []
    let next = start
    const rows = scan.all(start, limit)
    for (const { index, bytes, retention, held } of rows) {
      const record = held === 1 ? recordOf(bytes) : undefined
      if (record && Date.parse(record.time) >= before) return { records, next, more: false }
      next = Number(index) + 1
      const is = retention === name || (retention === null && standard)
      if (record && is && isOfClass(record, name)) records.push(Number(index))
    }
    return { records, next, more: rows.length === limit }
  }
}

/** Undefined for what is no leaf: damage is for the verifier to tell, and destroys nothing. */
function recordOf(bytes: unknown): LeafRecord | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined
  try {
    return parseLeaf(bytes)
  } catch {
    return undefined
  }
}

/** Whether a record's function has this class; also where its record cites no rulebook that could tell. */
function prepareClasses(db: DatabaseSync): (record: LeafRecord, name: string) => boolean {
  const leaf = db.prepare('SELECT bytes FROM leaf WHERE "index" = ?')
  const content = db.prepare('SELECT content FROM rulebook WHERE digest = ?')
  const known = new Map<string, ReadonlyMap<string, string> | 'unknown' | 'altered'>()
  const classesOf = (digest: string) => {
    const found = known.get(digest) ?? readClasses(content.get(digest)?.content, digest)
    const [oldest] = known.keys()
    if (known.size >= rulebooksKept && oldest !== undefined) known.delete(oldest)
    known.set(digest, found)
    return found
  }
  return (record, name) => {
    const first = 'intent' in record ? recordOf(leaf.get(record.intent)?.bytes) : record
    if (first?.type !== 'call.authorized' && first?.type !== 'call.denied') return true
    if (!first.fn || !first.decision) return true
    const classes = classesOf(first.decision.policy)
    if (classes === 'unknown') return true
    return classes !== 'altered' && classes.get(first.fn.name) === name
  }
}

/** Records follow each other under few rulebooks. */
const rulebooksKept = 4

/** The class of every function. A rulebook that is not what its digest says tells nothing. */
function readClasses(
  content: unknown,
  digest: string,
): ReadonlyMap<string, string> | 'unknown' | 'altered' {
  if (typeof content !== 'string') return 'unknown'
  if (`sha256:${hash('sha256', content, 'hex')}` !== digest) return 'altered'
  const { functions }: Pick<Rulebook, 'functions'> = JSON.parse(content)
  return new Map(functions.map(({ id, retention }) => [id, retention ?? 'standard']))
}
