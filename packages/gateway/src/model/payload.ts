/** Arguments as received and as forwarded, result as received and as returned. */
export type PayloadRole = 'args' | 'forwarded' | 'result' | 'returned'

/** Why a payload is there no longer, and the index of the record that says so. */
export type PayloadGone = {
  readonly cause: 'erased' | 'expired'
  readonly record: number
}

/** Bytes a record commits to. The home seals them: a fresh salt and key each, see log/seal.ts. */
export type PayloadDraft =
  | {
      readonly role: PayloadRole
      readonly mediaType: string
      readonly bytes: Uint8Array
      /** False: only the commitment and its salt are kept. */
      readonly keep: boolean
    }
  /** A stream committed to while it passed: HMAC-SHA-256 under `salt` over `length` bytes. */
  | {
      readonly role: PayloadRole
      readonly mediaType: string
      readonly salt: Uint8Array
      readonly hmac: Uint8Array
      readonly length: number
    }
