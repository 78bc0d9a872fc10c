/** One statement that compares and sets at once. `rows`: so many it has to change; absent: any number. */
export type Step = {
  readonly text: string
  readonly values: readonly unknown[]
  readonly rows?: number
}

type Columns = Readonly<Record<string, string | number | Uint8Array | null>>

/** It has to change one row. */
export function settle(text: string, values: readonly unknown[]): Step {
  return { text, values, rows: 1 }
}

export function one(step: Step | undefined): readonly Step[] | undefined {
  return step && [step]
}

/** Of a row whose ids nobody has yet. */
export function insert(table: string, columns: Columns): Step {
  const names = Object.keys(columns)
  const places = names.map((_, at) => `$${at + 1}`)
  return settle(
    `INSERT INTO ${table} (${quoted(names).join(', ')}) VALUES (${places.join(', ')}) ON CONFLICT DO NOTHING`,
    Object.values(columns),
  )
}

type Revised = Columns & { readonly id: string; readonly revision: number }

/** Undefined for a revision that does not grow: it would let a second change through on one expectation. */
export function replace(
  table: string,
  columns: Revised,
  expectedRevision: number,
): Step | undefined {
  if (columns.revision <= expectedRevision) return undefined
  const sets = quoted(Object.keys(columns)).map((name, at) => `${name} = $${at + 1}`)
  const next = sets.length
  return settle(
    `UPDATE ${table} SET ${sets.join(', ')} WHERE id = $${next + 1} AND revision = $${next + 2}`,
    [...Object.values(columns), columns.id, expectedRevision],
  )
}

/** `replace`, or `insert` where 0 says that there is none yet. */
export function put(table: string, columns: Revised, expectedRevision: number): Step | undefined {
  return expectedRevision === 0 ? insert(table, columns) : replace(table, columns, expectedRevision)
}

function quoted(names: readonly string[]): readonly string[] {
  return names.map((name) => `"${name}"`)
}
