import { utf8Text } from '../encoding.ts'
import type { McpFacts } from './content.ts'
import { type Arguments, parseJson } from './http-arguments.ts'
import { isJsonObject, isTooDeep } from './json.ts'

/**
 * The arguments in a recorded MCP request: the JSON object that the caller sent as such. Undefined where the record
 * holds more than that: a resource of a template, whose names stand in its URI; answers to what an upstream had asked.
 */
export function readMcpArguments(
  bytes: Uint8Array,
  { method, name }: McpFacts,
): Arguments | undefined {
  const isResource = method === 'resources/read' && !name.includes('{')
  if (!isResource && method !== 'tools/call' && method !== 'prompts/get') return undefined
  if (isTooDeep(bytes)) return undefined
  try {
    const value = parseJson(utf8Text(bytes) ?? '')
    if (!isJsonObject(value) || Object.hasOwn(value, 'inputResponses')) return undefined
    return new Map(Object.entries(value))
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
