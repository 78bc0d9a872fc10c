import type { InForce } from '../call/in-force.ts'
import type { Guarded } from '../call/stage.ts'
import type { Limits } from '../config/limits.ts'
import type { Approval } from '../model/approval.ts'
import type { Deferral } from '../model/deferral.ts'
import type { JsonObject } from '../model/json.ts'
import type { CredentialUse } from '../model/secret.ts'
import type { Approvals, BreakGlasses, Clearances, Delegations } from '../store/approvals.ts'
import type { ApiKeys, Leaves, Ledger, Payloads, Store } from '../store/store.ts'

export type DeskStore = Ledger &
  Pick<Leaves, 'leavesOfCall'> &
  Pick<Payloads, 'payload'> &
  Approvals &
  Clearances &
  BreakGlasses &
  Delegations &
  ApiKeys &
  Pick<Store, 'onChange'>

/** Which of config/limits.ts the desk keeps to. */
type DeskLimits = Pick<
  Limits,
  | 'approvalDecideByMs'
  | 'approvalClaimByMs'
  | 'approvalCoolDownMs'
  | 'approvalLeftMs'
  | 'approvalsPending'
  | 'approvalsPendingPerCaller'
  | 'approvalsPendingPerGroup'
  | 'breakGlassMs'
  | 'breakGlassReasonChars'
  | 'breakGlassUses'
  | 'clearanceConditions'
  | 'clockLeewayMs'
  | 'conditionChars'
  | 'delegationMs'
  | 'deskTickMs'
  | 'deskTickRows'
  | 'heldPerCaller'
  | 'reasonChars'
>

export type DeskNeeds = {
  readonly store: DeskStore
  /** 32 bytes. */
  readonly bindingKey: Uint8Array
  /** This gateway among those of one store: whose calls were lost with it. */
  readonly instance: string
  readonly now: () => number
  /** UUIDv7: approvals are listed by id, newest first. */
  readonly newId: () => string
  readonly limits: DeskLimits
  /** The rules in force; people's votes are judged by them. */
  readonly rules: () => InForce | undefined
  /** By party id (identity/locks.ts). */
  readonly isLocked: (party: string) => boolean
  /** A keyed hash of the present value of a credential; rejects when it cannot be had. */
  readonly versionOf: (use: CredentialUse) => Promise<string>
  /** The arguments as people may see them; see `maskedValues`. */
  readonly maskedView: (at: Guarded) => JsonObject
  /** What is stored of a call that runs by itself once it is approved; absent: none does. */
  readonly deferralOf?: (
    at: Guarded,
    approval: Approval,
  ) => { readonly deferral: Deferral; readonly request: Uint8Array }
  /** What failed while nobody waited for it, and is tried again. */
  readonly onFailure: (cause: unknown) => void
}
