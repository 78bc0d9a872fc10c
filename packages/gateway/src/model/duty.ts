import type { DutyRule } from './review-rules.ts'

/** A side of a duty rule, with an object, that a call is on. */
export type DutySide = {
  readonly rule: DutyRule
  readonly side: 'left' | 'right'
  /** What the call is about, as text; undefined: its arguments do not name it, so nothing can be compared. */
  readonly object: string | undefined
}

/**
 * Of a duty rule with an object: that one person did one side of it to one object. As a *mark* it says so from `at`
 * on; as a *bar* it is looked for: such a mark (same rule, side, object and person) of `since` or later refuses
 * the intent. So a call on the left brings marks of the left and bars of the right, one for each person of the closure.
 */
export type DutyMark = {
  readonly rule: string
  readonly side: 'left' | 'right'
  /** Keyed hash. */
  readonly object: string
  /** Party id. */
  readonly person: string
  /** Unix milliseconds. */
  readonly at: number
  /** From when on marks of this rule count, Unix milliseconds; those made before are forgotten. */
  readonly since: number
}

/** Somebody who has, or would have, grants to both sides of a duty rule without an object. */
export type DutyConflict = {
  readonly rule: DutyRule
  /** A person, with all their accounts and agents; whoever is in a group; or everybody. */
  readonly subject:
    | { readonly kind: 'person'; readonly id: string }
    | { readonly kind: 'group'; readonly group: string }
    | { readonly kind: 'everybody' }
  /** Ids of grants that reach each side. */
  readonly left: readonly string[]
  readonly right: readonly string[]
}

/** What the duty rules that a call touches come to. */
export type Duties = {
  /** What it does to their objects, for whom. */
  readonly marks: readonly DutyMark[]
  /** What must not have been done before: looked for again in the transaction of the intent. */
  readonly bars: readonly DutyMark[]
  /** Ids of the rules of which the other side was done already, as far as can be seen now. */
  readonly met: readonly string[]
}
