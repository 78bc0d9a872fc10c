import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

/** Member names and element numbers, from the top of the file. */
export type Path = readonly (string | number)[]

export type SchemaProblem = {
  readonly path: Path
  readonly message: string
  readonly hint?: string
}

/** A schema's complaints in plain words with the nearest right key. Names only, never values. */
export function schemaProblems(
  error: z.ZodError,
  { schema, raw }: Checked,
): readonly SchemaProblem[] {
  return error.issues.flatMap((issue) => explain(issue, [], { schema, raw }))
}

/** What was checked against what. */
type Checked = { readonly schema: z.ZodType; readonly raw: Json }

type Issue = z.core.$ZodIssue

function explain(issue: Issue, above: Path, checked: Checked): readonly SchemaProblem[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))]
  const name = path.at(-1)
  const what = typeof name === 'string' ? `\`${name}\`` : 'This entry'
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(jsonSchemaOf(checked.schema), path)
    return issue.keys.map((key) => unknownKey(key, path, known))
  }
  if (issue.code !== 'custom' && valueAt(checked.raw, path) === undefined) {
    return [{ path, message: `${what} is required.` }]
  }
  if (issue.code === 'invalid_union' && issue.errors.length === 0) {
    return [{ path, message: `${what} ${issue.message}.` }]
  }
  if (issue.code === 'invalid_union') return explainUnion(issue.errors, path, checked)
  if (issue.code === 'invalid_type') {
    return [{ path, message: `${what} has to be ${article(issue.expected)}.` }]
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => `\`${String(value)}\``).join(', ')
    return [
      { path, message: `${what} has to be ${issue.values.length > 1 ? 'one of ' : ''}${values}.` },
    ]
  }
  if (issue.code === 'custom') return [{ path, message: issue.message }]
  return [{ path, message: `${what}: ${issue.message}` }]
}

function valueAt(raw: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((at, step) => {
    if (Array.isArray(at)) return typeof step === 'number' ? at[step] : undefined
    return isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  }, raw)
}

function unknownKey(key: string, path: Path, known: readonly string[]): SchemaProblem {
  const hint = hintFor(key, known)
  const problem = { path: [...path, key], message: `\`${key.slice(0, 100)}\` is not known here.` }
  return hint === undefined ? problem : { ...problem, hint }
}

function hintFor(key: string, known: readonly string[]): string | undefined {
  const near = nearest(key, known)
  // Another form of this entry has it: `prefix` of a connection to an MCP server.
  if (near === key) return 'It does not go together with the rest of this entry.'
  if (near) return `Did you mean \`${near}\`?`
  return known.length > 0 ? `Known here: ${known.join(', ')}.` : undefined
}

/** The branch that came closest speaks for the union: one that fits in kind, then the fewest complaints. */
function explainUnion(
  branches: readonly (readonly Issue[])[],
  path: Path,
  checked: Checked,
): readonly SchemaProblem[] {
  const wrongKind = (issues: readonly Issue[]) =>
    issues.some(({ code, path: at }) => at.length === 0 && code !== 'unrecognized_keys')
  const fitting = branches.filter((issues) => !wrongKind(issues))
  const [closest] = fitting.sort((a, b) => a.length - b.length)
  if (closest) return closest.flatMap((issue) => explain(issue, path, checked))
  const kinds = branches.flat().flatMap((issue) => {
    if (issue.code === 'invalid_type') return [article(issue.expected)]
    if (issue.code === 'invalid_value') return issue.values.map((value) => `\`${String(value)}\``)
    return []
  })
  const name = path.at(-1)
  const what = typeof name === 'string' ? `\`${name}\`` : 'This entry'
  const other = branches
    .flat()
    .find(({ code }) => code !== 'invalid_type' && code !== 'invalid_value')
  if (kinds.length === 0 || other) {
    return [{ path, message: `${what}: ${other?.message ?? 'none of the allowed forms fits'}` }]
  }
  return [{ path, message: `${what} has to be ${[...new Set(kinds)].join(' or ')}.` }]
}

function article(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: '`true` or `false`',
    object: 'a mapping (`key: value`)',
    record: 'a mapping (`key: value`)',
    array: 'a list',
    null: 'empty',
  }
  return names[kind] ?? `of kind ${kind}`
}

const jsonSchemas = new WeakMap<z.ZodType, JsonObject>()

function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const known = jsonSchemas.get(schema)
  if (known) return known
  const made: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const json: Json = JSON.parse(JSON.stringify(made))
  const object = isJsonObject(json) ? json : {}
  jsonSchemas.set(schema, object)
  return object
}

/** The member names the schema knows at a path, over all branches that reach it. */
function keysAt(root: JsonObject, path: Path): readonly string[] {
  let reached: readonly JsonObject[] = branchesOf(root, root)
  for (const step of path) {
    reached = reached
      .flatMap((at) => {
        const members = at.properties
        const member = isJsonObject(members) ? members[String(step)] : undefined
        const found = typeof step === 'number' ? at.items : (member ?? at.additionalProperties)
        return isJsonObject(found) ? [found] : []
      })
      .flatMap((at) => branchesOf(at, root))
  }
  const names = reached.flatMap((at) => {
    const members = at.properties
    return isJsonObject(members) ? Object.keys(members) : []
  })
  return [...new Set(names)]
}

function branchesOf(at: JsonObject, root: JsonObject, depth = 0): readonly JsonObject[] {
  // A schema may refer to itself; eight levels of indirection are more than any of ours has.
  if (depth > 8) return []
  const reference = at.$ref
  if (typeof reference === 'string') {
    const target = reference
      .split('/')
      .slice(1)
      .reduce<Json | undefined>((json, step) => (isJsonObject(json) ? json[step] : undefined), root)
    return isJsonObject(target) ? branchesOf(target, root, depth + 1) : []
  }
  const alternatives = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => {
    const list = at[word]
    return Array.isArray(list) ? list.filter(isJsonObject) : []
  })
  return [at, ...alternatives.flatMap((one: JsonObject) => branchesOf(one, root, depth + 1))]
}

/** The known word that is at most two letters, or a third of them, away. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, '')
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(plain(word), plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(word.length > 3 ? 2 : 1, word.length / 3)
    ? best.candidate
    : undefined
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= b.length; column++) {
      const swap = (row[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
