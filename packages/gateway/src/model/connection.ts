import type { CredentialUse } from './secret.ts'

/** A configured way to one upstream. */
export type Connection = {
  readonly id: string
  readonly protocol: 'http'
  /** Origin and base path of the upstream: `https://crm.internal:8443/api`; or the vault of the gateway itself. */
  readonly upstream: string
  /** How callers address it: a path prefix (`/crm`) or a host name, or both. */
  readonly prefix?: string
  readonly host?: string
  readonly credential: CredentialUse
  /** Caller headers passed on besides the standard ones (see protocol/http/header.ts). Lower case. */
  readonly forwardHeaders: readonly string[]
  /** Milliseconds until the upstream's first byte and between two bytes; limits.ts when absent. */
  readonly timeoutMs?: number
  /**
   * Where the upstream says what it offers: the whole URL of an OpenAPI document, and how often it is read,
   * milliseconds. Absent: nobody looks.
   */
  readonly describedBy?: { readonly openapi: string; readonly everyMs: number }
  /** Lower-case name of the response header in which the upstream states its definition; absent: it does not. */
  readonly definitionHeader?: string
}

/** The upstream that is the gateway's own vault: it turns tokens back into what they stand for. */
export const vaultUpstream = 'vault:'

/** The first segment of the paths that are the gateway's own, at every host: no function has one of them. */
export const reservedSegment = '.sallyport'
