/**
 * The published log as the rest of the gateway sees it: a tree of leaves with a signed checkpoint over
 * it, in files that anybody may copy. What is durable but not yet under a checkpoint is not in it.
 */
export type EvidenceLog = {
  /** The log's name: the first line of every checkpoint. */
  readonly origin: string
  /** Leaves under the newest published checkpoint. */
  readonly size: () => number
  /** Leaves under a checkpoint that the trust policy's quorum has cosigned; 0 before the first. */
  readonly witnessedSize: () => number
  /** The newest published checkpoint, a signed note; undefined before the first. */
  readonly checkpoint: () => Promise<string | undefined>
  /** The newest checkpoint that quorum has cosigned; undefined where there is none, or no quorum. */
  readonly witnessedCheckpoint: () => string | undefined
  /** Names directly in a folder of the published log, such as `checkpoints`. */
  readonly list: (folder: string) => Promise<readonly string[]>
  /** One file of the published log by its path below the log folder; undefined when it is not there. */
  readonly file: (path: string) => Promise<Uint8Array | undefined>
  /**
   * How far the leaf's proof has come. `text` is a `c2sp.org/tlog-proof@v1` whose extra data is the leaf;
   * `witnessed` only when the trust policy's quorum has cosigned a checkpoint that covers it.
   */
  readonly proof: (index: number) => Promise<LeafProof>
  /** The trust file (`c2sp.org/tlog-policy`) an auditor takes away. */
  readonly trust: () => string
  /** Signs with a new key from now on, recorded as `key.rotated`. Returns the new verifier key. */
  readonly rotate: (by: string) => Promise<{ readonly key: string }>
}

export type LeafProof =
  | { readonly state: 'durable' }
  | { readonly state: 'integrated' | 'witnessed'; readonly text: string }
