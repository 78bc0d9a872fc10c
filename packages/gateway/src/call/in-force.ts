import type { ArgumentMasking, ResultMasking } from '../mask/plan.ts'
import type { ApprovalRules } from '../model/approval-rules.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { DutyConflict, DutySide } from '../model/duty.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import type { JsonObject } from '../model/json.ts'
import type { Party } from '../model/principal.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { Arguments } from './arguments.ts'

/** A rulebook made ready to answer. Immutable: a call keeps the one it was resolved under. */
export type InForce = {
  readonly rulebook: Rulebook
  /** Pure. Never throws: what cannot be evaluated comes back as a forbid. */
  readonly decide: (question: Question) => Decision
  /** JSON pointers and what is wrong there; empty when the arguments fit. Names, never values. */
  readonly argumentProblems: (
    fn: FunctionDefinition,
    values: JsonObject,
  ) => readonly { readonly pointer: string; readonly problem: string }[]
  readonly argumentMasking: (fn: FunctionDefinition) => ArgumentMasking
  /** What a call of the function brings into its session. Absent: by these rules sessions have no labels. */
  readonly labelsBrought?: ((fn: FunctionDefinition) => readonly string[]) | undefined
  /** The masking of results of this function for these parties together, narrowed to what `fields` let through. */
  readonly resultMasking: (
    fn: FunctionDefinition,
    given: {
      readonly fields: readonly (readonly string[])[]
      readonly parties: readonly Party[]
    },
  ) => ResultMasking
  readonly approvals: ApprovalRules
  /** Whether every Cedar expression is true of this call. Pure; what cannot be evaluated is not true. */
  readonly fits: (
    fn: FunctionDefinition,
    expressions: readonly string[],
    question: Question,
  ) => boolean
  /** What is wrong with a Cedar expression over this function's arguments; undefined: nothing is. */
  readonly constraintProblem: (fn: FunctionDefinition, expression: string) => string | undefined
  readonly reviews: ReviewRules
  /** Every permit of the rulebook, in order of their ids. */
  readonly grants: readonly GrantListed[]
  readonly grant: (id: string) => GrantListed | undefined
  /** Groups of the people who stand behind an owner's name. Never empty. */
  readonly ownerGroups: (owner: string) => readonly string[]
  /** The approver group to ask for the owner's yes; its flow is in `approvals`. */
  readonly ownerFlow: (owner: string) => string
  /** The sides of duty rules with an object that a call with these arguments is on. */
  readonly dutySides: (
    fn: FunctionDefinition,
    args: Pick<Arguments, 'values' | 'exactNumber'>,
  ) => readonly DutySide[]
  /** Who has grants to both sides of a duty rule without an object; with `more`, if these were given too. */
  readonly dutyConflicts: (more?: readonly GrantSupposed[]) => readonly DutyConflict[]
}

/** A grant that somebody would have. */
export type GrantSupposed = {
  readonly id: string
  /** Party id. */
  readonly party: string
  readonly functions: readonly string[]
}
