import type { JsonObject } from '../model/json.ts'

/** The arguments in every form a later step needs. */
export type Arguments = {
  /** What policy and schema see. */
  readonly values: JsonObject
  /** The exact bytes received that carry arguments: what is hashed, approved and recorded. */
  readonly bytes: Uint8Array
  readonly mediaType: string
  /**
   * Where `bytes` carry more than the values: those of the values alone, and, as a JSON object of its own, what the
   * caller answered to what its upstream had asked it for.
   */
  readonly parts?: { readonly values: Uint8Array; readonly answers: Uint8Array }
  /** Exact text of a number that is not a safe integer; see policy/context.ts. */
  readonly exactNumber?: (path: readonly string[]) => string | undefined
}

/** Arguments after argument masking. `body` is the masked JSON body, byte-preserving, when there is one. */
export type MaskedArguments = {
  readonly values: JsonObject
  readonly body: Uint8Array | undefined
  /** `Arguments.parts.answers`, masked likewise. */
  readonly answers?: Uint8Array
}
