import type { ApprovalStep, Vote } from './approval.ts'

/**
 * A grant that somebody asked for and the functions' owner gave for a while. It counts like a permit of the
 * rulebook for this party, these functions and these conditions; guardrails stand above it.
 */
export type TimedGrant = {
  /** `timed-<UUIDv7>`; what records name. */
  readonly id: string
  /** Party id. */
  readonly party: string
  /** Function ids. */
  readonly functions: readonly string[]
  /** Cedar expressions that all have to hold. */
  readonly when: readonly string[]
  /** Unix milliseconds. */
  readonly from: number
  readonly endsAt: number
  readonly reason: string
  /**
   * The functions as they were when it was asked for, by the digest of their definition: of others nothing was said,
   * and a call by them is asked about. Absent: nobody knows any more, which is the same.
   */
  readonly about?: readonly { readonly function: string; readonly digest: string }[]
  /** Party id of who asked for it. */
  readonly askedBy: string
  /** Party ids that never count: the party, who asked, and whoever is one with them; see approval/closure.ts. */
  readonly excluded: readonly string[]
  /** Whose yes is needed: the flows of the owners' groups, as they were when it was asked for. */
  readonly steps: readonly ApprovalStep[]
  /** What a yes's reason has to be at least, characters; a no always needs one. */
  readonly reasonChars: number
  readonly votes: readonly Vote[]
  /** Until when it can be decided, Unix milliseconds. */
  readonly decideBy: number
  /** Party ids of those whose yes gave it; empty before. */
  readonly by: readonly string[]
  readonly state: 'asked' | 'given' | 'refused' | 'revoked'
  readonly createdAt: number
  readonly revision: number
}
