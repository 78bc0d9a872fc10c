import { utf8Text } from '../encoding.ts'
import type { Content, FunctionFacts } from './content.ts'
import { parseJson, readHttpArguments } from './http-arguments.ts'
import { isJsonObject, isTooDeep, type JsonObject } from './json.ts'

/**
 * The arguments in a recorded request as one document, in which the paths of masks begin; numbers are
 * `NumberText`. Undefined where the record holds more than one: a resource of a template, answers to what an
 * upstream had asked; and for what cannot be read.
 */
export function readArgumentsOf(
  bytes: Uint8Array,
  fn: FunctionFacts,
  content: Content,
): JsonObject | undefined {
  if (fn.mcp) {
    const value = fn.mcp.name.includes('{') ? undefined : readJsonObject(bytes)
    return value && Object.hasOwn(value, 'inputResponses') ? undefined : value
  }
  const { prefix } = content.connections.get(fn.connection) ?? {}
  const args = prefix === undefined ? undefined : readHttpArguments(bytes, { ...fn, prefix })
  return args && Object.fromEntries(args)
}

/** With numbers as `NumberText`. */
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
