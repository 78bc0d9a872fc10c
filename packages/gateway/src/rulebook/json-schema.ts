import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { nearest } from '../config/schema-problem.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { formats } from './formats.ts'
import { compileInScript } from './linear-pattern.ts'

export type ArgumentProblem = { readonly pointer: string; readonly problem: string }

/** Says what of a value does not fit a schema; empty when it fits. Names, never values. */
export type SchemaCheck = (value: JsonObject) => readonly ArgumentProblem[]

/** `pointer` is a JSON pointer into the schema, as far as the place is known. */
export type SchemaFault = {
  readonly pointer: string
  readonly message: string
  readonly hint?: string
}

const problemsMax = 20
// Listing everything that is wrong costs memory per fault; a value larger than this gets the first only.
const listedNodesMax = 5000
const uniqueItemsMax = 1000
const schemaDepthMax = 48

/**
 * Compiles a JSON Schema (2020-12) for hostile input: unknown keywords are refused, patterns run in
 * linear time (RE2), formats are a safe subset, `$ref` stays inside the schema.
 */
export function compileSchema(
  schema: JsonObject,
): { check: SchemaCheck } | { faults: SchemaFault[] } {
  const faults = costFaults(schema, '', 0)
  if (faults.length > 0) return { faults }
  const first = compileWith(schema, false)
  if ('faults' in first) return first
  let listing: ValidateFunction | undefined
  return {
    check: (value) => {
      if (first.validate(value)) return []
      const small = countNodes(value, listedNodesMax) < listedNodesMax
      if (!small) return explain(first.validate.errors, schema)
      if (!listing) {
        const again = compileWith(schema, true)
        listing = 'validate' in again ? again.validate : first.validate
      }
      listing(value)
      return explain(listing.errors, schema)
    },
  }
}

function compileWith(
  schema: JsonObject,
  allErrors: boolean,
): { validate: ValidateFunction } | { faults: SchemaFault[] } {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    ownProperties: true,
    allErrors,
    // Checked against the metaschema below, once for all: compiling that takes 25 times as long.
    meta: false,
    validateSchema: false,
    logger: false,
    formats,
    // Where an MCP server wants an argument repeated (2026-07-28, basic/transports/streamable-http): nothing is checked by it.
    keywords: [{ keyword: 'x-mcp-header', schemaType: 'string' }],
    code: { regExp: linearPattern },
  })
  try {
    if (metaschema.validateSchema(schema) !== true) return { faults: metaFaults(metaschema.errors) }
    return { validate: ajv.compile(schema) }
  } catch (thrown) {
    return { faults: [faultOf(thrown)] }
  }
}

const metaschema = new Ajv2020({
  strict: false,
  logger: false,
  validateFormats: false,
  // It looks at small schemas while a program starts: to make its code shorter takes longer than that saves.
  code: { optimize: false },
})

/** A JSON Schema `pattern` in linear time. Throws when it needs what only backtracking can do. */
const linearPattern = Object.assign(
  (pattern: string) => {
    const compiled = compileInScript(pattern)
    return {
      test: (text: string) => compiled.matcher(text).find(),
      // ajv keeps one expression for each text; without this, all patterns would be the first one.
      toString: () => `/${pattern}/`,
    }
  },
  // Only used by standalone code, which is never made here.
  { code: 'linearPattern' },
)

/** Why a pattern cannot be used, or undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compileInScript(pattern)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'unreadable'
  }
}

function faultOf(thrown: unknown): SchemaFault {
  const text = thrown instanceof Error ? thrown.message : 'the schema cannot be compiled'
  if (
    thrown instanceof Error &&
    /RE2|regexp|PatternSyntax|instructions/i.test(`${thrown.name} ${text}`)
  ) {
    return {
      pointer: '',
      message: `A pattern cannot be matched in linear time: ${text}.`,
      hint: 'Patterns have the syntax of RE2: no look-ahead, look-behind or back-references.',
    }
  }
  if (/^unknown format/.test(text)) {
    const known = Object.keys(formats).join(', ')
    return { pointer: '', message: `${capital(text)}.`, hint: `Known: ${known}.` }
  }
  if (/can't resolve reference/.test(text)) {
    return {
      pointer: '',
      message: 'A `$ref` leads out of this schema or nowhere.',
      hint: 'Put what it names under `$defs` and refer to `#/$defs/…`.',
    }
  }
  return { pointer: '', message: `${capital(text.replace(/^strict mode: /, ''))}.` }
}

function metaFaults(errors: readonly ErrorObject[] | null | undefined): SchemaFault[] {
  const deepest = (errors ?? []).toSorted((a, b) => b.instancePath.length - a.instancePath.length)
  const [one] = deepest
  if (!one) return [{ pointer: '', message: 'This is no JSON Schema.' }]
  return [{ pointer: one.instancePath, message: `In the JSON Schema this ${one.message}.` }]
}

/** What validates in more than linear time, or cannot be walked. */
function costFaults(schema: Json, pointer: string, depth: number): SchemaFault[] {
  if (depth > schemaDepthMax) return [{ pointer, message: 'The schema nests too deep.' }]
  if (Array.isArray(schema)) {
    return schema.flatMap((one: Json, index) => costFaults(one, `${pointer}/${index}`, depth + 1))
  }
  if (!isJsonObject(schema)) return []
  const faults: SchemaFault[] = []
  const items = schema.items
  const scalar =
    isJsonObject(items) && /^(?:string|integer|number|boolean)$/.test(String(items.type))
  const few = typeof schema.maxItems === 'number' && schema.maxItems <= uniqueItemsMax
  if (schema.uniqueItems === true && !scalar && !few) {
    faults.push({
      pointer: `${pointer}/uniqueItems`,
      message: 'Comparing every two elements takes too long without a bound.',
      hint: `Add maxItems (at most ${uniqueItemsMax}), or one scalar type for the items.`,
    })
  }
  for (const [key, member] of Object.entries(schema)) {
    if (key === 'const' || key === 'enum' || key === 'default' || key === 'examples') continue
    faults.push(...costFaults(member, `${pointer}/${escapePointer(key)}`, depth + 1))
  }
  return faults
}

function explain(
  errors: readonly ErrorObject[] | null | undefined,
  schema: JsonObject,
): readonly ArgumentProblem[] {
  const problems = (errors ?? []).map((error) => problemOf(error, schema))
  const distinct = new Map(problems.map((one) => [`${one.pointer}\n${one.problem}`, one]))
  return [...distinct.values()].slice(0, problemsMax)
}

function problemOf(error: ErrorObject, schema: JsonObject): ArgumentProblem {
  const at = error.instancePath
  const named = (key: unknown, problem: string): ArgumentProblem => {
    return { pointer: cut(`${at}/${escapePointer(String(key))}`), problem }
  }
  const params: Readonly<Record<string, unknown>> = error.params
  switch (error.keyword) {
    case 'required':
      return named(params.missingProperty, 'is required')
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params.additionalProperty ?? params.unevaluatedProperty)
      const near = at === '' ? nearest(key, argumentNames(schema)) : undefined
      return named(key, near ? `is not known; did you mean ${near}?` : 'is not known')
    }
    case 'type':
      return { pointer: cut(at), problem: `must be ${[params.type].flat().join(' or ')}` }
    case 'enum':
      return { pointer: cut(at), problem: 'is not one of the allowed values' }
    case 'const':
      return { pointer: cut(at), problem: 'is not the allowed value' }
    case 'propertyNames':
      return { pointer: cut(at), problem: 'holds a name that is not allowed' }
    case 'pattern':
      return { pointer: cut(at), problem: 'does not have the required form' }
    default:
      return { pointer: cut(at), problem: error.message ?? 'does not fit' }
  }
}

/** Names come from the caller too: long ones are cut. */
function cut(pointer: string): string {
  return pointer.length > 200 ? `${pointer.slice(0, 199)}…` : pointer
}

function argumentNames(schema: JsonObject): readonly string[] {
  return isJsonObject(schema.properties) ? Object.keys(schema.properties) : []
}

/** How many values there are within a value; stops counting at `most`. */
function countNodes(value: Json, most: number): number {
  let count = 0
  const rest: Json[] = [value]
  while (rest.length > 0 && count < most) {
    const one = rest.pop()
    count += 1
    if (Array.isArray(one)) for (const element of one.slice(0, most)) rest.push(element)
    else if (isJsonObject(one)) rest.push(...Object.values(one).slice(0, most))
  }
  return count
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
