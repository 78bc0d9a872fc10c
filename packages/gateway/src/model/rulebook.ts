import type { ApprovalRules } from './approval-rules.ts'
import type { Connection } from './connection.ts'
import type { DetectionRules } from './detection.ts'
import type { FunctionDefinition } from './function.ts'
import type { ReviewRules } from './review-rules.ts'

/** One Cedar policy with its annotations: a `permit` is a grant, a `forbid` a guardrail. */
export type PolicySource = {
  /** The `@id` annotation. */
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  /** Canonical text of this one policy. */
  readonly text: string
  readonly annotations: Readonly<Record<string, string>>
  /** Where it stands, for messages. */
  readonly file: string
  readonly line: number
}

/**
 * The immutable, content-addressed set of rules in force. `digest` (`sha256:<hex>`) is over the
 * canonical JSON of everything else; every record cites it.
 */
export type Rulebook = {
  readonly digest: string
  readonly connections: readonly Connection[]
  readonly functions: readonly FunctionDefinition[]
  readonly policies: readonly PolicySource[]
  /** Absent: approvals.yaml says nothing. */
  readonly approvals?: ApprovalRules
  /** Absent: reviews.yaml says nothing; `defaultReviewRules` hold. */
  readonly reviews?: ReviewRules
  /** Absent: nothing is looked for. */
  readonly detection?: DetectionRules
}

/** One thing wrong with a rulebook or a configuration, and what to write instead. */
export type Problem = {
  readonly file: string
  /** 1-based; 0 when the problem is about the file as a whole. */
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint?: string
}
