import type { Row, Run } from './connection.ts'

/** Of one question, at most. */
export const rowsMax = 1000

export function bounded(limit: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), rowsMax)
}

/**
 * Rows of a table whose rows are numbered as they come, newest first, below the row with the id `before`; one
 * that is not there has nothing below it. Of `filters`, whose names are columns, each that is given has to be equal.
 */
export async function page(
  run: Run,
  { before, limit }: { readonly before?: string; readonly limit: number },
  of: {
    readonly table: string
    readonly filters?: Readonly<Record<string, string | undefined>>
  },
): Promise<{ readonly rows: readonly Row[] }> {
  const { table, filters = {} } = of
  const values: unknown[] = [bounded(limit)]
  const wanted = Object.entries(filters).flatMap(([column, value]) =>
    value === undefined ? [] : [`"${column}" = $${values.push(value)}`],
  )
  if (before !== undefined) {
    wanted.push(`number < (SELECT number FROM ${table} WHERE id = $${values.push(before)})`)
  }
  const where = wanted.length === 0 ? '' : ` WHERE ${wanted.join(' AND ')}`
  return run(`SELECT * FROM ${table}${where} ORDER BY number DESC LIMIT $1`, values)
}
