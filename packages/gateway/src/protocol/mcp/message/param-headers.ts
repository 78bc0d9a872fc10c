import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { membersOf, valueOfMember } from './members.ts'

/**
 * `Mcp-Param-…` of a `tools/call`: arguments that the tool's schema wants as headers (`x-mcp-header`), as far as they
 * are there (2026-07-28, basic/transports/streamable-http). `params`: as they are sent.
 */
export function paramHeaders(
  schema: JsonObject,
  params: Uint8Array,
): readonly (readonly [name: string, value: string])[] {
  const places = placesOf(schema)
  if (places.length === 0) return []
  const args = valueOfMember(membersOf(params)?.get('arguments'))
  const headers: [string, string][] = []
  for (const { header, path } of places) {
    const value = path.reduce<Json | undefined>(
      (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      args,
    )
    const text = typeof value === 'string' ? value : wordOf(value)
    if (text !== undefined) headers.push([`mcp-param-${header.toLowerCase()}`, headerValue(text)])
  }
  return headers
}

/**
 * Whether a tool can be called as its schema wants: each `x-mcp-header` is a header name of its own, of an argument
 * that is a text, a whole number or a truth, and stands where every call has it. A tool that cannot is not there.
 */
export function hasFittingHeaders(schema: Json | undefined): boolean {
  const places: Place[] = []
  collect(schema, [], places)
  const names = new Set(places.map(({ header }) => header.toLowerCase()))
  return names.size === places.length && countMarks(schema) === places.length
}

/** `Mcp-Name` of the requests that have one. */
export function nameHeader({
  method,
  params,
}: {
  readonly method: string
  readonly params: Uint8Array
}): readonly string[] {
  const member = nameMembers.get(method)
  if (member === undefined) return []
  const name = valueOfMember(membersOf(params)?.get(member))
  return typeof name === 'string' ? ['mcp-name', headerValue(name)] : []
}

const nameMembers: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
])

type Place = { readonly header: string; readonly path: readonly string[] }

/** A definition is immutable, so its places are. */
const known = new WeakMap<JsonObject, readonly Place[]>()

/** Where a tool's schema wants arguments as headers. */
export function placesOf(schema: JsonObject): readonly Place[] {
  const before = known.get(schema)
  if (before) return before
  const places: Place[] = []
  collect(schema, [], places)
  known.set(schema, places)
  return places
}

/** Reached through `properties` only: everything else may or may not be of an argument. */
function collect(schema: Json | undefined, path: readonly string[], into: Place[]): void {
  if (!isJsonObject(schema) || path.length > depthMax) return
  const header = schema['x-mcp-header']
  const fits = typeof header === 'string' && token.test(header) && isPlainType(schema.type)
  if (fits && path.length > 0) into.push({ header, path })
  const { properties } = schema
  if (!isJsonObject(properties)) return
  for (const [name, inner] of Object.entries(properties)) collect(inner, [...path, name], into)
}

function isPlainType(type: Json | undefined): boolean {
  const types = Array.isArray(type) ? type.filter((one) => one !== 'null') : [type]
  return types.length > 0 && types.every((one) => plainTypes.some((plain) => plain === one))
}

const plainTypes = ['string', 'integer', 'boolean']

/** How often it is marked at all: more than were collected stand where they may not. */
function countMarks(value: Json | undefined, name = ''): number {
  if (typeof value !== 'object' || value === null) return 0
  const marks =
    isJsonObject(value) && name !== 'properties' && Object.hasOwn(value, 'x-mcp-header') ? 1 : 0
  // A message is bounded in depth, so this is too.
  return Object.entries(value).reduce((sum, [key, inner]) => sum + countMarks(inner, key), marks)
}

const depthMax = 16
/** RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

function wordOf(value: Json | undefined): string | undefined {
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined
}

/** Plain where a header can carry it unchanged, else in base64 between two marks. */
function headerValue(text: string): string {
  const isPlain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text)
  const looksEncoded = text.startsWith('=?base64?') && text.endsWith('?=')
  if (isPlain && !looksEncoded) return text
  return `=?base64?${Buffer.from(text).toString('base64')}?=`
}
