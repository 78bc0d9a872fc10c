import type { McpFacts } from './content.ts'
import { readJsonObject } from './http-arguments.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/** One reading of the arguments in a recorded request. Numbers are `NumberText`. */
export type Recorded = {
  readonly values: JsonObject
  /** What the caller answered to what an upstream had asked: masked by the same rules, each from its root. */
  readonly answers?: JsonObject
  /** Of a resource by template: the names in it, which `values` has beside the URI. */
  readonly names?: readonly string[]
}

/**
 * The arguments in a recorded MCP request, in every reading there is: a record with answers holds both side by
 * side, and a tool may have two arguments that are called so. Empty where none is understood.
 */
export function readMcpArguments(bytes: Uint8Array, mcp: McpFacts): readonly Recorded[] {
  const whole = readJsonObject(bytes)
  if (!whole) return []
  const { arguments: values, inputResponses: answers, ...others } = whole
  const isBoth = isJsonObject(values) && isJsonObject(answers) && Object.keys(others).length === 0
  const readings = isBoth ? [{ values, answers }, { values: whole }] : [{ values: whole }]
  return mcp.method === 'resources/read'
    ? readings.flatMap((one) => ofResource(one, mcp))
    : readings
}

/** That somebody only wants to hear of it is no argument. */
function ofResource({ values, ...rest }: Recorded, { name }: McpFacts): readonly Recorded[] {
  const { uri } = values
  if (typeof uri !== 'string') return []
  const variables = variablesIn(name, uri)
  if (!variables || !name.includes('{')) return [{ ...rest, values: { uri } }]
  const names = Object.keys(variables)
  return [{ ...rest, values: { ...variables, uri }, names }]
}

/** Whether a recorded request is of this function: not of another resource. True of everything else. */
export function isOfMcpFunction(bytes: Uint8Array, mcp: McpFacts): boolean {
  if (mcp.method !== 'resources/read') return true
  return readMcpArguments(bytes, mcp).some(({ values }) => {
    return variablesIn(mcp.name, String(values.uri)) !== undefined
  })
}

/**
 * What a URI has in the places of a template's names: `{name}` between two slashes, with text around it if need be;
 * `{+name}`, at the end, all the rest. Undefined when it is none of the family.
 */
function variablesIn(template: string, uri: string): Readonly<Record<string, string>> | undefined {
  const places = template.split('/')
  const texts = uri.split('/')
  const variables: [string, string][] = []
  const hasRest = /^[^{}]*\{\+[^{}]+\}$/.test(places.at(-1) ?? '')
  if (hasRest) texts.push(texts.splice(places.length - 1).join('/'))
  if (texts.length !== places.length) return undefined
  for (const [at, text] of texts.entries()) {
    const place = places[at] ?? ''
    const [, before = '', name, after = ''] = /^([^{}]*)\{\+?([^{}]+)\}([^{}]*)$/.exec(place) ?? []
    if (name === undefined) {
      if (place !== text) return undefined
      continue
    }
    const isLonger = text.length > before.length + after.length
    if (!isLonger || !text.startsWith(before) || !text.endsWith(after)) return undefined
    const value = decoded(text.slice(before.length, text.length - after.length))
    if (value === undefined) return undefined
    variables.push([name, value])
  }
  return Object.fromEntries(variables)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
