import type { McpConnection } from './connection.ts'
import type { FunctionDefinition, McpMethod } from './function.ts'
import type { JsonObject } from './json.ts'

/** What an MCP server lists, by kind, as its capabilities name them; templates of resources are of theirs. */
export const mcpKinds = ['tools', 'prompts', 'resources'] as const
export type McpKind = (typeof mcpKinds)[number]

/** Everything an MCP server lists of itself, every page of it, in its own words. Nothing of it is believed. */
export type McpListing = {
  readonly tools: readonly JsonObject[]
  readonly resources: readonly JsonObject[]
  readonly resourceTemplates: readonly JsonObject[]
  readonly prompts: readonly JsonObject[]
  /** What it declared it can do. */
  readonly capabilities: JsonObject
  /** SHA-256 over the bytes received of each list, any text. */
  readonly digests: Readonly<Record<McpList, string>>
  /** The same over all of it, and of what it can do: of two with the same, one is read. */
  readonly fingerprint: string
}

export type McpList = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

/** Only lists of these kinds are asked for; the rest is what was read before, unless its server is another by now. */
export type McpAgain = { readonly kinds: ReadonlySet<McpKind>; readonly before: McpListing }

/** Of which kind a function is; undefined: its server lists nothing of the like. */
export function listedKindOf({ mcp }: Pick<FunctionDefinition, 'mcp'>): McpKind | undefined {
  return mcp && kinds[mcp.method]
}

const kinds: Readonly<Partial<Record<McpMethod, McpKind>>> = {
  'tools/call': 'tools',
  'prompts/get': 'prompts',
  'resources/read': 'resources',
}

/**
 * Why a server could not be read: for the operator, and without a word of the server's. `lists`: only those of these
 * kinds could not; absent: it could not be asked at all.
 */
export type McpUnread = { readonly problem: string; readonly lists?: readonly McpKind[] }

/** Asks a server what it lists, for the gateway itself and not for a caller. Rejects never. */
export type ListMcp = (
  connection: McpConnection,
  signal: AbortSignal,
  again?: McpAgain,
) => Promise<McpListing | McpUnread>

/** What of one connection may be listed to callers: what was read at or after they asked. */
export type Listed =
  | { readonly problem: string }
  | {
      /**
       * What an imported function is described as, by function id: those that are what was registered, or what its
       * owner has accepted. The rest is refused, and absent.
       */
      readonly functions: ReadonlyMap<string, JsonObject>
      /** URIs of the resources it lists, for functions that stand for many of them; in its order. */
      readonly uris: readonly string[]
      readonly capabilities: JsonObject
    }
