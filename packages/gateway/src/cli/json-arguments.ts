import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { Failure } from './exit.ts'

/**
 * Arguments as a person writes them, one JSON object. Numbers keep their own text: an amount that a
 * double cannot hold is sent as it was written, never rounded.
 */
export type JsonArguments = {
  /** As policy sees them; see `exactNumber` for numbers that are not safe integers. */
  readonly values: JsonObject
  readonly names: readonly string[]
  /** JSON text of one argument. */
  readonly textOf: (name: string) => string
  /** Source text of the number at this path. */
  readonly exactNumber: (path: readonly string[]) => string | undefined
}

export function readJsonArguments(text: string): JsonArguments {
  const values = parse(text)
  const exact: unknown = JSON.parse(text, withSource)
  return {
    values,
    names: Object.keys(values),
    textOf: (name) => jsonText(memberOf(exact, name)),
    exactNumber: (path) => {
      const node = path.reduce<unknown>(memberOf, exact)
      return node instanceof NumberText ? node.text : undefined
    },
  }
}

/**
 * The same with single arguments added, each `name=value`, or replaced: a value that is JSON is taken as it stands,
 * any other as text. `{"id": "c-1"}` and `--arg limit=5` are one object.
 */
export function withArguments(text: string, added: readonly string[]): string {
  if (added.length === 0) return text
  const given = readJsonArguments(text)
  const members = new Map(given.names.map((name) => [name, given.textOf(name)]))
  for (const one of added) {
    const at = one.indexOf('=')
    if (at < 1) {
      const cure = 'Write --arg name=value.'
      throw new Failure('usage', 'An argument has no name or no value.', { detail: one, cure })
    }
    members.set(one.slice(0, at), valueText(one.slice(at + 1)))
  }
  const written = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`)
  return `{${written.join(',')}}`
}

function valueText(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}

function parse(text: string): JsonObject {
  let value: Json | undefined
  try {
    value = JSON.parse(text)
  } catch {
    throw new Failure('usage', 'The arguments are not JSON.', { cure: example })
  }
  if (!isJsonObject(value)) {
    throw new Failure('usage', 'The arguments are not a JSON object.', { cure: example })
  }
  return value
}

const example = 'Write -d \'{"name": "value"}\', -d @file.json, or -d - for stdin.'

class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

function withSource(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined
    ? new NumberText(context.source)
    : value
}

function memberOf(node: unknown, name: string): unknown {
  const isNode = typeof node === 'object' && node !== null && Object.hasOwn(node, name)
  return isNode ? Reflect.get(node, name) : undefined
}

function jsonText(node: unknown): string {
  if (node instanceof NumberText) return node.text
  if (Array.isArray(node)) return `[${node.map(jsonText).join(',')}]`
  if (typeof node !== 'object' || node === null) return JSON.stringify(node) ?? 'null'
  const members = Object.entries(node)
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${jsonText(one)}`).join(',')}}`
}
