import type { Json } from '../model/json.ts'

/** One place where something was hidden: by which rule, how, how often. Never what. */
export type Finding = {
  readonly rule: string
  /** The rule's path, not the concrete one: array positions and keys can be personal data too. */
  readonly path: string
  /** The strategy's kind, `fields` for what an allow-list left out, `credential` for an echoed secret. */
  readonly how: string
  readonly count: number
}

/**
 * Masks one body, chunk by chunk, in bounded memory. Bytes outside the changed spans come back
 * untouched. Throws `MaskError` when the body is not what its media type says: the result is then
 * withheld, never passed.
 */
export type Masker = {
  /** What may be released after this chunk. May be empty; may be the same array when nothing changed. */
  readonly push: (chunk: Uint8Array) => Uint8Array
  /** The rest. */
  readonly end: () => Uint8Array
  readonly findings: () => readonly Finding[]
}

/** How the results of one function are masked. `undefined` from `masker`: such a result cannot be masked as the rules require. */
export type ResultMasking = {
  readonly masker: (options: {
    /** As the upstream wrote it, with its parameters. */
    readonly mediaType: string
    /** The body is only a part of the result. */
    readonly fragment: boolean
    readonly key: Uint8Array
    /** Byte strings that must not come back: the upstream's credential in every form it could be echoed. */
    readonly echoes: readonly Uint8Array[]
  }) => Masker | undefined
}

/** How the arguments of one function are masked, for each of those who must not see them in clear. */
export type ArgumentMasking = {
  readonly hidesFromUpstream: boolean
  readonly hidesFromRecord: boolean
  readonly apply: (
    values: { readonly [key: string]: Json },
    options: { readonly from: 'upstream' | 'record'; readonly key: Uint8Array },
  ) => {
    readonly values: { readonly [key: string]: Json }
    readonly findings: readonly Finding[]
  }
  /** The same on the bytes of a JSON body. */
  readonly applyToBody: (
    body: Uint8Array,
    options: { readonly from: 'upstream' | 'record'; readonly key: Uint8Array },
  ) => Uint8Array
}

export class MaskError extends Error {
  override readonly name = 'MaskError'
}
