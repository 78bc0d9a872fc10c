import type { MaskedArguments } from '../../call/arguments.ts'
import type { HttpOutbound } from '../../call/stage.ts'
import type { ArgumentPlace } from '../../model/function.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { HeaderPair } from '../door/request.ts'
import { type ArgumentsRead, argumentBytes, type Request, readArguments } from './arguments.ts'
import { outboundPath } from './outbound.ts'
import { pathArgumentsOf, segmentsOf } from './route.ts'
import { readFields, readTarget, type Target } from './target.ts'

export type Rewritten = { readonly outbound: HttpOutbound; readonly bytes: Uint8Array }

/**
 * Puts masked values where the received ones stood: in path, query, header and body, each where it came
 * from. What did not change stays byte for byte. The result is read again as if it had been received, and
 * unless it says what the masking says this throws, a fault: nothing is forwarded or recorded then.
 */
export function rewriteArguments(
  request: Request,
  read: ArgumentsRead,
  masked: MaskedArguments,
  outbound: HttpOutbound,
): Rewritten {
  const change: Change = { before: read.args.values, after: masked.values }
  const changed = Object.keys(change.before).filter((name) => !sameJson(...bothOf(change, name)))
  const from = (place: ArgumentPlace) =>
    new Set(changed.filter((one) => read.places.get(one) === place))
  const { match, target } = request
  const next: Request = {
    match,
    target: {
      ...withPath(request, from('path'), change),
      query: withFields(target.query, from('query'), change),
    },
    head: { ...request.head, headers: withHeaders(request.head.headers, from('header'), change) },
    body: masked.body ?? withBody(request, from('body'), change),
  }
  const url = urlOf(request, next.target)
  const written = { ...next, head: { ...next.head, url } }
  assertRewritten(written, read, masked)
  return {
    outbound: {
      ...outbound,
      path: outboundPath(match.connection.upstream, next.target, match.prefixLength),
      headers: withHeaders(outbound.headers, from('header'), change),
      // A body that streams through is no argument and stays as it is.
      body: request.body === undefined ? outbound.body : next.body,
    },
    bytes: argumentBytes(written.head, match.headerNames, next.body),
  }
}

type Change = { readonly before: JsonObject; readonly after: JsonObject }
type Names = ReadonlySet<string>

/** What every object inherits is no argument. */
function own(values: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function bothOf({ before, after }: Change, name: string): [Json | undefined, Json | undefined] {
  return [own(before, name), own(after, name)]
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function withPath({ match, target }: Request, names: Names, { after }: Change): Target {
  if (names.size === 0) return target
  const template = segmentsOf(match.fn.http.path)
  const segments = target.path.slice(1).split('/')
  for (const [index, text] of template.entries()) {
    const [, before = '', name, rest = ''] = /^([^{]*)\{([^}]+)\}([^{]*)$/.exec(text) ?? []
    if (name === undefined || !names.has(name)) continue
    const value = encodeURIComponent(scalarText(own(after, name)))
    segments[match.prefixLength + index] = `${before}${value}${rest}`
  }
  return { ...target, path: `/${segments.join('/')}` }
}

function withHeaders(
  pairs: readonly HeaderPair[],
  names: Names,
  { after }: Change,
): readonly HeaderPair[] {
  if (names.size === 0) return pairs
  const argumentOf = new Map([...names].map((name) => [name.toLowerCase(), name]))
  return pairs.flatMap(([header, value]): HeaderPair[] => {
    const name = argumentOf.get(header)
    if (name === undefined) return [[header, value]]
    const now = own(after, name)
    return now === undefined ? [] : [[header, fieldValue(scalarText(now))]]
  })
}

/** A rule may replace a value by any text; not all text can stand in a header (RFC 9110 section 5.5). */
function fieldValue(text: string): string {
  if (/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/.test(text)) {
    return text
  }
  throw new Error('a masked argument cannot be written into a header')
}

/** Query or form text with the fields of these names rewritten, a list element by element. */
function withFields(text: string, names: Names, change: Change): string {
  if (names.size === 0) return text
  const seen = new Map<string, number>()
  const pairs = text.split('&')
  const rewritten = readFields(text).flatMap(([name, value], at): string[] => {
    const pair = pairs[at] ?? ''
    if (!names.has(name)) return [pair]
    const nth = seen.get(name) ?? 0
    seen.set(name, nth + 1)
    const [before, after] = bothOf(change, name)
    const now = textsOf(after)[nth]
    if (now === undefined) return []
    // The very element that was read, so that one which is not hidden is sent as it was written.
    const kept = elementOf(before, nth) === now && before !== undefined
    return [kept || now === value ? pair : `${nameOf(pair)}=${encodeURIComponent(now)}`]
  })
  return rewritten.join('&')
}

/** One value, or each value of a list, as the texts of fields. */
function textsOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value.map((one: Json) => scalarText(one)) : [scalarText(value)]
}

function elementOf(value: Json | undefined, index: number): string | undefined {
  return textsOf(value)[index]
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=')
  return equals < 0 ? pair : pair.slice(0, equals)
}

/** A body whose members were not masked in place. */
function withBody({ match, body }: Request, names: Names, change: Change): Uint8Array | undefined {
  if (body === undefined || names.size === 0) return body
  const { http } = match.fn
  if (http.body === 'form') {
    return Buffer.from(withFields(Buffer.from(body).toString('utf8'), names, change))
  }
  const value =
    http.bodyArgument === undefined ? change.after : own(change.after, http.bodyArgument)
  if (value === undefined) return undefined
  if (http.body === 'json') return Buffer.from(JSON.stringify(value))
  if (http.body === 'binary' && typeof value === 'object' && value !== null) {
    // What policy sees of it is its digest: a part of that stands nowhere in the bytes.
    throw new Error('a part of a binary body cannot be hidden')
  }
  return Buffer.from(scalarText(value))
}

/** The request target after the change; as it came where nothing of it changed. */
function urlOf({ head, target }: Request, { path, query }: Target): string {
  if (path === target.path && query === target.query) return head.url
  return query === '' ? path : `${path}?${query}`
}

/** Reads what would be sent, as if a caller had sent it, and compares. */
function assertRewritten(written: Request, read: ArgumentsRead, masked: MaskedArguments): void {
  const again = reread(written)
  const all = [read.args.values, masked.values, again].flatMap((values) => Object.keys(values))
  for (const name of new Set(all)) {
    const found = own(again, name)
    const [before, after] = bothOf({ before: read.args.values, after: masked.values }, name)
    const place = read.places.get(name)
    // In a body that was masked in place a number is hidden by its own digits, 1.50 not by 1.5.
    const inPlace = place === 'body' && masked.body !== undefined
    const right = inPlace
      ? sameJson(before, after) === sameJson(before, found)
      : sameTexts(found, after)
    if (!right) throw new Error('a masked argument was not rewritten')
  }
}

function reread(written: Request): JsonObject {
  const { head, match } = written
  try {
    const target = readTarget(head.url, head.host)
    const pathArgs = pathArgumentsOf(match, target.segments)
    return readArguments({ ...written, target, match: { ...match, pathArgs } }).args.values
  } catch (cause) {
    // A refusal here would blame the caller for what the rules wrote.
    throw new Error('a request with masked arguments cannot be read', { cause })
  }
}

/** What is text on the wire has no type of its own there: `5` and `"5"` are the same field. */
function sameTexts(a: Json | undefined, b: Json | undefined): boolean {
  return sameJson(a, b) || sameJson([...textsOf(a)], [...textsOf(b)])
}

function scalarText(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}
