import { isMember } from '../approval/eligibility.ts'
import type { Approval } from '../model/approval.ts'
import { type ApprovalRules, noApprovalRules } from '../model/approval-rules.ts'
import type { Clearance } from '../model/clearance.ts'
import { rolesOf } from './access.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'

/**
 * Which part somebody has in an approval, and in what comes of it: what they may see and do here follows from
 * it. Whether their vote counts is the desk's to say.
 */

/** Administrators and auditors see every approval; others those they decide, made, or own the function of. */
export async function maySee(
  needs: AdminNeeds,
  person: SignedInPerson,
  approval: Approval,
): Promise<boolean> {
  if (seesAll(needs, person)) return true
  if (isTheirs(needs, person, approval)) return true
  if (ownsAll(needs, person, [approval.functionId])) return true
  return decides(needs, person, approval)
}

/**
 * What is asked holds arguments in clear: for those who decide it, and for payload-readers. Others see that it
 * is asked.
 */
export async function mayReadQuestion(
  needs: AdminNeeds,
  person: SignedInPerson,
  approval: Approval,
): Promise<boolean> {
  if (rolesOf(person, needs.roleGroups).includes('payload-reader')) return true
  return decides(needs, person, approval)
}

/** Whoever it is made for or through takes it back; the owner of the function and administrators do. */
export function mayWithdraw(
  needs: AdminNeeds,
  person: SignedInPerson,
  approval: Approval,
): boolean {
  if (isAdmin(needs, person) || isTheirs(needs, person, approval)) return true
  return ownsAll(needs, person, [approval.functionId])
}

/** The person it serves, those who could give it, the owner of the function, and administrators. */
export function mayRevoke(
  needs: AdminNeeds,
  person: SignedInPerson,
  clearance: Clearance,
): boolean {
  const { subject, actors, by, groups, functions, kind } = clearance
  const rules = approvalRules(needs)
  const reviewers = kind === 'break-glass' ? (rules.breakGlass?.reviewers ?? []) : []
  return (
    isAdmin(needs, person) ||
    isTheirs(needs, person, { subject, actors, triggeredBy: [] }) ||
    by.includes(person.subject.id) ||
    isInOne(person, [...groups, ...reviewers], rules) ||
    ownsAll(needs, person, functions)
  )
}

export function isAdmin({ roleGroups }: AdminNeeds, person: SignedInPerson): boolean {
  return rolesOf(person, roleGroups).includes('admin')
}

/** Administrators and auditors. */
export function seesAll({ roleGroups }: AdminNeeds, person: SignedInPerson): boolean {
  const roles = rolesOf(person, roleGroups)
  return roles.includes('admin') || roles.includes('auditor')
}

export function isInOne(
  person: SignedInPerson,
  groups: readonly string[],
  rules: ApprovalRules,
): boolean {
  return groups.some((group) => isMember(person, group, rules))
}

/** What the rulebook in force says about approvals. */
export function approvalRules({ rulebooks }: Pick<AdminNeeds, 'rulebooks'>): ApprovalRules {
  return rulebooks.loaded()?.rulebook.approvals ?? noApprovalRules
}

/** In a group of one of its steps, escalations included; or they voted on it; or may for somebody who is away. */
async function decides(
  needs: AdminNeeds,
  person: SignedInPerson,
  approval: Approval,
): Promise<boolean> {
  const groups = needs.desk.progress(approval).flatMap((step) => step.groups)
  if (isInOne(person, groups, approvalRules(needs))) return true
  if (approval.votes.some(({ by }) => by === person.subject.id)) return true
  return (await needs.desk.onBehalfOf(approval, person)).length > 0
}

/**
 * Whether the call is made for, by or through this person. Names that only look alike count against somebody,
 * never for them: here only the very id counts, and what the rulebook links with it.
 */
function isTheirs(
  needs: AdminNeeds,
  { subject: { id } }: SignedInPerson,
  { subject, actors, triggeredBy }: Pick<Approval, 'subject' | 'actors' | 'triggeredBy'>,
): boolean {
  const own = approvalRules(needs)
    .people.filter((one) => one.id === id || one.accounts.includes(id))
    .flatMap((one) => [one.id, ...one.accounts, ...one.agents])
  return [subject, ...actors, ...triggeredBy].some((party) => party === id || own.includes(party))
}

function ownsAll(
  needs: AdminNeeds,
  person: SignedInPerson,
  functionIds: readonly string[],
): boolean {
  const functions = needs.rulebooks.loaded()?.rulebook.functions ?? []
  const rules = approvalRules(needs)
  const owns = (id: string) => {
    const fn = functions.find((one) => one.id === id)
    return fn !== undefined && isMember(person, fn.owner, rules)
  }
  return functionIds.length > 0 && functionIds.every(owns)
}
