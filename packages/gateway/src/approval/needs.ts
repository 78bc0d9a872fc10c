import type { Guarded } from '../call/stage.ts'
import type { Limits } from '../config/limits.ts'
import type { JsonObject } from '../model/json.ts'
import type { ApiKeys, Approvals, Leaves, Ledger, Payloads } from '../store/store.ts'

type DeskStore = Ledger & Leaves & Payloads & Approvals & ApiKeys

/** Which of config/limits.ts the desk keeps to. */
export type DeskLimits = Pick<
  Limits,
  | 'approvalDecideByMs'
  | 'approvalClaimByMs'
  | 'approvalCoolDownMs'
  | 'approvalsPending'
  | 'heldPerCaller'
  | 'reasonChars'
>

export type DeskNeeds = {
  readonly store: DeskStore
  /** 32 bytes. */
  readonly bindingKey: Uint8Array
  readonly now: () => number
  /** UUIDv7: approvals are listed by id, newest first. */
  readonly newId: () => string
  readonly limits: DeskLimits
  /** The arguments as people may see them; see `maskedValues`. */
  readonly maskedView: (at: Guarded) => JsonObject
}
