/** Arguments as received and as forwarded, result as received and as returned. */
export type PayloadRole = 'args' | 'forwarded' | 'result' | 'returned'

/** Why a payload is there no longer, and the index of the record that says so. */
export type PayloadGone = {
  readonly cause: 'erased' | 'expired'
  readonly record: number
}
