/**
 * Why evidence was not accepted. The code is stable and may be matched on; the message is one
 * sentence that names a line, an index, a size or keys, and quotes nothing else of what was read.
 */
export type EvidenceErrorCode =
  /** A hash that is not 32 bytes. */
  | 'hash-malformed'
  /** An index at or beyond the size, or a size beyond 2^63. */
  | 'out-of-range'
  /** More or fewer hashes than this place in this tree needs. */
  | 'proof-length'
  /** The proof leads to another root. */
  | 'inclusion-failed'
  /** The later tree does not begin with the earlier one. */
  | 'consistency-failed'
  | 'tile-path-malformed'
  /** A tile, or an entry bundle, that is not what its place in the tree requires. */
  | 'tile-malformed'
  | 'entries-malformed'
  | 'note-malformed'
  | 'key-malformed'
  /** A well-formed key of a signature type that is not used here. */
  | 'key-unsupported'
  /** A key that is known signed something else. */
  | 'signature-invalid'
  /** No known key signed. */
  | 'signature-missing'
  | 'checkpoint-malformed'
  | 'proof-malformed'
  /** Neither the proof nor the caller holds the entry it is about. */
  | 'entry-missing'
  | 'trust-malformed'
  /** Signed by no log of the trust file, or cosigned by too few of its witnesses. */
  | 'trust-unmet'
  /** What was to be an earlier checkpoint is none that the log signed. */
  | 'since-malformed'
  /** A path that no file of a bundle can have. */
  | 'source-path'
  | 'source-unreadable'
  | 'source-too-large'
  /** A link, a pipe, a device: nothing that a bundle is made of. */
  | 'source-irregular'
  | 'zip-malformed'
  | 'zip-path'
  | 'zip-duplicate'
  | 'zip-overlap'
  | 'zip-unsupported'
  | 'zip-too-large'
  /** An entry that unpacks to more than it says. */
  | 'zip-bomb'
  /** An entry that does not unpack, or whose checksum is another. */
  | 'zip-damaged'

export class EvidenceError extends Error {
  readonly code: EvidenceErrorCode

  constructor(code: EvidenceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EvidenceError'
    this.code = code
  }
}
