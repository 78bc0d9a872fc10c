/**
 * The newest signed checkpoint of the log, and who may replace it. Of all integrators of one log, only the
 * last that claimed it can: a checkpoint is swapped in before anything of it is published, so no two of one
 * size are ever signed for the public.
 */
export type Publication = {
  readonly storedCheckpoint: () => Promise<StoredCheckpoint | undefined>
  /**
   * Returns this holder's fence and voids every fence given before; undefined while the lease of another
   * instance lives, by the home's own clock. A home of one gateway always gives it. Durable when it resolves.
   */
  readonly claimIntegrator: (holder: string, lease: Lease) => Promise<number | undefined>
  /** False when the fence is not the last one given; else the lease lives for so long from now. */
  readonly renewIntegrator: (fence: number, lease: Lease) => Promise<boolean>
  /** Ends the lease at once; without effect when the fence is not the last one given. */
  readonly releaseIntegrator: (fence: number) => Promise<void>
  /**
   * Compare-and-set, durable when it resolves. Conflict when the fence is not the last one given, when the
   * stored size is not `expectedSize` (0: none is stored), or when `size` is not larger.
   */
  readonly swapCheckpoint: (swap: CheckpointSwap) => Promise<void>
}

export type Lease = { readonly leaseMs: number }

export type StoredCheckpoint = {
  /** Leaves under it. */
  readonly size: number
  /** The signed note. */
  readonly note: string
  /** When it was signed, Unix milliseconds. */
  readonly at: number
}

export type CheckpointSwap = StoredCheckpoint & {
  readonly fence: number
  readonly expectedSize: number
}
