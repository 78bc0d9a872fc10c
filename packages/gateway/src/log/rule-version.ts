import { createHash } from 'node:crypto'
import type { DetectRule } from '../model/detection.ts'
import type { FunctionDefinition, MaskRule } from '../model/function.ts'

/**
 * Which wording of a masking rule this is: the first 16 hex digits of SHA-256 over it as it stands, with its members
 * in order. Undefined for what no rule of the function is named, such as `credential`.
 */
export function ruleVersionOf(
  fn: Pick<FunctionDefinition, 'resultMasks' | 'argumentMasks' | 'detect'>,
  id: string,
): string | undefined {
  // No rulebook gives one id to two rules.
  const rules: readonly (MaskRule | DetectRule)[] = [
    ...fn.resultMasks,
    ...fn.argumentMasks,
    ...(fn.detect ?? []),
  ]
  const rule = rules.find((one) => one.id === id)
  if (rule === undefined) return undefined
  const known = versions.get(rule)
  if (known !== undefined) return known
  const version = createHash('sha256').update(JSON.stringify(rule, inOrder)).digest('hex')
  versions.set(rule, version.slice(0, 16))
  return version.slice(0, 16)
}

/** Of the rules in force, which live as long as their rulebook. */
const versions = new WeakMap<object, string>()

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
