import type { Reason } from './decision.ts'

export type ApprovalState =
  | 'PENDING'
  | 'APPROVED'
  | 'DENIED'
  | 'EXPIRED'
  | 'WITHDRAWN'
  | 'SUPERSEDED'

export type ClearanceState = 'NONE' | 'ACTIVE' | 'CONSUMED' | 'EXPIRED'

export type Vote = {
  /** Party id of a person. */
  readonly by: string
  readonly verdict: 'approve' | 'deny'
  /** The approver group this vote counts for. */
  readonly group: string
  readonly reason: string
  /** The digest of what the person saw; must be the approval's. */
  readonly sawDigest: string
  readonly at: number
}

/** What an approval is bound to, each a keyed digest so that a difference can be named without showing a value. */
export type Binding = {
  readonly function: string
  readonly definition: string
  readonly arguments: string
  readonly upstream: string
  readonly credential: string
  readonly subject: string
  readonly actors: string
  readonly rulebook: string
}

/** The question put to people about one call. Times are Unix milliseconds. */
export type Approval = {
  readonly id: string
  readonly state: ApprovalState
  readonly clearance: ClearanceState
  /** Counts changes; every change names the revision it was made from. */
  readonly revision: number
  readonly binding: Binding
  /** Keyed digest over the whole binding: what a voter confirms having seen. */
  readonly digest: string
  readonly callId: string
  readonly functionId: string
  readonly subject: string
  readonly actors: readonly string[]
  readonly session: string
  /** Every one of these groups has to approve; one denial settles it. */
  readonly approverGroups: readonly string[]
  readonly reasons: readonly Reason[]
  readonly createdAt: number
  readonly decideBy: number
  /** Set when approved: the clearance has to be claimed by then. */
  readonly claimBy?: number
  readonly votes: readonly Vote[]
}
