import { createHash } from 'node:crypto'
import type { Arguments } from '../../call/arguments.ts'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import type { ArgumentPlace, HttpBinding } from '../../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { type JsonBody, readJsonBody } from '../door/json-body.ts'
import type { Head } from './head.ts'
import type { Match } from './route.ts'
import { readFields, type Target } from './target.ts'

export type Request = {
  readonly head: Head
  readonly target: Target
  readonly match: Match
  readonly body: Uint8Array | undefined
}

/** The arguments and where each of them came from: a name nobody declared came from somewhere too. */
export type ArgumentsRead = {
  readonly args: Arguments
  readonly places: ReadonlyMap<string, ArgumentPlace>
}

/**
 * Path, query, header and body arguments become one flat object, each under the name the function
 * declares. A name that arrives from two places, or from another place than declared, is refused:
 * policy and upstream could read different ones.
 */
export function readArguments(request: Request): ArgumentsRead {
  const { head, target, match, body } = request
  const { places, bodyArgument } = match.fn.http
  const cameFrom = new Map<string, ArgumentPlace>()
  const values: Record<string, Json> = Object.create(null)
  const put = (name: string, place: ArgumentPlace, value: Json) => {
    const declared = declaredPlace(places, name)
    if (name in values) throw twice(name)
    if (declared !== undefined && declared !== place) throw misplaced(name, declared)
    values[name] = value
    cameFrom.set(name, place)
  }
  const schema = propertySchemas(match.fn.argumentSchema)
  for (const [name, text] of Object.entries(match.pathArgs)) {
    put(name, 'path', readScalar(text, schema[name]))
  }
  putFields(readFields(target.query), 'query', schema, put)
  for (const [name, place] of Object.entries(places)) {
    if (place !== 'header') continue
    const found = head.headers.filter(([one]) => one === name.toLowerCase())
    if (found.length > 1) throw twice(name)
    if (found[0]) put(name, 'header', readScalar(found[0][1], schema[name]))
  }
  const read = readBodyArguments(match.fn.http, body, schema, put)
  const args: Arguments = {
    values: { ...values },
    bytes: argumentBytes(head, match.headerNames, body),
    mediaType: 'message/http',
    ...(read && { exactNumber: (path) => exactNumber(read, path, bodyArgument) }),
  }
  return { args, places: cameFrom }
}

/** Arguments may be named `constructor` or `__proto__`; what every object inherits declares nothing. */
function declaredPlace(places: HttpBinding['places'], name: string): ArgumentPlace | undefined {
  return Object.hasOwn(places, name) ? places[name] : undefined
}

type Put = (name: string, place: ArgumentPlace, value: Json) => void
type Schemas = Readonly<Record<string, Json>>

function readBodyArguments(
  http: HttpBinding,
  body: Uint8Array | undefined,
  schema: Schemas,
  put: Put,
): JsonBody | undefined {
  if (!body) return undefined
  const { bodyArgument } = http
  if (http.body === 'json') {
    const read = readJsonBody(body, limits.argumentsDepth)
    if (bodyArgument !== undefined) put(bodyArgument, 'body', read.value)
    else if (isJsonObject(read.value)) {
      for (const [name, value] of Object.entries(read.value)) put(name, 'body', value)
    } else throw new Refusal('request-malformed', { detail: 'The body must be a JSON object.' })
    return read
  }
  if (http.body === 'form') {
    putFields(readFields(decodeText(body)), 'body', schema, put)
  } else if (bodyArgument !== undefined) {
    // A binary body's content is no argument: policy and schema see its size and digest.
    const digest = () => createHash('sha256').update(body).digest('hex')
    const value = http.body === 'text' ? decodeText(body) : { bytes: body.length, sha256: digest() }
    put(bodyArgument, 'body', value)
  }
  return undefined
}

function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (cause) {
    throw new Refusal('request-malformed', { detail: 'The body is not UTF-8.', cause })
  }
}

/** Fields of one name are an array where the schema says so, and refused otherwise. */
function putFields(
  fields: readonly (readonly [string, string])[],
  place: 'query' | 'body',
  schema: Schemas,
  put: Put,
): void {
  const lists = new Map<string, Json[]>()
  for (const [name, text] of fields) {
    const declared = schema[name]
    if (isJsonObject(declared) && declared.type === 'array') {
      const list = lists.get(name) ?? []
      list.push(readScalar(text, declared.items))
      lists.set(name, list)
    } else put(name, place, readScalar(text, declared))
  }
  for (const [name, list] of lists) put(name, place, list)
}

/**
 * Text from path, query, header or form as the type the schema declares. What does not read as that
 * type stays text, and the schema refuses it.
 */
function readScalar(text: string, schema: Json | undefined): Json {
  const type = isJsonObject(schema) ? schema.type : undefined
  if (type === 'integer' && /^-?(?:0|[1-9]\d{0,15})$/.test(text)) return integerOr(text)
  if (type === 'number' && isExact(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** A decimal of at most fifteen digits, which a double holds exactly enough to be written the same. */
function isExact(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) && text.replace(/\D/g, '').length <= 15
}

function integerOr(text: string): Json {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

function propertySchemas(schema: JsonObject): Schemas {
  const properties = schema.properties
  return isJsonObject(properties) ? properties : {}
}

function exactNumber(
  body: JsonBody,
  path: readonly string[],
  bodyArgument: string | undefined,
): string | undefined {
  if (bodyArgument === undefined) return body.exactNumber(path)
  return path[0] === bodyArgument ? body.exactNumber(path.slice(1)) : undefined
}

/**
 * The bytes that carry arguments, as they came: request line, declared header arguments, blank line,
 * body. This is what an approval is bound to and what the record commits to.
 */
export function argumentBytes(
  head: Head,
  headerNames: ReadonlySet<string>,
  body: Uint8Array | undefined,
): Uint8Array {
  let text = `${head.method} ${head.url}\n`
  for (const [name, value] of head.headers) {
    if (name === 'content-type' || headerNames.has(name)) text += `${name}: ${value}\n`
  }
  const prefix = Buffer.from(`${text}\n`, 'latin1')
  return body ? Buffer.concat([prefix, body]) : prefix
}

function twice(name: string): Refusal {
  return new Refusal('request-malformed', { detail: `The argument ${name} was given twice.` })
}

function misplaced(name: string, place: string): Refusal {
  return new Refusal('request-malformed', {
    detail: `The argument ${name} belongs in the ${place}.`,
  })
}
