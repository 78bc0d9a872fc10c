import type { McpConnection } from '../../model/connection.ts'
import type { McpFunction, McpMethod } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'
import {
  compareTemplates,
  matchUri,
  readUriTemplate,
  resembles,
  type UriTemplate,
} from '../../model/uri-template.ts'

/** A function found by method and name. */
export type McpMatch = {
  readonly connection: McpConnection
  readonly fn: McpFunction
  /** What the template of a resource captured, percent-decoded. Empty for everything else. */
  readonly variables: Readonly<Record<string, string>>
}

export type McpFunctions = {
  /** Every MCP connection, by id. */
  readonly connections: ReadonlyMap<string, McpConnection>
  /** The functions of one connection, in order of their ids. */
  readonly of: (connectionId: string) => readonly McpFunction[]
  /**
   * `name`: as the upstream calls it: of a tool or prompt, the URI of a resource; ignored for methods of which a
   * connection has one. Undefined: nobody registered that.
   */
  readonly find: (asked: {
    readonly connection: string
    readonly method: McpMethod
    readonly name: string
  }) => McpMatch | undefined
}

/** The MCP functions of one rulebook, made ready once. */
export function mcpFunctions(rulebook: Rulebook): McpFunctions {
  const known = tables.get(rulebook)
  if (known) return known
  const entries = new Map<string, Entry>()
  for (const connection of rulebook.connections) {
    if (connection.protocol !== 'mcp') continue
    const own = rulebook.functions.filter(
      (fn): fn is McpFunction => fn.mcp !== undefined && fn.connection === connection.id,
    )
    entries.set(connection.id, entryOf(connection, own))
  }
  const functions: McpFunctions = {
    connections: new Map([...entries].map(([id, { connection }]) => [id, connection])),
    of: (id) => entries.get(id)?.functions ?? [],
    find: ({ connection: id, method, name }) => {
      const entry = entries.get(id)
      return entry && findIn(entry, method, name)
    },
  }
  tables.set(rulebook, functions)
  return functions
}

const tables = new WeakMap<Rulebook, McpFunctions>()

type Entry = {
  readonly connection: McpConnection
  readonly functions: readonly McpFunction[]
  readonly named: ReadonlyMap<string, McpFunction>
  /** Of resources, the first that fits counts. */
  readonly templates: readonly { readonly template: UriTemplate; readonly fn: McpFunction }[]
}

function entryOf(connection: McpConnection, functions: readonly McpFunction[]): Entry {
  const templates = functions.flatMap((fn) => {
    const { method, name } = fn.mcp
    const template = method === 'resources/read' ? readUriTemplate(name) : undefined
    return template && !('problem' in template) ? [{ template, fn }] : []
  })
  return {
    connection,
    functions,
    named: new Map(functions.map((fn) => [`${fn.mcp.method} ${fn.mcp.name}`, fn])),
    templates: templates.toSorted((a, b) => compareTemplates(a.template, b.template)),
  }
}

function findIn(entry: Entry, method: McpMethod, name: string): McpMatch | undefined {
  const { connection, named, templates } = entry
  if (method === 'resources/read') {
    for (const [index, { template, fn }] of templates.entries()) {
      const variables = matchUri(template, name)
      if (!variables) continue
      // What could be read for another function's by its upstream is not let through as this one's.
      const isOthers = templates.slice(0, index).some((one) => resembles(one.template, name))
      return isOthers ? undefined : { connection, fn, variables }
    }
    return undefined
  }
  const hasName = method === 'tools/call' || method === 'prompts/get'
  const fn = named.get(`${method} ${hasName ? name : ''}`)
  return fn && { connection, fn, variables: {} }
}
