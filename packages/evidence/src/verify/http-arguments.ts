import { utf8Text } from '../encoding.ts'
import { sha256 } from '../hash.ts'
import type { HttpFacts } from './content.ts'
import { hexOf, isJsonObject, isTooDeep, type JsonObject } from './json.ts'
import { latin1 } from './payloads.ts'

/** A number as it was written: what a double holds of it may be another. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Arguments by name. Numbers are `NumberText`; all else is as `JSON.parse` gives it. */
export type Arguments = ReadonlyMap<string, unknown>

/**
 * The arguments in a recorded request: its first line, the headers that are arguments, an empty line, the
 * body. Read once more from the bytes, by the function's own description of where each argument stands.
 * Undefined where they do not fit together.
 */
export function readHttpArguments(
  bytes: Uint8Array,
  fn: { readonly http: HttpFacts; readonly argumentSchema: JsonObject; readonly prefix: string },
): Arguments | undefined {
  const request = splitRequest(bytes)
  if (!request) return undefined
  const properties = isJsonObject(fn.argumentSchema.properties) ? fn.argumentSchema.properties : {}
  const values = new Map<string, unknown>()
  const put = (name: string, value: unknown): boolean => {
    if (values.has(name)) return false
    values.set(name, value)
    return true
  }
  const read = (name: string, text: string) => put(name, scalar(text, schemaOf(properties, name)))
  try {
    const fits =
      readPath(request.path, `${fn.prefix}/${fn.http.path}`, read) &&
      readFields(request.query, properties, put) &&
      readHeaders(request.headers, fn.http.places, read) &&
      readBody(request.body, fn.http, properties, put)
    return fits ? values : undefined
  } catch (thrown) {
    // Percent-encoding that is broken, or a body that is no JSON.
    if (thrown instanceof URIError || thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/** Whether a recorded request is one of this function: its method, and its path but for the arguments in it. */
export function isOfFunction(
  bytes: Uint8Array,
  { http, prefix }: { readonly http: HttpFacts; readonly prefix: string },
): boolean {
  const request = splitRequest(bytes)
  if (!request || request.method !== http.method) return false
  try {
    return readPath(request.path, `${prefix}/${http.path}`, () => true)
  } catch (thrown) {
    if (thrown instanceof URIError) return false
    throw thrown
  }
}

type Put = (name: string, value: unknown) => boolean
type Read = (name: string, text: string) => boolean

type HttpRequest = {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

function splitRequest(bytes: Uint8Array): HttpRequest | undefined {
  const end = bytes.findIndex((byte, at) => byte === newline && bytes[at + 1] === newline)
  if (end < 0) return undefined
  const [first = '', ...lines] = latin1(bytes.subarray(0, end)).split('\n')
  const [, method, target] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+)$/.exec(first) ?? []
  if (method === undefined || target === undefined) return undefined
  const text = target.replace(/^https?:\/\/[^/?#]+/i, '') || '/'
  const queryAt = text.indexOf('?')
  return {
    method,
    path: queryAt < 0 ? text : text.slice(0, queryAt),
    query: queryAt < 0 ? '' : text.slice(queryAt + 1),
    headers: lines.map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    }),
    body: bytes.subarray(end + 2),
  }
}

const newline = 0x0a

function readPath(path: string, template: string, read: Read): boolean {
  const segments = path === '/' ? [] : path.slice(1).split('/').map(decodeURIComponent)
  const wanted = template.split('/').filter((segment) => segment !== '')
  // A template that ends in a slash has an empty last segment, as the path then has.
  if (template.endsWith('/') && segments.at(-1) === '') wanted.push('')
  if (segments.length !== wanted.length) return false
  return wanted.every((text, at) => {
    const segment = segments[at] ?? ''
    const [, before = '', name, after = ''] = /^([^{]*)\{([^}]+)\}([^{]*)$/.exec(text) ?? []
    if (name === undefined) return text === segment
    if (!segment.startsWith(before) || !segment.endsWith(after)) return false
    return read(name, segment.slice(before.length, segment.length - after.length))
  })
}

function readFields(text: string, properties: JsonObject, put: Put): boolean {
  const lists = new Map<string, unknown[]>()
  for (const pair of text === '' ? [] : text.split('&')) {
    const equals = pair.indexOf('=')
    const name = decodeField(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decodeField(pair.slice(equals + 1))
    const schema = schemaOf(properties, name)
    if (schema.type === 'array') {
      const items = isJsonObject(schema.items) ? schema.items : {}
      lists.set(name, [...(lists.get(name) ?? []), scalar(value, items)])
    } else if (!put(name, scalar(value, schema))) return false
  }
  return [...lists].every(([name, list]) => put(name, list))
}

function decodeField(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function readHeaders(
  headers: HttpRequest['headers'],
  places: HttpFacts['places'],
  read: Read,
): boolean {
  const names = Object.keys(places).filter((name) => places[name] === 'header')
  return names.every((name) => {
    const found = headers.find(([one]) => one === name.toLowerCase())
    return !found || read(name, found[1])
  })
}

function readBody(body: Uint8Array, http: HttpFacts, properties: JsonObject, put: Put): boolean {
  const { bodyArgument } = http
  if (body.length === 0 && http.body !== 'text') return true
  switch (http.body) {
    case 'json': {
      if (isTooDeep(body)) return false
      const value = parseJson(utf8Text(body) ?? '')
      if (bodyArgument !== undefined) return put(bodyArgument, value)
      return isJsonObject(value) && Object.entries(value).every(([name, one]) => put(name, one))
    }
    case 'form':
      return readFields(utf8Text(body) ?? '', properties, put)
    case 'text':
      return bodyArgument === undefined || put(bodyArgument, utf8Text(body))
    case 'binary': {
      const bytes = new NumberText(`${body.length}`)
      return bodyArgument === undefined || put(bodyArgument, { bytes, sha256: hexOf(sha256(body)) })
    }
    default:
      return true
  }
}

/**
 * A JSON text with its numbers as they were written. Throws `SyntaxError`.
 *
 * Engines that follow "JSON.parse source text access" (ECMAScript 2026) tell how a number was written.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, ...more: readonly unknown[]) => {
    if (typeof value !== 'number') return value
    const [context] = more
    const source = isJsonObject(context) ? context.source : undefined
    return new NumberText(typeof source === 'string' ? source : `${value}`)
  })
}

/** With numbers as `NumberText`; undefined for what is no JSON object, or is too deep to be walked. */
export function readJsonObject(bytes: Uint8Array): JsonObject | undefined {
  if (isTooDeep(bytes)) return undefined
  try {
    const value = parseJson(utf8Text(bytes) ?? '')
    return isJsonObject(value) ? value : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/** Text from a path, a query, a header or a form as the type its schema declares, where it reads so. */
function scalar(text: string, schema: JsonObject): unknown {
  const isInteger = /^-?(?:0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
  if (schema.type === 'integer' && isInteger) return new NumberText(text)
  const isDecimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)
  if (schema.type === 'number' && isDecimal && text.replace(/\D/g, '').length <= 15) {
    return new NumberText(text)
  }
  if (schema.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function schemaOf(properties: JsonObject, name: string): JsonObject {
  const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
  return isJsonObject(schema) ? schema : {}
}
