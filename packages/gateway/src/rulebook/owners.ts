import { type ApprovalRules, flowOf, noApprovalRules } from '../model/approval-rules.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import type { PolicySource, Problem } from '../model/rulebook.ts'
import { approverGroupsOf } from '../policy/bounds.ts'
import { unknownName } from './approval-names.ts'
import { type Placed, problemAt } from './flaw.ts'
import type { FunctionDraft } from './functions.ts'
import type { ReviewsRead } from './read-reviews.ts'

type Owners = Pick<ReviewRules, 'owners'>

/** Groups of the people who stand behind an owner's name. Never empty. */
export function ownerGroups({ owners }: Owners, owner: string): readonly string[] {
  return Object.hasOwn(owners, owner) ? (owners[owner]?.groups ?? [owner]) : [owner]
}

/** The approver group that stands for an owner: their one group, or a flow of the owner's name, for several. */
export function ownerFlow(rules: Owners, owner: string): string {
  const [only, ...others] = ownerGroups(rules, owner)
  return only !== undefined && others.length === 0 ? only : owner
}

/** With a flow for each owner of several groups, unless one is written: one yes of anybody in one of them. */
export function withOwnerFlows(
  written: ApprovalRules | undefined,
  rules: Owners,
): ApprovalRules | undefined {
  const approvals = written ?? noApprovalRules
  const made = several(rules)
    .filter(([owner]) => !Object.hasOwn(approvals.flows, owner))
    .map(([owner, groups]) => {
      const steps = [{ name: owner, groups, quorum: 1, escalation: [] }]
      return [owner, { ...flowOf(approvals, owner), steps }] as const
    })
  if (made.length === 0) return written
  return { ...approvals, flows: { ...approvals.flows, ...Object.fromEntries(made) } }
}

/** Every group that somebody may have to be asked for, besides those that the policies' guardrails name. */
export function groupsOfReviews(
  { owners, duties }: ReviewRules,
  functions: readonly Pick<FunctionDefinition, 'owner'>[],
  policies: readonly PolicySource[],
): readonly string[] {
  const named = [
    ...functions.map(({ owner }) => owner),
    ...policies.flatMap(({ annotations }) => annotations.owner ?? []),
  ]
  const flows = [...new Set(named)].map((owner) => ownerFlow({ owners }, owner))
  return [...flows, ...duties.flatMap(({ approvers }) => approvers)]
}

/**
 * Groups whose members matter to reviews, asked or not: those behind owners, and those that duty rules or the
 * grants they are about name.
 */
export function memberGroupsOf(
  { owners, duties }: ReviewRules,
  grants: readonly Pick<GrantListed, 'principal'>[],
): readonly string[] {
  const held = duties.some(({ object }) => !object)
  return [
    ...Object.values(owners).flatMap(({ groups }) => groups),
    ...duties.flatMap(({ exempt }) => exempt),
    ...grants.flatMap(({ principal }) =>
      held && principal.kind === 'group' ? [principal.group] : [],
    ),
  ]
}

/** Owners that nobody stands behind, and names that could be read in two ways. */
export function* ownerProblems(
  { rules, site }: ReviewsRead,
  functions: readonly Placed<FunctionDraft>[],
  policies: readonly PolicySource[],
): Generator<Problem> {
  const known = Object.keys(rules.owners)
  if (!site || known.length === 0) return
  for (const { value, site, path } of functions) {
    const { owner } = value.definition
    if (Object.hasOwn(rules.owners, owner)) continue
    const flaw = { path: ['owner'], ...unknownName(unknown, owner, known) }
    yield problemAt(site, flaw, path)
  }
  for (const { file, line, annotations } of policies) {
    const { owner } = annotations
    if (owner === undefined || Object.hasOwn(rules.owners, owner)) continue
    yield { file, line, column: 1, ...unknownName(unknown, owner, known) }
  }
  const asked = new Set(policies.flatMap(approverGroupsOf))
  for (const [owner] of several(rules)) {
    if (!asked.has(owner)) continue
    const message = `A policy has @approval with \`${owner}\`: a group, or these groups?`
    const hint = 'Give the owner another name.'
    yield problemAt(site, { path: ['owners', owner], message, hint })
  }
}

const unknown = 'reviews.yaml has no owner'

function several({ owners }: Owners): readonly (readonly [string, readonly string[]])[] {
  return Object.entries(owners).flatMap(([owner, { groups }]) =>
    groups.length > 1 ? [[owner, groups] as const] : [],
  )
}
