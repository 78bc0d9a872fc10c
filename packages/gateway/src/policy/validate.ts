import type { FunctionDefinition } from '../model/function.ts'
import { isJsonObject } from '../model/json.ts'
import type { Problem } from '../model/rulebook.ts'
import { parseExpiry } from './bounds.ts'
import { type CedarComplaint, cedarComplaints } from './cedar.ts'
import { placeOfByte } from './place.ts'
import type { ReadyPolicy } from './plan.ts'
import { touches } from './reads.ts'
import { cedarSchema } from './schema.ts'

/** What is wrong with policies under a function catalogue, each with its place in the file. */
export function policyProblems(
  policies: readonly ReadyPolicy[],
  functions: readonly FunctionDefinition[],
): readonly Problem[] {
  const byId = new Map(policies.map((policy) => [policy.source.id, policy]))
  const texts = Object.fromEntries(policies.map(({ source }) => [source.id, source.text]))
  const complaints = policies.length > 0 ? cedarComplaints(texts, cedarSchema(functions)) : []
  const told = complaints.map((complaint) =>
    located(adviceOnUntyped(complaint, functions), byId.get(complaint.policy)),
  )
  return [...onePerMistake(told), ...policies.flatMap(annotationMistakes)]
}

/** Cedar repeats a mistake for every function a policy covers, in any order: each is told once. */
function onePerMistake(problems: readonly Problem[]): readonly Problem[] {
  const sorted = problems.toSorted(
    (left, right) =>
      compare(left.file, right.file) ||
      left.line - right.line ||
      left.column - right.column ||
      compare(left.message, right.message),
  )
  const mistakes = new Map<string, Problem>()
  for (const problem of sorted) {
    const message = problem.message.replace(/ in context for Action::".*"$/, '')
    const key = JSON.stringify([problem.file, problem.line, problem.column, message, problem.hint])
    if (!mistakes.has(key)) mistakes.set(key, problem)
  }
  return [...mistakes.values()]
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}

function located(complaint: CedarComplaint, policy: ReadyPolicy | undefined): Problem {
  const { message, hint, offset } = complaint
  const detail = { message, ...(hint && { hint }) }
  if (!policy) return { file: '', line: 0, column: 0, ...detail }
  const { file, line, text } = policy.source
  return { file, ...placeOfByte(text, offset ?? 0, { line, column: 1 }), ...detail }
}

/**
 * Cedar knows nothing of arguments that the function declares but no policy can read, and would
 * propose another one's name.
 */
function adviceOnUntyped(
  complaint: CedarComplaint,
  functions: readonly FunctionDefinition[],
): CedarComplaint {
  const found = /attribute `args\.([^`.]+)` in context for Action::"(.*)" not found/.exec(
    complaint.message,
  )
  const [, name = '', functionId = ''] = found ?? []
  const { properties } = functions.find(({ id }) => id === functionId)?.argumentSchema ?? {}
  if (!isJsonObject(properties) || !Object.hasOwn(properties, name)) return complaint
  return {
    ...complaint,
    hint: `${functionId} declares "${name}" without one type that policies know: they cannot read it. Free-form values and alternatives have none`,
  }
}

function annotationMistakes({ source, reads, approverGroups }: ReadyPolicy): readonly Problem[] {
  const at = { file: source.file, line: source.line, column: 1 }
  const { expires } = source.annotations
  const problems: Problem[] = []
  if (expires !== undefined && parseExpiry(expires) === undefined) {
    problems.push({ ...at, message: `@expires("${expires}") is no date` })
  }
  if (approverGroups.length > 0 && !touches(reads, ['approval'])) {
    const group = approverGroups[0]
    problems.push({
      ...at,
      message: `"${source.id}" can be approved, but never reads context.approval: no approval would help`,
      hint: `add: unless { context has approval && context.approval.groups.contains("${group}") }`,
    })
  }
  return problems
}
