import type { FreshnessState } from './certification.ts'
import type { Risk } from './function.ts'
import type { PartyKind } from './principal.ts'

/** One `permit` of a rulebook: the unit of access reviews. */
export type GrantListed = {
  /** The policy's id. */
  readonly id: string
  readonly owner?: string
  /** `@reason`: why it was given. */
  readonly reason?: string
  /** `@review`, days. */
  readonly reviewDays?: number
  /** `@expires`, Unix milliseconds. */
  readonly expiresAt?: number
  /** `@fields`: the only response fields it lets through. Absent: all. */
  readonly fields?: readonly string[]
  /** Ids of the functions its scope covers, in their order; where nothing forbids them. */
  readonly functions: readonly string[]
  readonly principal: PrincipalScope
  /** Its `when` and `unless` clauses as written. Empty: it holds for every call of these functions. */
  readonly conditions: readonly string[]
  /**
   * SHA-256 of the canonical JSON (RFC 8785) of `{ functions: [[id, definition digest, risk], …], policy }`, the
   * policy as Cedar tokens without comments and layout. `sha256:<hex>`. What a certification is bound to.
   */
  readonly content: string
  /** The same without what changes nothing that it allows: its id, owner, reason and review. Names it under any id. */
  readonly shape: string
  /** The highest risk of its functions; `low` when there is none. */
  readonly tier: Risk
  /** As written. */
  readonly text: string
  readonly file: string
  readonly line: number
}

/** Whom a permit is given to, by its scope. `type`: only parties of this kind. */
export type PrincipalScope =
  | { readonly kind: 'any'; readonly type?: PartyType }
  /** Party id. */
  | { readonly kind: 'party'; readonly type: PartyType; readonly id: string }
  | { readonly kind: 'group'; readonly group: string; readonly type?: PartyType }

/** Cedar's name for a kind of party. */
export type PartyType = Capitalize<PartyKind>

/** Which grant one of the parties makes this call by. */
export type GrantInUse = {
  readonly party: string
  readonly grant: string
  readonly freshness: FreshnessState
  /** What a review has narrowed it to; absent: to nothing. */
  readonly when?: readonly string[]
}
