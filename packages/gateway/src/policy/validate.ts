import type { FunctionDefinition } from '../model/function.ts'
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
  return [
    ...complaints.map((complaint) => located(complaint, byId.get(complaint.policy))),
    ...policies.flatMap(annotationMistakes),
  ]
}

function located(complaint: CedarComplaint, policy: ReadyPolicy | undefined): Problem {
  const { message, hint, offset } = complaint
  const detail = { message, ...adviceFor(message, hint) }
  if (!policy) return { file: '', line: 0, column: 0, ...detail }
  const { file, line, text } = policy.source
  return { file, ...placeOfByte(text, offset ?? 0, { line, column: 1 }), ...detail }
}

/** Cedar does not know that arguments come from a schema, so it cannot say where to look. */
function adviceFor(message: string, hint: string | undefined): { hint?: string } {
  if (hint) return { hint }
  if (/attribute `args\./.test(message)) {
    return {
      hint: 'policies see the arguments that the function declares with one type (no alternatives, no free-form objects)',
    }
  }
  return {}
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
