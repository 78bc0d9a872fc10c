import type { CredentialUse, SecretReference } from './secret.ts'

/** A configured way to one upstream. */
export type Connection = HttpConnection | McpConnection

type Reached = {
  readonly id: string
  readonly credential: CredentialUse
  /** Milliseconds until the upstream's first byte and between two bytes; limits.ts when absent. */
  readonly timeoutMs?: number
}

export type HttpConnection = Reached & {
  readonly protocol: 'http'
  /** Origin and base path of the upstream: `https://crm.internal:8443/api`; or the vault of the gateway itself. */
  readonly upstream: string
  /** How callers address it: a path prefix (`/crm`) or a host name, or both. */
  readonly prefix?: string
  readonly host?: string
  /** Caller headers passed on besides the standard ones (see protocol/http/header.ts). Lower case. */
  readonly forwardHeaders: readonly string[]
  /**
   * Where the upstream says what it offers: the whole URL of an OpenAPI document, and how often it is read,
   * milliseconds. Absent: nobody looks.
   */
  readonly describedBy?: { readonly openapi: string; readonly everyMs: number }
  /** Lower-case name of the response header in which the upstream states its definition; absent: it does not. */
  readonly definitionHeader?: string
}

/** An MCP server. Callers reach it at `/mcp`, among others, and alone at `/mcp/<id>`. */
export type McpConnection = Reached & {
  readonly protocol: 'mcp'
  /** The MCP endpoint of a server behind Streamable HTTP; `stdio:<command>` of one that is a child process. */
  readonly upstream: string
  /** How the child process is started. Absent: the server is behind `upstream`. */
  readonly stdio?: McpChild
  /** The protocol revision it is spoken to in. Absent: found out, newest first; a child is asked for 2025-11-25. */
  readonly revision?: McpRevision
  /**
   * All callers share one session, or one child process, with it. False: each principal has its own, so that what
   * a server remembers of one is never seen by another.
   */
  readonly shared: boolean
  /**
   * How old, in milliseconds, what it says of its functions may be when one is called. 0: it is asked again before each
   * call (calls that wait at the same time share the answer).
   */
  readonly definitionMaxAgeMs: number
  /** How often it is asked without any call, milliseconds. */
  readonly describedEveryMs: number
}

/** A program that is started without a shell and with nothing in its environment but what stands here. */
export type McpChild = {
  /** An absolute path, or a name looked up in the gateway's own PATH. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | SecretReference>>
  readonly cwd?: string
}

export const mcpRevisions = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const
export type McpRevision = (typeof mcpRevisions)[number]

/** The upstream that is the gateway's own vault: it turns tokens back into what they stand for. */
export const vaultUpstream = 'vault:'

/** The first segment of the paths that are the gateway's own, at every host: no function has one of them. */
export const reservedSegment = '.sallyport'

/** The first segment of the paths at which MCP is spoken, at every host. */
export const mcpSegment = 'mcp'

/** Below it, by RFC 9728, every host says who vouches for callers of MCP. */
export const metadataSegments = ['.well-known', 'oauth-protected-resource'] as const
