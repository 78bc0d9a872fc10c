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
export type FunctionDefinition = {
  /** `<connection>.<name>`, e.g. `crm.customer.get`. */
  readonly id: string
  readonly connection: string
  readonly purpose: string
  readonly owner: string
  readonly sensitivity: Sensitivity
  readonly risk: Risk
  readonly idempotent: boolean
  readonly deferrable: boolean
  readonly http: HttpBinding
  /** JSON Schema (2020-12) of the arguments object. */
  readonly argumentSchema: JsonObject
  readonly resultSchema?: JsonObject
  readonly argumentMasks: readonly ArgumentMask[]
  readonly resultMasks: readonly MaskRule[]
  /** What is looked for in its bodies. Absent: nothing. */
  readonly detect?: readonly DetectRule[]
  /** Whether payload bytes are kept encrypted beside the record, or only committed to. */
  readonly payloads: 'kept' | 'committed'
  /** How long payloads stay: a retention class of gateway.yaml. Absent: `standard`. */
  readonly retention?: string
  /**
   * What it was imported from: the operation (`GET /customers/{id}`) and the digest of its description,
   * `sha256:<hex>`; see rulebook/openapi-description.ts. Absent: somebody wrote it.
   */
  readonly source?: { readonly operation: string; readonly digest: string }
  readonly digest: string
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
