import { limits } from '../config/limits.ts'
import { readYaml } from '../config/yaml.ts'
import {
  type ApprovalFlow,
  type ApprovalRules,
  type BreakGlassRules,
  flowOf,
  type LinkedPerson,
} from '../model/approval-rules.ts'
import type { Problem } from '../model/rulebook.ts'
import type { ApprovalNames } from './approval-names.ts'
import {
  type ApprovalsForm,
  approvalsForm,
  type FlowForm,
  type GlassForm,
} from './approvals-form.ts'
import { flowFlaws } from './check-flows.ts'
import { glassFlaws } from './check-glass.ts'
import { memberFlaws, peopleFlaws } from './check-people.ts'
import { type Flaw, problemAt } from './flaw.ts'
import type { RulebookFile } from './folder.ts'

/** Reads approvals.yaml. Undefined when it says nothing, or cannot be read. */
export function readApprovals(
  files: readonly RulebookFile[],
  names: ApprovalNames,
  problems: Problem[],
): ApprovalRules | undefined {
  const [first] = files
  if (!first) return undefined
  const { value, problems: found, positionOf } = readYaml(first.text, first.file, approvalsForm)
  problems.push(...found)
  if (!value) return undefined
  const rules = rulesOf(value)
  const site = { file: first.file, positionOf }
  // Each is only worked out when it is asked for: a name that is compared with all others costs time.
  const flaws = allFlaws(value, rules, names).take(limits.problemsListed)
  for (const flaw of flaws) problems.push(problemAt(site, flaw))
  return saysNothing(rules) ? undefined : rules
}

function* allFlaws(
  form: ApprovalsForm,
  rules: ApprovalRules,
  names: ApprovalNames,
): Generator<Flaw, void> {
  yield* peopleFlaws(form, names)
  yield* memberFlaws(form.groups, rules, names)
  yield* flowFlaws(form.flows, rules, names)
  if (form.breakGlass) yield* glassFlaws(form.breakGlass, rules, names)
}

function rulesOf(form: ApprovalsForm): ApprovalRules {
  const flows = Object.entries(form.flows).map(([group, flow]) => [group, flowFrom(group, flow)])
  const groups = Object.entries(form.groups).map(([group, members]) => [group, members.toSorted()])
  return {
    flows: Object.fromEntries(flows),
    // Neither has an order, so none counts for the digest.
    groups: Object.fromEntries(groups),
    people: form.people.map(sorted).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    breakGlass: form.breakGlass && glassFrom(form.breakGlass),
  }
}

function sorted({ id, accounts, agents }: LinkedPerson): LinkedPerson {
  return { id, accounts: accounts.toSorted(), agents: agents.toSorted() }
}

function flowFrom(group: string, form: FlowForm): ApprovalFlow {
  const plain = flowOf({ flows: {} }, group)
  const steps = form.steps?.map(({ name, groups, quorum, escalate }) => {
    const escalation = escalate.map(({ after, groups: more }) => ({ afterMs: after, groups: more }))
    return { name: name ?? groups.join(' or '), groups, quorum, escalation }
  })
  return {
    group,
    steps: steps ?? plain.steps,
    reasonChars: form.reason,
    ...(form.decideBy !== undefined && { decideByMs: form.decideBy }),
    ...(form.claimBy !== undefined && { claimByMs: form.claimBy }),
    offers: form.offers,
    usesMax: form.uses ?? plain.usesMax,
    forMsMax: form.for ?? plain.forMsMax,
    notify: form.notify,
    message: form.message,
    slackDecides: form.slackDecides,
  }
}

/** Without people there is nobody who could: the same as not saying anything about it. */
function glassFrom(form: GlassForm): BreakGlassRules | undefined {
  if (form.people.length === 0) return undefined
  const { people, functions, acr, amr, reviewers, notify, usesPer30Days } = form
  return {
    ...{ people, functions, acr, amr, reviewers, notify, usesPer30Days },
    forMsMax: form.for,
    signedInWithinMs: form.signedInWithin,
    reviewWithinMs: form.reviewWithin,
  }
}

function saysNothing({ flows, groups, people, breakGlass }: ApprovalRules): boolean {
  const written = [flows, groups].some((part) => Object.keys(part).length > 0)
  return !written && people.length === 0 && !breakGlass
}
