import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

export type Row = Readonly<Record<string, unknown>>
type Filters = Readonly<Record<string, string | undefined>>
type Page = { readonly before?: string; readonly limit: number }

/** Bodies of a table whose rows are numbered as they come. Filters are columns. */
export function prepareTable<Body>(db: DatabaseSync, table: string) {
  const one = db.prepare(`SELECT body FROM ${table} WHERE id = ?`)
  // Below the row of `before`; an id that is not there has nothing below it.
  const page = prepareFiltered(
    db,
    `SELECT body FROM ${table} WHERE
      number < coalesce((SELECT number FROM ${table} WHERE id = ?1), iif(?1 IS NULL, 9e15, 0))`,
    'ORDER BY number DESC',
  )
  return {
    one: (id: string): Body | undefined => bodyOf(one.get(id)),
    page: ({ before, limit }: Page, filters: Filters): Body[] =>
      page([before ?? null], filters, bounded(limit)).flatMap(bodies<Body>),
  }
}

/** The names of `filters` are columns, so they are never a caller's; each that is given has to be equal. */
export function prepareFiltered(db: DatabaseSync, select: string, order: string) {
  const statements = new Map<string, StatementSync>()
  return (values: readonly SQLInputValue[], filters: Filters, limit: number): Row[] => {
    const given = Object.entries(filters).filter(
      (filter): filter is [string, string] => filter[1] !== undefined,
    )
    const where = given.map(([column]) => ` AND "${column}" = ?`).join('')
    const statement = statements.get(where) ?? db.prepare(`${select}${where} ${order} LIMIT ?`)
    statements.set(where, statement)
    return statement.all(...values, ...given.map(([, value]) => value), limit)
  }
}

export function bodyOf<Body>(row: Row | undefined): Body | undefined {
  return row && JSON.parse(String(row.body))
}

export function bodies<Body>(row: Row): Body[] {
  const body = bodyOf<Body>(row)
  return body === undefined ? [] : [body]
}

export const rowsMax = 1000

export function bounded(limit: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), rowsMax)
}
