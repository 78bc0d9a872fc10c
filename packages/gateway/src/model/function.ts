import type { DetectRule } from './detection.ts'
import type { Json, JsonObject } from './json.ts'

export type Sensitivity = 'public' | 'internal' | 'confidential' | 'restricted'
export type Risk = 'low' | 'medium' | 'high' | 'critical'

/** What becomes of a value that a rule names. */
export type MaskStrategy =
  /** The whole value becomes `"[REDACTED:<label>]"`. */
  | { readonly kind: 'redact'; readonly label: string }
  /** Keeps the first and last characters of a string; each one between becomes `*`. */
  | { readonly kind: 'partial'; readonly first: number; readonly last: number }
  /** A keyed pseudonym (HMAC-SHA-256), `"hash:<22 characters>"`: equal values stay equal. Never an unsalted hash. */
  | { readonly kind: 'hash' }
  | { readonly kind: 'replace'; readonly with: Json }
  /** The member or element disappears. */
  | { readonly kind: 'drop' }

export type MaskRule = {
  /** Unique within the rulebook; what the record names. */
  readonly id: string
  /** RFC 9535 JSONPath, the part of it that one forward pass can decide (see mask/path.ts). */
  readonly path: string
  readonly strategy: MaskStrategy
}

/** Where an HTTP function takes one argument from. */
export type ArgumentPlace = 'path' | 'query' | 'header' | 'body'

/** One governed callable, as described. `digest` is over everything else in it. */
export type FunctionDefinition = FunctionDescription & { readonly digest: string }

/** What `digest` is over. */
export type FunctionDescription = Described & Bound

/** How it is called in its protocol. */
type Bound =
  | { readonly http: HttpBinding; readonly mcp?: undefined }
  | { readonly mcp: McpBinding; readonly http?: undefined }

export type HttpFunction = FunctionDefinition & { readonly http: HttpBinding }
export type McpFunction = FunctionDefinition & { readonly mcp: McpBinding }

type Described = {
  /** `<connection>.<name>`, e.g. `crm.customer.get`. */
  readonly id: string
  readonly connection: string
  readonly purpose: string
  readonly owner: string
  readonly sensitivity: Sensitivity
  readonly risk: Risk
  readonly idempotent: boolean
  readonly deferrable: boolean
  /** JSON Schema (2020-12) of the arguments object. */
  readonly argumentSchema: JsonObject
  readonly resultSchema?: JsonObject
  readonly argumentMasks: readonly ArgumentMask[]
  readonly resultMasks: readonly MaskRule[]
  /** What its results carry into the session that called it; see session-label.ts. Absent: nothing. */
  readonly taints?: readonly Taint[]
  /** What is looked for in its bodies. Absent: nothing. */
  readonly detect?: readonly DetectRule[]
  /** Whether payload bytes are kept encrypted beside the record, or only committed to. */
  readonly payloads: 'kept' | 'committed'
  /** How long payloads stay: a retention class of gateway.yaml. Absent: `standard`. */
  readonly retention?: string
  /**
   * What it was imported from: the operation (`GET /customers/{id}`, `tools/call refund`) and the digest of its
   * description, `sha256:<hex>`; see rulebook/openapi-description.ts and mcp-description.ts. Absent: somebody wrote it.
   */
  readonly source?: { readonly operation: string; readonly digest: string }
}

export type ArgumentMask = MaskRule & {
  /** Who must not see the value in clear: the upstream, the record, or both. */
  readonly from: readonly ('upstream' | 'record')[]
}

export type HttpBinding = {
  readonly method: string
  /** `/customers/{id}`; below the connection's prefix and the upstream's base path. */
  readonly path: string
  /** Argument name to place. Names in the template are `path`; the rest is stated or defaulted when loaded. */
  readonly places: Readonly<Record<string, ArgumentPlace>>
  /** The one argument that is the whole body, for bodies that are not JSON objects; absent: a JSON object's members are arguments. */
  readonly bodyArgument?: string
  /** How a body is read. `stream` passes it through unread in bounded memory; it is no argument. */
  readonly body: 'none' | 'json' | 'form' | 'text' | 'binary' | 'stream'
}

/** The requests of MCP that are functions. The last three go from an upstream to the caller. */
export const mcpMethods = [
  'tools/call',
  'resources/read',
  'prompts/get',
  'completion/complete',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
] as const
export type McpMethod = (typeof mcpMethods)[number]

/**
 * Whether its calls go the other way: an upstream makes them, and the caller answers. Who must not see something
 * is then who receives it: of arguments the caller, of the result the upstream.
 */
export function isForCaller({ mcp }: { readonly mcp?: McpBinding | undefined }): boolean {
  const { method } = mcp ?? {}
  return (
    method === 'sampling/createMessage' ||
    method === 'elicitation/create' ||
    method === 'roots/list'
  )
}

/**
 * One MCP request of one connection. Paths of its masks and grants begin at what a caller means by its result:
 * `structuredContent`, and every text of the result that is JSON.
 */
export type McpBinding = {
  readonly method: McpMethod
  /**
   * As the upstream calls it: a tool, a prompt; the URI of a resource, or its template (RFC 6570, `{name}` for one
   * segment and `{+name}` for the rest). Empty for the other methods, of which a connection has one each.
   */
  readonly name: string
}

/** What a function's results may carry into the session that called it. */
export const taints = ['untrusted', 'private'] as const
/** `untrusted`: text that anybody may have written, to a model too; `private`: what must not leave. */
export type Taint = (typeof taints)[number]
