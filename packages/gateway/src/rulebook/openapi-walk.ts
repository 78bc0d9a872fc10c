import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Operation } from './openapi-operation.ts'
import { type OpenApiSource, resolve } from './openapi-schema.ts'

/** OpenAPI 3.0 or 3.1, as the document says of itself. */
export function isOpenApi(root: JsonObject): boolean {
  return typeof root.openapi === 'string' && /^3\.[01]\./.test(root.openapi)
}

/** Every operation of a document, named; warns when there are more than it takes. */
export function operationsOf(source: OpenApiSource): readonly Operation[] {
  const found: Operation[] = []
  const taken = new Map<string, number>()
  let parameterCount = 0
  const paths = isJsonObject(source.root.paths) ? source.root.paths : {}
  for (const [path, written] of Object.entries(paths)) {
    const item = resolve(source, written)
    for (const method of methods) {
      const operation = item[method]
      if (!isJsonObject(operation)) continue
      if (found.length === operationsMax) {
        source.warn(`Only the first ${operationsMax} operations are imported.`)
        return found
      }
      const name = uniqueName(operation.operationId, { method, path, taken })
      const upper = method.toUpperCase()
      const parameters = [...listOf(item.parameters), ...listOf(operation.parameters)]
      parameterCount += parameters.length
      if (parameterCount > parametersMax) {
        source.warn(`More than ${parametersMax} parameters: the rest is left out.`)
        return found
      }
      found.push({
        name,
        method: upper,
        path,
        operation,
        parameters: lastOfEach(source, parameters),
      })
    }
  }
  return found
}

const operationsMax = 5000
// Of all operations: one path item may be referred to by many.
const parametersMax = 50_000
const methods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options']

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

/** A parameter of the operation replaces the path's of the same name and place. */
function lastOfEach(source: OpenApiSource, parameters: readonly Json[]): readonly Json[] {
  const byName = new Map<string, Json>()
  for (const written of parameters) {
    const { name, in: place } = resolve(source, written)
    byName.set(`${String(place)} ${String(name)}`, written)
  }
  return [...byName.values()]
}

function uniqueName(
  id: Json | undefined,
  at: { readonly method: string; readonly path: string; readonly taken: Map<string, number> },
): string {
  const wish = typeof id === 'string' && id !== '' ? id : `${at.method}.${at.path}`
  const parts = wish.split(/[./]+/).map((part) => part.replace(/[^A-Za-z0-9_]+/g, '-'))
  const plain = parts.map((part) => part.replace(/^-+|-+$/g, '')).filter((part) => part !== '')
  const joined = plain.join('.').slice(0, 120).replace(/\.+$/, '')
  const base = /^[A-Za-z]/.test(joined) ? joined : `${at.method}.${joined || 'call'}`
  let name = base
  let count = at.taken.get(base) ?? 1
  while (at.taken.has(name)) name = `${base}-${++count}`
  at.taken.set(base, count)
  at.taken.set(name, at.taken.get(name) ?? 1)
  return name
}
