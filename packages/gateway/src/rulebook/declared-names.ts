import { parsePath } from '../mask/path.ts'
import type { FunctionDefinition } from '../model/function.ts'
import { isJsonObject, type Json } from '../model/json.ts'

/** The parts of a function that name fields. */
export type NamingFunction = Partial<
  Pick<
    FunctionDefinition,
    'argumentSchema' | 'resultSchema' | 'argumentMasks' | 'resultMasks' | 'detect'
  >
>

/** Names of fields that somebody wrote down for this function: members of its schemas, steps of the paths of its rules. */
export function declaredNamesOf(fn: NamingFunction): ReadonlySet<string> {
  const names = new Set<string>()
  for (const schema of [fn.argumentSchema, fn.resultSchema]) if (schema) addMembers(schema, names)
  const paths = [
    ...[...(fn.argumentMasks ?? []), ...(fn.resultMasks ?? [])].map(({ path }) => path),
    ...(fn.detect ?? []).flatMap((rule) => rule.paths ?? []),
  ]
  for (const path of paths) {
    const read = parsePath(path)
    if ('problem' in read) continue
    for (const { selectors } of read.segments) {
      for (const one of selectors) if (one.kind === 'name') names.add(one.name)
    }
  }
  return names
}

/** Schemas are bounded where they are loaded; what is no schema in them, such as an example, has no `properties`. */
function addMembers(schema: Json, names: Set<string>): void {
  if (Array.isArray(schema)) for (const one of schema) addMembers(one, names)
  if (!isJsonObject(schema)) return
  for (const [keyword, value] of Object.entries(schema)) {
    if (valuesOnly.has(keyword)) continue
    if (keyword === 'properties' && isJsonObject(value)) {
      for (const name of Object.keys(value)) names.add(name)
    }
    addMembers(value, names)
  }
}

const valuesOnly = new Set(['example', 'examples', 'default', 'const', 'enum'])
