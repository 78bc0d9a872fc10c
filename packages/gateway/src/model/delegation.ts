/** Somebody votes for a person who is away. One step only: a delegate cannot pass it on. Unix milliseconds. */
export type Delegation = {
  /** `dlg_` and a UUIDv7. */
  readonly id: string
  /** Party ids of people. */
  readonly from: string
  readonly to: string
  /** The approver groups of the person who is away, at the time they said so. */
  readonly groups: readonly string[]
  readonly reason: string
  readonly createdAt: number
  readonly until: number
  readonly endedAt?: number
}
