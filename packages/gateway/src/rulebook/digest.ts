import { createHash } from 'node:crypto'
import type { ApprovalRules } from '../model/approval-rules.ts'
import type { Connection } from '../model/connection.ts'
import type { DetectionRules } from '../model/detection.ts'
import type { FunctionDefinition, FunctionDescription } from '../model/function.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import type { PolicySource, Rulebook } from '../model/rulebook.ts'
import { cedarTokens } from '../policy/tokens.ts'

/** The digest of a function: over everything else in its definition. */
export function withDigest(fn: FunctionDescription): FunctionDefinition {
  return { ...fn, digest: digestOf(fn) }
}

/** Whether a value has a digest: JSON escapes can write text that is no Unicode. */
export function hasDigest(value: unknown): boolean {
  try {
    canonicalJson(value)
    return true
  } catch {
    return false
  }
}

/**
 * Puts a rulebook together. Everything is ordered by id, and where a policy stands (file, line) is left
 * out of the digest, so the same rules in other files, order or layout are the same rulebook.
 */
export function sealRulebook(content: {
  readonly connections: readonly Connection[]
  readonly functions: readonly FunctionDefinition[]
  readonly policies: readonly PolicySource[]
  readonly approvals: ApprovalRules | undefined
  readonly reviews: ReviewRules | undefined
  readonly detection: DetectionRules | undefined
}): Rulebook {
  const { approvals, reviews, detection } = content
  const connections = byId(content.connections)
  const functions = byId(content.functions)
  const policies = byId(content.policies)
  const parts = {
    ...{ connections, functions, policies },
    ...(approvals && { approvals }),
    ...(reviews && { reviews }),
    ...(detection && { detection }),
  }
  return { digest: digestOfText(rulebookContent(parts)), ...parts }
}

/**
 * The canonical JSON whose SHA-256 is the rulebook's digest, from a rulebook that is put together. Enough
 * to judge by: policies are in it as Cedar without comments and layout.
 */
export function rulebookContent(rulebook: Omit<Rulebook, 'digest'>): string {
  const { connections, functions, approvals, reviews, detection } = rulebook
  const policies = rulebook.policies.map(({ id, effect, text, annotations }) => {
    return { id, effect, text: cedarTokens(text), annotations }
  })
  return canonicalJson({ connections, functions, policies, approvals, reviews, detection })
}

/**
 * RFC 8785 text of any JSON value. The evidence package has the same for what a leaf may hold; JSON
 * Schemas hold null and fractions too. Members that are `undefined` are absent.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new TypeError('a string is not well-formed Unicode')
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError('a number is not finite')
  }
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`a ${typeof value} is no JSON`)
  return text
}

function digestOf(value: unknown): string {
  return digestOfText(canonicalJson(value))
}

function digestOfText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function byId<Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}
