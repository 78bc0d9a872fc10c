import type { JsonObject } from './json.ts'
import type { Party } from './principal.ts'

/** What policy is asked: may these parties make this call with these arguments? */
export type Question = {
  /** Each must be permitted on its own (user ∩ agent). Never empty. */
  readonly parties: readonly Party[]
  readonly subject: Party
  readonly functionId: string
  readonly args: JsonObject
  /** The exact JSON text of the arguments where a number is not a safe integer; see policy/context.ts. */
  readonly exactNumber?: (path: readonly string[]) => string | undefined
  readonly session: string
  /** What earlier calls brought into the session; see session-label.ts. Absent: nothing. */
  readonly labels?: readonly string[]
  /** Unix milliseconds. */
  readonly time: number
  readonly source: { readonly protocol: string; readonly ip: string }
  /** Groups whose approval is in hand. */
  readonly approvedBy: readonly string[]
  /** Timed grants of the parties that cover this very call; each counts like a permit. Absent: none. */
  readonly timed?: readonly { readonly party: string; readonly id: string }[]
}

export type Reason = {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  /** The policy's `@reason`; or, with a `cause`, what there is to know. */
  readonly text?: string
  /** Why people are asked, where it is not a guardrail: the grant's review is overdue, or a duty rule. */
  readonly cause?: 'stale_review' | 'duty'
}

/** A grant that allowed the call, a permit or a timed one, with what bounds it. */
export type GrantUsed = {
  readonly id: string
  readonly owner?: string
  /** `@fields`: the only response fields this grant lets through. Absent: all. */
  readonly fields?: readonly string[]
  /** `@expires`, Unix milliseconds. */
  readonly expiresAt?: number
  /** `@review`, days. */
  readonly reviewDays?: number
}

/** For each deciding party, the grants that allow the call; any one suffices. */
export type PartyGrants = { readonly party: string; readonly grants: readonly GrantUsed[] }

export type Decision =
  | {
      readonly effect: 'permit'
      readonly reasons: readonly Reason[]
      readonly grants: readonly PartyGrants[]
    }
  | {
      /** Permit after approval: every guardrail that fired is approvable and would then be satisfied. */
      readonly effect: 'hold'
      readonly reasons: readonly Reason[]
      readonly grants: readonly PartyGrants[]
      /** Every one of these groups has to approve. */
      readonly approverGroups: readonly string[]
    }
  | {
      readonly effect: 'forbid'
      readonly reasons: readonly Reason[]
      /** Ids of policies that could not be evaluated; each counts as a forbid. */
      readonly errors: readonly string[]
    }
