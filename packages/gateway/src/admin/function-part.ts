import { isPersonAlone, isPersonLocked } from '../approval/eligibility.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import { listedKindOf } from '../model/mcp-listing.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { FunctionDetail, FunctionHold as FunctionHoldShown } from './function-contract.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'
import { approvalRules, isInOne, seesAll } from './part.ts'
import { Refused } from './problem.ts'

/**
 * Who accepts what a function has become: whoever stands behind its owner, signed in as themselves, with no id of
 * theirs locked.
 */
export function mayAccept(
  needs: AdminNeeds,
  person: SignedInPerson,
  fn: Pick<FunctionDefinition, 'owner'>,
): boolean {
  const locked = { rules: approvalRules(needs), isLocked: needs.locks.isLockedId }
  return (
    standsBehind(needs, person, fn) &&
    isPersonAlone(person) &&
    !isPersonLocked(person.subject.id, locked)
  )
}

function standsBehind(
  needs: AdminNeeds,
  person: SignedInPerson,
  fn: Pick<FunctionDefinition, 'owner'>,
): boolean {
  const groups = needs.rulebooks.loaded()?.inForce.ownerGroups(fn.owner) ?? []
  return isInOne(person, groups, approvalRules(needs))
}

/** One that this person may look at: all for administrators and auditors, their own for owners. Refuses `not-found`. */
export function functionFor(
  needs: AdminNeeds,
  person: SignedInPerson,
  id: string,
): { readonly fn: FunctionDefinition; readonly rulebook: Rulebook } {
  const rulebook = rulebookOf(needs)
  const fn = rulebook.functions.find((one) => one.id === id)
  if (!fn || !(seesAll(needs, person) || standsBehind(needs, person, fn))) {
    throw new Refused('not-found')
  }
  return { fn, rulebook }
}

/**
 * The upstream that a function is of, or of an MCP server the list that it is in, where it could not be read for so
 * long that its calls are refused.
 */
export function unreadSource(
  { catalogue }: Pick<AdminNeeds, 'catalogue'>,
  fn: Pick<FunctionDefinition, 'connection' | 'source' | 'mcp'>,
): Unread | undefined {
  if (fn.source === undefined) return undefined
  const source = catalogue.sources().find((one) => one.connection === fn.connection)
  const own = source?.lists.find(({ list, isRefused }) => isRefused && list === listedKindOf(fn))
  const found = own ?? (source?.isRefused ? source : undefined)
  if (!found) return undefined
  const { problem = null, problemAt } = found
  const since = problemAt === undefined ? null : new Date(problemAt).toISOString()
  return { since, problem, list: own?.list ?? null }
}

type Unread = NonNullable<FunctionDetail['unread']>

/** Refuses `rulebook-missing`. */
export function rulebookOf({ rulebooks }: AdminNeeds): Rulebook {
  const current = rulebooks.loaded()
  if (!current) throw new Refused('rulebook-missing')
  return current.rulebook
}

/** A hold in the form of the contract. */
export function shownHold(hold: FunctionHold): FunctionHoldShown {
  const { state, why, registered, found, since, accepted } = hold
  return {
    state,
    why,
    registered: registered === '' ? null : registered,
    found: found === '' ? null : found,
    since: new Date(since).toISOString(),
    accepted_by: accepted?.by ?? null,
    accepted_at: accepted ? new Date(accepted.at).toISOString() : null,
    note: accepted?.note ?? null,
  }
}
