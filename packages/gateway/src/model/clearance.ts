import type { Binding } from './binding.ts'

export type ClearanceState =
  /** Not valid yet. */
  | 'ISSUED'
  | 'ACTIVE'
  /** A call that claimed it is under way. */
  | 'IN_USE'
  | 'CONSUMED'
  | 'REVOKED'
  | 'EXPIRED'
  /** The gateway that used it was lost: nobody knows whether the call took effect. */
  | 'UNKNOWN'

/** What an approval is asked to allow. Approvers may narrow it, never widen it. */
export type ClearanceTerms =
  /** Exactly this call, once. */
  | { readonly kind: 'call' }
  /** Calls of the same function by the same parties: so many, for so long, each fitting every expression. */
  | {
      readonly kind: 'window' | 'session'
      readonly uses: number
      readonly forMs: number
      /** Cedar expressions over `context.args`; all have to hold. */
      readonly when: readonly string[]
    }

/** One call that has claimed a clearance and has not ended. */
export type ClearanceUse = { readonly call: string; readonly instance: string }

/** The authority that an approved question, or a broken glass, creates. Times are Unix milliseconds. */
export type Clearance = {
  /** `clr_` and a UUIDv7: listed by it, newest first. */
  readonly id: string
  readonly state: ClearanceState
  readonly revision: number
  readonly kind: ClearanceTerms['kind'] | 'break-glass'
  /** The approval it came of; absent for a glass that was broken before any question. */
  readonly approval?: string
  readonly breakGlass?: string
  /** What a call has to match: all fields for `call`; without `arguments` for `window` and `session`. */
  readonly binding: Partial<Binding>
  readonly subject: string
  readonly actors: readonly string[]
  /** One function id; for break-glass also patterns such as `crm.*`. */
  readonly functions: readonly string[]
  /** For `session`: the only one it serves. */
  readonly session?: string
  readonly when: readonly string[]
  /** The approver groups it stands for: what policy sees as given. */
  readonly groups: readonly string[]
  /** Who said yes. */
  readonly by: readonly string[]
  readonly usesMax: number
  /** Claims so far; never falls. */
  readonly uses: number
  readonly open: readonly ClearanceUse[]
  readonly issuedAt: number
  readonly notBefore: number
  /** It is claimed before this moment or never. */
  readonly expiresAt: number
}
