import type { Arguments, MaskedArguments } from '../../../call/arguments.ts'
import { Refusal } from '../../../call/refusal.ts'
import type { McpMethod } from '../../../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { matchUri, readUriTemplate } from '../../../model/uri-template.ts'
import { invalidParams } from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { refuseAs } from '../message/problem.ts'
import type { McpMatch } from '../route.ts'
import type { Naming } from './naming.ts'

/** The requests of a caller's that are calls. */
export type CallMethod = Extract<
  McpMethod,
  'tools/call' | 'resources/read' | 'prompts/get' | 'completion/complete'
>

export function isCallMethod(method: string): method is CallMethod {
  return callMethods.some((one) => one === method)
}

const callMethods: readonly CallMethod[] = [
  'tools/call',
  'resources/read',
  'prompts/get',
  'completion/complete',
]

/** To hear that a resource changes may who may read it. */
export const subscribeMethod = 'resources/subscribe'

/** Which function a request means, as its upstream calls it. Refuses what names none. */
export function addressOf(
  { method: asked, params }: CallerRequest,
  naming: Naming,
): { readonly method: CallMethod; readonly connection: string; readonly name: string } {
  const method = asked === subscribeMethod ? 'resources/read' : asked
  if (!isCallMethod(method)) throw new Refusal('function-unknown')
  const found = named(method, params, naming)
  if (!found) throw new Refusal('function-unknown')
  return { method, ...found }
}

function named(method: CallMethod, params: JsonObject, naming: Naming) {
  if (method === 'resources/read') return naming.ofUri(textOf(params, 'uri'))
  if (method !== 'completion/complete') return naming.ofName(textOf(params, 'name'))
  const { ref } = params
  if (!isJsonObject(ref)) throw refuseAs(invalidParams('`ref` says what is completed.'))
  return ref.type === 'ref/resource'
    ? naming.ofUri(textOf(ref, 'uri'))
    : naming.ofName(textOf(ref, 'name'))
}

function textOf(params: JsonObject, name: string): string {
  const text = params[name]
  if (typeof text === 'string' && text !== '') return text
  throw refuseAs(invalidParams(`\`${name}\` is a text, and not empty.`))
}

/** Arguments as received, and what its upstream is sent of the request. */
export type ArgumentsRead = {
  readonly args: Arguments
  /** `params` for the upstream, with these arguments; the ones received when absent. */
  readonly paramsWith: (masked?: MaskedArguments) => {
    readonly params: Uint8Array
    readonly bytes: Uint8Array
  }
}

/** Refuses what is not of the method's shape. */
export function readArguments(
  request: CallerRequest,
  method: CallMethod,
  match: McpMatch,
  name: string,
): ArgumentsRead {
  if (method === 'resources/read') {
    return readResource(match, name, { subscribes: request.method === subscribeMethod })
  }
  if (method === 'completion/complete') return readCompletion(request, name)
  const { arguments: values = {} } = request.params
  if (!isJsonObject(values)) throw refuseAs(invalidParams('`arguments` is a JSON object.'))
  const bytes = request.members.get('arguments') ?? noArguments
  const exactNumber = (path: readonly string[]) => request.exactNumber(['arguments', ...path])
  const head = Buffer.from(`{"name":${JSON.stringify(match.fn.mcp.name)},"arguments":`)
  return {
    args: { values, bytes, mediaType, exactNumber },
    paramsWith: (masked) => {
      const now = masked ? bytesOf(masked) : bytes
      return { params: Buffer.concat([head, now, brace]), bytes: now }
    },
  }
}

const mediaType = 'application/json'
const noArguments: Uint8Array = Buffer.from('{}')
const brace: Uint8Array = Buffer.from('}')

/** Of who only wants to hear that it changes, what people and auditors are shown says so. */
function readResource(
  { fn, variables }: McpMatch,
  uri: string,
  { subscribes }: { readonly subscribes: boolean },
): ArgumentsRead {
  const bytesFor = (now: string) =>
    Buffer.from(JSON.stringify({ uri: now, ...(subscribes && { subscribe: true }) }))
  const bytes = bytesFor(uri)
  return {
    args: { values: resourceValues({ variables }, uri), bytes, mediaType },
    paramsWith: (masked) => {
      const now = masked ? maskedUri(masked) : uri
      return { params: Buffer.from(JSON.stringify({ uri: now })), bytes: bytesFor(now) }
    },
  }

  /** What is hidden of the URI, or of a part of it that has a name. */
  function maskedUri({ values, body }: MaskedArguments): string {
    const whole: Json = body ? JSON.parse(Buffer.from(body).toString('utf8')) : values
    const now = isJsonObject(whole) ? whole.uri : undefined
    if (typeof now !== 'string') throw new Error('a masked URI was not rewritten')
    const names = Object.keys(variables)
    if (names.every((name) => values[name] === variables[name])) return now
    const template = readUriTemplate(fn.mcp.name)
    if ('problem' in template) throw new Error('a masked URI was not rewritten')
    // What another rule hid in the URI is hidden in the part it was in; where that cannot be told, each other part is.
    const left = now === uri ? variables : matchUri(template, now)
    const parts = Object.fromEntries(
      names.map((name) => [name, hiddenByBoth(variables[name], values[name], left?.[name])]),
    )
    const written = expanded(fn.mcp.name, parts)
    const again = matchUri(template, written)
    const isRight = names.every((name) => again?.[name] === parts[name])
    if (!isRight) throw new Error('a masked URI was not rewritten')
    return written
  }
}

/** A part of a URI by two rules, of which each hid something of it or nothing. `other` undefined: nobody can tell. */
function hiddenByBoth(
  before: string | undefined,
  one: Json | undefined,
  other: string | undefined,
): Json {
  if (one === undefined) throw new Error('a masked URI was not rewritten')
  if (other === before || other === one) return one
  if (one === before) return other ?? '[REDACTED:URI]'
  return other === undefined ? one : '[REDACTED:URI]'
}

/** What policy sees of who reads a resource, or wants to hear of it. */
export function resourceValues(
  { variables }: Pick<McpMatch, 'variables'>,
  uri: string,
): JsonObject {
  return { ...variables, uri }
}

/** A template with values put in, each encoded. */
function expanded(template: string, values: JsonObject): string {
  return template.replace(/\{(\+?)([^}]+)\}/g, (_, rest: string, name: string) => {
    const text = String(values[name] ?? '')
    return rest === ''
      ? encodeURIComponent(text)
      : encodeURI(text).replaceAll(/[?#]/g, encodeURIComponent)
  })
}

/** `name`: of what is completed, as its upstream calls it. */
function readCompletion({ params, members, exactNumber }: CallerRequest, name: string) {
  const { ref, argument, context } = params
  if (!isJsonObject(ref) || !isJsonObject(argument)) {
    throw refuseAs(invalidParams('`ref` and `argument` say what is completed.'))
  }
  const key = ref.type === 'ref/resource' ? 'uri' : 'name'
  const known: JsonObject = { ...ref, [key]: name }
  const values: JsonObject = { ref: known, argument, ...(context !== undefined && { context }) }
  const parts = Object.keys(values).map((one) => {
    const written = one === 'ref' ? Buffer.from(JSON.stringify(known)) : members.get(one)
    return Buffer.concat([Buffer.from(`"${one}":`), written ?? Buffer.from('null')])
  })
  const inside = parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from(','), part]))
  const bytes = Buffer.concat([Buffer.from('{'), ...inside, brace])
  return {
    args: { values, bytes, mediaType, exactNumber },
    paramsWith: (masked?: MaskedArguments) => {
      const now = masked ? bytesOf(masked) : bytes
      return { params: now, bytes: now }
    },
  }
}

function bytesOf({ values, body }: MaskedArguments): Uint8Array {
  return body ?? Buffer.from(JSON.stringify(values))
}
