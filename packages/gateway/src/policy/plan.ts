import type { GrantUsed } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { PolicySource } from '../model/rulebook.ts'
import { approverGroupsOf, grantOf } from './bounds.ts'
import {
  askCedar,
  type CedarEntity,
  type CedarPolicy,
  type CedarRequest,
  type PreparedSet,
  prepareInCedar,
} from './cedar.ts'
import { toCedarRecord } from './cedar-value.ts'
import { compileExpression, type Evaluate, type Request } from './expression.ts'
import { collectReads, noReads, type Reads, touches } from './reads.ts'
import { argumentTypes, type RecordArgument } from './schema.ts'
import { type PrincipalTest, principalGroup, principalTest } from './scope.ts'
import type { EntityValue } from './value.ts'

/** One policy made ready to be asked. */
export type ReadyPolicy = {
  readonly source: PolicySource
  readonly cedar: CedarPolicy
  readonly grant: GrantUsed
  /** Empty unless the guardrail is approvable. */
  readonly approverGroups: readonly string[]
  readonly reads: Reads
  readonly principal: PrincipalTest
  /** In the order written. Absent when only Cedar itself can evaluate the policy. */
  readonly clauses: readonly Clause[] | undefined
}

/** Has to come out as `wanted`: true for `when`, false for `unless`. */
export type Clause = { readonly evaluate: Evaluate; readonly wanted: boolean }

/** All policies whose scope covers one function. */
export type FunctionPlan = {
  readonly fn: FunctionDefinition
  readonly types: RecordArgument
  readonly reads: Reads
  readonly policies: readonly ReadyPolicy[]
  readonly index: PolicyIndex
  /** Set when at least one of the policies needs Cedar itself: then all are asked there. */
  readonly prepared: PreparedSet | undefined
}

/** Policies whose scope asks for one group, by that group; so those of other groups cost nothing. */
export type PolicyIndex = {
  readonly open: readonly ReadyPolicy[]
  readonly byGroup: ReadonlyMap<string, readonly ReadyPolicy[]>
}

/** Which policies applied, and which could not be evaluated. */
export type Outcome = {
  readonly permits: readonly ReadyPolicy[]
  readonly forbids: readonly ReadyPolicy[]
  readonly errors: readonly ReadyPolicy[]
}

export function readyPolicy(source: PolicySource, cedar: CedarPolicy): ReadyPolicy {
  const reads = noReads()
  collectReads(cedar, reads)
  return {
    source,
    cedar,
    grant: grantOf(source),
    approverGroups: approverGroupsOf(source),
    reads,
    principal: principalTest(cedar),
    clauses: clausesOf(cedar),
  }
}

export function planFunction(
  fn: FunctionDefinition,
  policies: readonly ReadyPolicy[],
): FunctionPlan {
  const reads = noReads()
  for (const { cedar } of policies) collectReads(cedar, reads)
  const needsCedar = policies.some(({ clauses }) => !clauses)
  const texts = Object.fromEntries(policies.map(({ source }) => [source.id, source.text]))
  const prepared = needsCedar ? prepareInCedar(texts) : undefined
  return { fn, types: argumentTypes(fn), reads, policies, index: indexByGroup(policies), prepared }
}

export function indexByGroup(policies: readonly ReadyPolicy[]): PolicyIndex {
  const open: ReadyPolicy[] = []
  const byGroup = new Map<string, ReadyPolicy[]>()
  for (const policy of policies) {
    const group = principalGroup(policy.cedar)
    if (group === undefined) open.push(policy)
    else byGroup.set(group, [...(byGroup.get(group) ?? []), policy])
  }
  return { open, byGroup }
}

/** The policies whose scope this member of these groups could meet. */
export function candidates(
  { open, byGroup }: PolicyIndex,
  groups: readonly string[],
): readonly ReadyPolicy[] {
  if (byGroup.size === 0) return open
  return [...open, ...[...new Set(groups)].flatMap((group) => byGroup.get(group) ?? [])]
}

/** What the hot path needs beside the request, where Cedar itself has to be asked. */
export type CedarFacts = {
  readonly entities: readonly CedarEntity[]
  /** Paths of the context that no Cedar value can hold. */
  readonly unreadable: readonly (readonly string[])[]
}

/** `groups` are the principal's. */
export function evaluatePlan(
  plan: FunctionPlan,
  request: Request,
  at: { readonly groups: readonly string[]; readonly facts: () => CedarFacts },
): Outcome {
  if (plan.prepared) return evaluateInCedar(plan.policies, plan.prepared, request, at.facts())
  return evaluateClosures(candidates(plan.index, at.groups), request)
}

export function evaluateClosures(policies: readonly ReadyPolicy[], request: Request): Outcome {
  const permits: ReadyPolicy[] = []
  const forbids: ReadyPolicy[] = []
  const errors: ReadyPolicy[] = []
  for (const policy of policies) {
    const applies = evaluateOne(policy, request)
    if (applies === undefined) errors.push(policy)
    else if (applies) (policy.source.effect === 'permit' ? permits : forbids).push(policy)
  }
  return { permits, forbids, errors }
}

/** Whether the policy applies; `undefined` is an evaluation error. Stops at the first clause that does not hold. */
export function evaluateOne(
  { principal, clauses }: ReadyPolicy,
  request: Request,
): boolean | undefined {
  if (!principal(request)) return false
  if (!clauses) return undefined
  for (const { evaluate, wanted } of clauses) {
    const value = evaluate(request)
    if (typeof value !== 'boolean') return undefined
    if (value !== wanted) return false
  }
  return true
}

/**
 * The same through Cedar. It names permits only when no forbid fired, which is all a decision needs.
 * Values it cannot be told are missing in its context, so a policy that reads one counts as an error
 * whatever Cedar says.
 */
export function evaluateInCedar(
  policies: readonly ReadyPolicy[],
  prepared: PreparedSet,
  request: Request,
  facts: CedarFacts,
): Outcome {
  const answer = askCedar(prepared, cedarRequest(request, facts.entities))
  const failed = new Set(answer.errors.map(({ policy }) => policy))
  const determining = new Set(answer.determining)
  const isBlind = ({ principal, reads }: ReadyPolicy) =>
    facts.unreadable.some((path) => touches(reads, path)) && principal(request)
  const errors = policies.filter((policy) => failed.has(policy.source.id) || isBlind(policy))
  const applied = policies.filter(
    (policy) => determining.has(policy.source.id) && !errors.includes(policy),
  )
  return {
    permits: applied.filter(({ source }) => source.effect === 'permit'),
    forbids: applied.filter(({ source }) => source.effect === 'forbid'),
    errors,
  }
}

export function cedarRequest(request: Request, entities: readonly CedarEntity[]): CedarRequest {
  return {
    principal: uid(request.principal),
    action: uid(request.action),
    resource: uid(request.resource),
    context: toCedarRecord(request.context),
    entities,
  }
}

function uid({ type, id }: EntityValue): { type: string; id: string } {
  return { type, id }
}

function clausesOf(cedar: CedarPolicy): readonly Clause[] | undefined {
  const clauses = cedar.conditions.flatMap(({ kind, body }) => {
    const evaluate = compileExpression(body)
    return evaluate ? [{ evaluate, wanted: kind === 'when' }] : []
  })
  return clauses.length === cedar.conditions.length ? clauses : undefined
}
