import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { formats } from './formats.ts'
import { patternProblem } from './json-schema.ts'

/** One OpenAPI document under conversion. References lead into it and nowhere else. */
export type OpenApiSource = {
  readonly root: JsonObject
  readonly warn: (message: string) => void
  /** Nodes that may still be written: following references multiplies. */
  budget: number
}

const depthMax = 24
// Followed again at every use: a longer one is an attack on whoever does.
const refCharsMax = 1024

/**
 * A schema of OpenAPI 3.0 or 3.1 as plain JSON Schema 2020-12, every reference written out. A reference
 * that leads back to itself becomes "anything", with a warning. Members that only the other direction
 * carries (`readOnly` in arguments) are left out.
 */
export function convertSchema(
  source: OpenApiSource,
  schema: Json | undefined,
  at: { readonly where: string; readonly direction: 'arguments' | 'result' },
): JsonObject {
  return convert({ source, ...at, stack: [] }, schema)
}

/** Follows a `$ref` within the document; anything else comes back as it is. */
export function resolve(source: OpenApiSource, value: Json | undefined): JsonObject {
  let found = value
  for (let hop = 0; hop < 8 && isJsonObject(found); hop++) {
    if (typeof found.$ref !== 'string') return found
    found = referred(source, found.$ref)
  }
  return {}
}

type Place = {
  readonly source: OpenApiSource
  readonly where: string
  readonly direction: 'arguments' | 'result'
  /** References on the way here. */
  readonly stack: readonly string[]
}

function convert(at: Place, schema: Json | undefined): JsonObject {
  const { source, where, stack } = at
  if (!isJsonObject(schema)) return {}
  source.budget -= 1
  if (source.budget < 0 || stack.length > depthMax) {
    source.warn(`${where}: the schema is too large or deep; from here on anything is accepted.`)
    return {}
  }
  const { $ref } = schema
  if (typeof $ref === 'string') {
    if (stack.includes($ref)) {
      source.warn(`${where}: ${$ref} contains itself; its inner use accepts anything.`)
      return {}
    }
    const found = referred(source, $ref)
    if (found === undefined) {
      source.warn(`${where}: ${$ref} leads out of the document or nowhere; anything is accepted.`)
      return {}
    }
    return convert({ ...at, stack: [...stack, $ref] }, found)
  }
  const inner: Place = { ...at, stack: [...stack, ''] }
  const converted = {
    ...scalars(at, schema),
    ...bounds(at, schema),
    ...composed(inner, schema),
    ...members(inner, schema),
  }
  return schema.nullable === true ? orNull(converted) : converted
}

/** What a reference within the document leads to. Undefined: nowhere, or out of it. */
export function referred(source: OpenApiSource, ref: string): Json | undefined {
  if (!ref.startsWith('#/') || ref.length > refCharsMax) return undefined
  let found: Json | undefined = source.root
  for (const step of ref.slice(2).split('/')) {
    const key = decode(step).replaceAll('~1', '/').replaceAll('~0', '~')
    found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return found
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

const copied = [
  'type',
  'enum',
  'const',
  'minLength',
  'maxLength',
  'multipleOf',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  // Of tools of MCP servers: without it they would be called without a header that they want.
  'x-mcp-header',
]

function scalars({ source, where }: Place, schema: JsonObject): Record<string, Json> {
  const found: Record<string, Json> = {}
  for (const key of copied) {
    const value = schema[key]
    if (value === undefined) continue
    if (exact(value)) found[key] = value
    else source.warn(`${where}: ${key} cannot be held exactly and is left out.`)
  }
  if (typeof schema.format === 'string') {
    if (Object.hasOwn(formats, schema.format)) found.format = schema.format
    else source.warn(`${where}: the format ${schema.format} is not checked.`)
  }
  if (typeof schema.pattern === 'string') {
    if (patternProblem(schema.pattern) === undefined) found.pattern = schema.pattern
    else source.warn(`${where}: a pattern needs backtracking and was left out.`)
  }
  if (schema.uniqueItems === true) {
    found.uniqueItems = true
    const few = typeof schema.maxItems === 'number' && schema.maxItems <= 1000
    if (!few) found.maxItems = 1000
  }
  if (typeof schema.description === 'string') {
    const text = schema.description.toWellFormed().replace(/\s+/g, ' ').trim().slice(0, 200)
    if (text !== '') found.description = text
  }
  return found
}

/** 3.0 says `exclusiveMinimum: true` beside `minimum`; 2020-12 says the number itself. */
function bounds({ source, where }: Place, schema: JsonObject): Record<string, Json> {
  const found: Record<string, Json> = {}
  for (const [plain, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const bound = schema[plain]
    const strict = schema[exclusive]
    if (![bound, strict].every((one) => one === undefined || exact(one))) {
      source.warn(`${where}: ${plain} cannot be held exactly and is left out.`)
      continue
    }
    if (typeof strict === 'number') found[exclusive] = strict
    if (typeof bound === 'number') found[strict === true ? exclusive : plain] = bound
  }
  return found
}

/** Whether a value can be written into YAML and read back as the same. */
function exact(value: Json): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value)
  if (typeof value === 'string') return value.isWellFormed()
  if (Array.isArray(value)) return value.every(exact)
  if (!isJsonObject(value)) return true
  return Object.entries(value).every(
    ([key, one]) => key !== '__proto__' && exact(key) && exact(one),
  )
}

function composed(at: Place, schema: JsonObject): Record<string, Json> {
  const found: Record<string, Json> = {}
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list: Json | undefined = schema[word]
    if (Array.isArray(list) && list.length > 0) {
      found[word] = list.map((one: Json) => convert(at, one))
    }
  }
  if (isJsonObject(schema.not)) found.not = convert(at, schema.not)
  return found
}

function members(at: Place, schema: JsonObject): Record<string, Json> {
  const found: Record<string, Json> = {}
  const left = new Set<string>()
  if (isJsonObject(schema.properties)) {
    const properties: Record<string, Json> = {}
    for (const [name, property] of Object.entries(schema.properties)) {
      const { readOnly } = resolve(at.source, property)
      if (
        name === '__proto__' ||
        !exact(name) ||
        (at.direction === 'arguments' && readOnly === true)
      ) {
        left.add(name)
      } else properties[name] = convert({ ...at, where: `${at.where}, ${name}` }, property)
    }
    found.properties = properties
  }
  if (Array.isArray(schema.required)) {
    const required: Json[] = schema.required.filter(
      (name: Json) => typeof name === 'string' && !left.has(name),
    )
    if (required.length > 0) found.required = [...new Set(required)]
  }
  const items = schema.items
  if (isJsonObject(items)) found.items = convert(at, items)
  else if (schema.type === 'array') found.items = {}
  const more = schema.additionalProperties
  if (typeof more === 'boolean') found.additionalProperties = more
  else if (isJsonObject(more)) found.additionalProperties = convert(at, more)
  return found
}

function orNull(schema: JsonObject): JsonObject {
  const { type } = schema
  if (typeof type !== 'string') {
    return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: 'null' }] }
  }
  const listed: Json | undefined = schema.enum
  const withNull = Array.isArray(listed) && !listed.includes(null)
  return { ...schema, type: [type, 'null'], ...(withNull && { enum: [...listed, null] }) }
}
