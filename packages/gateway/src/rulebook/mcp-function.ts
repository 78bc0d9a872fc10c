import { type McpBinding, type McpMethod, mcpMethods } from '../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { readUriTemplate, type UriTemplate, variablesOf } from '../model/uri-template.ts'
import { argumentPath, expandShortForm, finishSchema } from './arguments.ts'
import type { Flaw } from './flaw.ts'
import type { FunctionEntry } from './forms.ts'
import { selectsArgument } from './masks.ts'

/** Where an MCP function is found. `template`: of a resource, or a family of them. */
export type McpAddress = McpBinding & { readonly template?: UriTemplate }

/** Reads `tools/call refund`. */
export function readMcpAddress(
  text: string,
): McpAddress | { readonly problem: string; readonly hint: string } {
  const [, word = '', name = ''] = /^(\S+)(?: (.*))?$/.exec(text) ?? []
  const method = mcpMethods.find((one) => one === word)
  if (!method) {
    const hint = `Write a method, a space and a name. Methods: ${mcpMethods.join(', ')}.`
    return { problem: 'This names no method of MCP that can be a function.', hint }
  }
  const example = `Write ${method}${examples[method]}.`
  if (!named.has(method)) {
    const problem = `A connection has one ${method}, which has no name.`
    return name === '' ? { method, name } : { problem, hint: example }
  }
  if (name === '')
    return { problem: `${method} is of something: its name is missing.`, hint: example }
  if (/^\s|\s$|\p{C}/u.test(name)) {
    const hint = 'Write it as the server does.'
    return { problem: 'A name holds no invisible characters, and no space at its ends.', hint }
  }
  if (method !== 'resources/read') return { method, name }
  const template = readUriTemplate(name)
  return 'problem' in template ? { ...template, hint: example } : { method, name, template }
}

const named: ReadonlySet<McpMethod> = new Set(['tools/call', 'resources/read', 'prompts/get'])
const examples: Readonly<Record<McpMethod, string>> = {
  'tools/call': ' refund',
  'resources/read': ' docs://handbook/{page}',
  'prompts/get': ' summary',
  'completion/complete': '',
  'sampling/createMessage': '',
  'elicitation/create': '',
  'roots/list': '',
}

/** The arguments of an MCP function: a JSON Schema, or each by name with its schema and `required: true`. */
export function readMcpArguments(
  entry: FunctionEntry,
  { method, template }: McpAddress,
): {
  readonly schema: JsonObject
  readonly flaws: readonly Flaw[]
  readonly pathOf: (pointer: string) => Flaw['path']
} {
  const written = entry.arguments ?? {}
  const isSchema = written.type === 'object'
  const pathOf = (pointer: string) => argumentPath(pointer, isSchema)
  const flaws: Flaw[] = []
  const params = paramsOf[method]
  if (params && entry.arguments === undefined) return { schema: params, flaws, pathOf }
  const { schema, places } = isSchema
    ? { schema: written, places: new Map() }
    : expandShortForm(written, flaws)
  for (const name of places.keys()) {
    const path = ['arguments', name, 'in']
    flaws.push({ path, message: 'Arguments of MCP come from one place.', hint: 'Remove `in`.' })
  }
  const captures = template ? [uriArgument, ...variablesOf(template)] : []
  const properties: Record<string, Json> = {
    ...Object.fromEntries(captures.map((name) => [name, { type: 'string' }])),
    ...(isJsonObject(schema.properties) && schema.properties),
  }
  const about = { captures, entry, body: 'none' } as const
  return { schema: finishSchema({ ...schema, properties }, about), flaws, pathOf }
}

/** The argument that is the whole URI of a resource; the others are what its template captures. */
const uriArgument = 'uri'

/** Of the methods whose parameters the protocol itself says; policy can read what stands here. */
const paramsOf: Readonly<Partial<Record<McpMethod, JsonObject>>> = {
  'completion/complete': {
    type: 'object',
    properties: {
      ref: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          name: { type: 'string' },
          uri: { type: 'string' },
        },
        required: ['type'],
      },
      argument: {
        type: 'object',
        properties: { name: { type: 'string' }, value: { type: 'string' } },
        required: ['name', 'value'],
      },
      context: { type: 'object' },
    },
    required: ['ref', 'argument'],
    additionalProperties: false,
  },
  'sampling/createMessage': {
    type: 'object',
    properties: {
      messages: { type: 'array' },
      systemPrompt: { type: 'string' },
      includeContext: { type: 'string' },
      maxTokens: { type: 'integer' },
    },
    required: ['messages', 'maxTokens'],
  },
  'elicitation/create': {
    type: 'object',
    properties: {
      mode: { type: 'string' },
      message: { type: 'string' },
      url: { type: 'string' },
    },
    required: ['message'],
  },
  'roots/list': { type: 'object' },
}

/** What of an entry has no meaning for this method. */
export function mcpFlaws(entry: FunctionEntry, { method, template }: McpAddress): readonly Flaw[] {
  const flaws: Flaw[] = []
  for (const key of ['body', 'bodyArgument'] as const) {
    if (entry[key] === undefined) continue
    flaws.push({ path: [key], message: `\`${key}\` is of HTTP functions.`, hint: 'Remove it.' })
  }
  if (entry.deferrable && method !== 'tools/call') {
    flaws.push({ path: ['deferrable'], message: 'Of MCP only calls of tools can be deferred.' })
  }
  const names = template ? variablesOf(template) : []
  if (names.includes(uriArgument)) {
    const message = `\`${uriArgument}\` is the whole URI.`
    flaws.push({ path: ['mcp'], message, hint: 'Give this {name} another name.' })
  }
  if (template)
    flaws.push(...(entry.maskArguments ?? []).flatMap((one, at) => uriMaskFlaws(one, at, names)))
  return flaws
}

/** The record keeps the URI as it came: what its names captured is hidden in it, or nowhere. */
function uriMaskFlaws(
  { path, from = ['record'] }: NonNullable<FunctionEntry['maskArguments']>[number],
  index: number,
  names: readonly string[],
): readonly Flaw[] {
  const at = ['maskArguments', index]
  const name = names.find((one) => selectsArgument(path, one))
  if (name !== undefined) {
    const message = `\`${name}\` stands in the URI too.`
    return [{ path: at, message, hint: 'Hide `$.uri`, or write `payloads: committed`.' }]
  }
  if (!from.includes('upstream') || !selectsArgument(path, uriArgument)) return []
  return [{ path: at, message: 'Without its URI the upstream cannot know what is read.' }]
}
