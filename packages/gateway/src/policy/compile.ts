import type { Decision, Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import type { PolicySource, Problem } from '../model/rulebook.ts'
import { cedarPolicy } from './cedar.ts'
import { decide } from './decide.ts'
import { type Explanation, explain } from './explain.ts'
import { listGrants } from './grants.ts'
import { placeOfByte } from './place.ts'
import { planFunction, type ReadyPolicy, readyPolicy } from './plan.ts'
import { touches } from './reads.ts'
import { coversFunction } from './scope.ts'
import { policyProblems } from './validate.ts'

export type CompiledPolicies = {
  /** Pure; never throws. A function that is not in the catalogue is forbidden. */
  readonly decide: (question: Question) => Decision
  /** Every policy whose scope covers the function, and why it did or did not apply. */
  readonly explain: (question: Question) => Explanation
  /** Every permit, in order of their ids. */
  readonly grants: readonly GrantListed[]
  /** Everything wrong with the policies under this catalogue. With any, they must not be put in force. */
  readonly problems: readonly Problem[]
  /** Ids of the functions whose policies only Cedar itself can evaluate. */
  readonly wasmOnly: readonly string[]
  /** Whether any policy asks what a session is labelled with. */
  readonly readsLabels: boolean
}

/** Makes policies ready to decide calls of these functions. Expensive: done when a rulebook is loaded. */
export function compilePolicies(
  policies: readonly PolicySource[],
  functions: readonly FunctionDefinition[],
): CompiledPolicies {
  const unreadable: Problem[] = []
  const ready: ReadyPolicy[] = []
  for (const source of policies) {
    const read = cedarPolicy(source.text)
    if ('policy' in read) {
      ready.push(readyPolicy(source, read.policy))
      continue
    }
    const { message, hint, offset } = read.complaint
    const place = placeOfByte(source.text, offset ?? 0, { line: source.line, column: 1 })
    unreadable.push({ file: source.file, ...place, message, ...(hint && { hint }) })
  }
  const problems = [...unreadable, ...policyProblems(ready, functions)]
  const covered = new Map<string, FunctionDefinition[]>(ready.map(({ source }) => [source.id, []]))
  const plans = new Map(
    functions.map((fn) => {
      const covering = ready.filter(({ cedar }) => coversFunction(cedar, fn))
      for (const { source } of covering) covered.get(source.id)?.push(fn)
      return [fn.id, planFunction(fn, covering)]
    }),
  )
  const wasmOnly = [...plans].filter(([, plan]) => plan.prepared).map(([id]) => id)
  return {
    // A policy that cannot be read could be a guardrail: until it can, nothing is permitted.
    decide: (question) =>
      decide(unreadable.length > 0 ? undefined : plans.get(question.functionId), question),
    explain: (question) => explain(plans.get(question.functionId), question),
    grants: listGrants(ready, covered),
    problems,
    wasmOnly,
    readsLabels: ready.some(({ reads }) => touches(reads, ['session', 'labels'])),
  }
}
