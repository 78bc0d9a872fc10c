import type { Problem } from '../model/rulebook.ts'

/** Something wrong at a place within one YAML file, before it has a line number. */
export type Flaw = {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
}

/** Finds the line and column of a path within a YAML file. */
export type PositionOf = (path: readonly (string | number)[]) => {
  readonly line: number
  readonly column: number
}

/** A place in a rulebook's files that can be complained about later. */
export type Site = { readonly file: string; readonly positionOf: PositionOf }

/** Gives a flaw its file, line and column. `under` is where its path starts. */
export function problemAt(site: Site, flaw: Flaw, under: Flaw['path'] = []): Problem {
  const { line, column } = site.positionOf([...under, ...flaw.path])
  const { message, hint } = flaw
  return { file: site.file, line, column, message, ...(hint !== undefined && { hint }) }
}

/** Something read from a rulebook's files, with the place where it stands. */
export type Placed<Value> = {
  readonly value: Value
  readonly site: Site
  readonly path: Flaw['path']
}

/** `functions/crm.yaml:12`. */
export function placeName({ site, path }: Placed<unknown>): string {
  return `${site.file}:${site.positionOf(path).line}`
}

/** In reading order: by file, then by line. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return problems.toSorted(
    (a, b) =>
      order(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      order(a.message, b.message),
  )
}
