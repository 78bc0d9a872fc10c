import type { ArgumentPlace, HttpBinding } from '../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Address } from './address.ts'
import { headerProblem } from './connections.ts'
import type { Flaw } from './flaw.ts'
import type { FunctionEntry } from './forms.ts'

export type ArgumentsRead = {
  readonly schema: JsonObject
  readonly http: HttpBinding
  readonly flaws: readonly Flaw[]
  /** Where a JSON pointer into `schema` stands within the function's form. */
  readonly pathOf: (pointer: string) => Flaw['path']
}

/**
 * Arguments as written into JSON Schema and places. Two forms: a JSON Schema (a map with `type: object`),
 * or the short one, each argument by name with its schema, `required: true` and `in:`.
 */
export function readArgumentsForm(entry: FunctionEntry, address: Address): ArgumentsRead {
  const written: JsonObject = entry.arguments ?? {}
  const isSchema = written.type === 'object'
  const flaws: Flaw[] = []
  const taken = isSchema ? takePlaces(written, flaws) : expandShortForm(written, flaws)
  const captures = address.segments.flatMap((one) => ('name' in one ? [one.name] : []))
  const body = entry.body ?? (bodiless.has(address.method) ? 'none' : 'json')
  const schema = finishSchema(taken.schema, { captures, entry, body })
  const places = placeAll({ stated: taken.places, schema, captures, body, entry }, flaws)
  flaws.push(...placeFlaws(places, { captures, body, entry, isSchema }))
  return {
    schema,
    http: {
      method: address.method,
      path: address.path,
      places,
      body,
      ...(entry.bodyArgument !== undefined && { bodyArgument: entry.bodyArgument }),
    },
    flaws,
    pathOf: (pointer) => argumentPath(pointer, isSchema),
  }
}

const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

type Taken = {
  readonly schema: JsonObject
  readonly places: ReadonlyMap<string, ArgumentPlace>
}

/** A JSON Schema whose properties may say `in:`, which is no keyword and is taken out. */
function takePlaces(written: JsonObject, flaws: Flaw[]): Taken {
  const places = new Map<string, ArgumentPlace>()
  if (!isJsonObject(written.properties)) return { schema: written, places }
  const properties: Record<string, Json> = {}
  for (const [name, property] of Object.entries(written.properties)) {
    if (!isJsonObject(property) || property.in === undefined) {
      properties[name] = property
      continue
    }
    const { in: place, ...rest } = property
    properties[name] = rest
    readPlace(place, ['arguments', 'properties', name], { name, places, flaws })
  }
  return { schema: { ...written, properties }, places }
}

/** Arguments by name as one JSON Schema, and where each says that it comes from. */
export function expandShortForm(written: JsonObject, flaws: Flaw[]): Taken {
  const places = new Map<string, ArgumentPlace>()
  const properties: Record<string, Json> = {}
  const required: string[] = []
  for (const [name, value] of Object.entries(written)) {
    const path = ['arguments', name]
    if (typeof value === 'string' && scalarTypes.has(value)) {
      properties[name] = { type: value }
      continue
    }
    if (!isJsonObject(value)) {
      const hint = 'Write `name: string`, or `name: { type: string, required: true }`.'
      flaws.push({ path, message: 'An argument has a type or a JSON Schema.', hint })
      continue
    }
    const { in: place, required: must, ...schema } = value
    if (place !== undefined) readPlace(place, path, { name, places, flaws })
    if (must === true) required.push(name)
    // A list is the keyword of JSON Schema, about the members of this argument.
    properties[name] = Array.isArray(must) ? { ...schema, required: must } : schema
    if (must !== undefined && typeof must !== 'boolean' && !Array.isArray(must)) {
      flaws.push({ path: [...path, 'required'], message: '`required` is true or false.' })
    }
  }
  const schema = { type: 'object', properties, ...(required.length > 0 && { required }) }
  return { schema, places }
}

const scalarTypes = new Set(['string', 'integer', 'number', 'boolean'])

function readPlace(
  place: Json | undefined,
  path: Flaw['path'],
  into: {
    readonly name: string
    readonly places: Map<string, ArgumentPlace>
    readonly flaws: Flaw[]
  },
): void {
  if (place === 'path' || place === 'query' || place === 'header' || place === 'body') {
    into.places.set(into.name, place)
  } else {
    const message = '`in` is one of path, query, header, body.'
    into.flaws.push({ path: [...path, 'in'], message })
  }
}

/** Path arguments are always there; what is not declared is refused unless said otherwise. */
export function finishSchema(
  schema: JsonObject,
  about: {
    readonly captures: readonly string[]
    readonly entry: FunctionEntry
    readonly body: HttpBinding['body']
  },
): JsonObject {
  const { captures, entry, body } = about
  const properties: Record<string, Json> = {
    ...(isJsonObject(schema.properties) ? schema.properties : {}),
  }
  const whole = entry.bodyArgument
  if (whole !== undefined && !(whole in properties)) properties[whole] = wholeBody[body] ?? {}
  const stated = Array.isArray(schema.required) ? schema.required : []
  const declared = captures.filter((name) => name in properties)
  const required = [...new Set([...stated, ...declared])].toSorted()
  const composed = ['allOf', 'anyOf', 'oneOf', '$ref', 'if'].some((word) => word in schema)
  const closing = composed ? 'unevaluatedProperties' : 'additionalProperties'
  const open =
    entry.unknownArguments === 'allow' ||
    'additionalProperties' in schema ||
    'unevaluatedProperties' in schema
  return {
    ...schema,
    properties,
    ...(required.length > 0 && { required }),
    ...(!open && { [closing]: false }),
  }
}

/** What policy and schema see of a body that is one argument (see protocol/http/arguments.ts). */
const wholeBody: Readonly<Partial<Record<HttpBinding['body'], JsonObject>>> = {
  text: { type: 'string' },
  binary: {
    type: 'object',
    properties: { bytes: { type: 'integer' }, sha256: { type: 'string' } },
    required: ['bytes', 'sha256'],
    additionalProperties: false,
  },
}

type Placing = {
  readonly stated: ReadonlyMap<string, ArgumentPlace>
  readonly schema: JsonObject
  readonly captures: readonly string[]
  readonly body: HttpBinding['body']
  readonly entry: FunctionEntry
}

function placeAll(at: Placing, flaws: Flaw[]): Readonly<Record<string, ArgumentPlace>> {
  const { stated, schema, captures, body, entry } = at
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  for (const name of captures) {
    if (name in properties) continue
    flaws.push({
      path: ['http'],
      message: `The path takes {${name}}, which is not declared.`,
      hint: `Add \`${name}: { type: string, maxLength: 64 }\` under arguments.`,
    })
  }
  const carries = entry.bodyArgument === undefined && (body === 'json' || body === 'form')
  const places: Record<string, ArgumentPlace> = {}
  for (const name of Object.keys(properties)) {
    const rest = name === entry.bodyArgument || carries ? 'body' : 'query'
    places[name] = stated.get(name) ?? (captures.includes(name) ? 'path' : rest)
  }
  return places
}

function placeFlaws(
  places: Readonly<Record<string, ArgumentPlace>>,
  at: {
    readonly captures: readonly string[]
    readonly body: HttpBinding['body']
    readonly entry: FunctionEntry
    readonly isSchema: boolean
  },
): Flaw[] {
  const flaws: Flaw[] = []
  const { captures, body, entry } = at
  const headers = new Map<string, string>()
  for (const [name, place] of Object.entries(places)) {
    const path = ['arguments', ...(at.isSchema ? ['properties'] : []), name]
    const flaw = (message: string, hint?: string) =>
      flaws.push({ path, message, ...(hint !== undefined && { hint }) })
    if (captures.includes(name) && place !== 'path') {
      flaw(`\`${name}\` stands in the path and in the ${place}.`, 'Rename one of the two.')
    }
    if (place === 'path' && !captures.includes(name)) {
      flaw(`The path has no {${name}}.`, `Write {${name}} into \`http\`, or another \`in\`.`)
    }
    if (place === 'header') {
      const problem = headerProblem(name)
      if (problem) flaw(problem)
      const same = headers.get(name.toLowerCase())
      if (same !== undefined) flaw(`\`${same}\` is the same header: names ignore case.`)
      headers.set(name.toLowerCase(), name)
    }
    if (place === 'body' && (body === 'none' || body === 'stream')) {
      flaw(`A body of kind ${body} carries no arguments.`, 'Write `body: json`, or `in: query`.')
    }
    if (place === 'body' && entry.bodyArgument !== undefined && name !== entry.bodyArgument) {
      flaw(`The whole body is \`${entry.bodyArgument}\`.`, 'Write `in: query` here.')
    }
  }
  if (entry.bodyArgument !== undefined && places[entry.bodyArgument] !== 'body') {
    const message = 'The argument that is the body stands elsewhere.'
    flaws.push({ path: ['bodyArgument'], message, hint: 'Write `in: body`, or leave `in` out.' })
  }
  if ((body === 'text' || body === 'binary') && entry.bodyArgument === undefined) {
    const message = `A ${body} body is one argument and needs a name.`
    flaws.push({ path: ['body'], message, hint: 'Add `bodyArgument: content`.' })
  }
  if (entry.bodyArgument !== undefined && /^(?:none|form|stream)$/.test(body)) {
    const message = `A body of kind ${body} is not one argument.`
    flaws.push({ path: ['bodyArgument'], message, hint: 'Remove it, or write `body: json`.' })
  }
  return flaws
}

/** Where a JSON pointer into the schema stands within a function's form. */
export function argumentPath(pointer: string, isSchema: boolean): Flaw['path'] {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  // The short form has no `properties` level of its own.
  return ['arguments', ...(isSchema ? steps : steps.slice(1))]
}
