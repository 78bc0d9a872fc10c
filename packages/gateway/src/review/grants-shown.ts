import { isPersonLocked } from '../approval/eligibility.ts'
import type { InForce } from '../call/in-force.ts'
import { listedIn } from '../model/approval-rules.ts'
import type { FreshnessState, GrantStanding } from '../model/certification.ts'
import type { GrantListed, PrincipalScope } from '../model/grant.ts'
import { dutiesBroken, givenNow } from './duties.ts'
import { freshnessOf } from './freshness.ts'
import type { GrantShown, GrantView } from './grant-view.ts'
import type { ReviewNeeds } from './needs.ts'
import { recommend } from './recommend.ts'
import { dayMs, usageBy, usageOf, usersOf } from './usage.ts'

type Needs = Pick<ReviewNeeds, 'store' | 'rules' | 'now' | 'isLocked'>

/** Which grants somebody wants to see, of those that they may. */
export type GrantsWanted = {
  readonly fits: (grant: GrantListed) => boolean
  readonly state?: FreshnessState | undefined
  readonly limit: number
}

/**
 * The first grants in force that are wanted: what nobody may see or asked for costs no question to
 * the store. Use is read of those alone that are shown.
 */
export async function grantsShown(
  needs: Needs,
  { fits, state, limit }: GrantsWanted,
): Promise<readonly GrantShown[]> {
  const at = needs.now()
  // Where each stands is only read of more than are shown when that is what is asked about.
  const stood = await grantsStood(needs, fits, state === undefined ? limit : undefined)
  const shown = stood
    .filter(({ freshness }) => state === undefined || freshness.state === state)
    .slice(0, limit)
  if (shown.length === 0) return []
  const grants = shown.map(({ grant }) => grant.id)
  const since = Math.floor(at / dayMs) - 90
  const uses = usageBy(await needs.store.grantUse({ grants, since }))
  return shown.map((one) => {
    const { grant, standing } = one
    return { ...one, usage: usageOf(uses.get(grant.id) ?? [], { standing, at }) }
  })
}

/** The same without how often they were used; all that fit, or the first. */
export async function grantsStood(
  { store, rules, now }: Needs,
  fits: GrantsWanted['fits'],
  limit?: number,
): Promise<readonly Omit<GrantShown, 'usage'>[]> {
  const inForce = rules()
  const wanted = inForce?.grants.filter(fits).slice(0, limit) ?? []
  if (!inForce || wanted.length === 0) return []
  const at = now()
  const known = await standingsOf(store, wanted)
  return wanted.map((grant) => {
    const standing = known.get(grant.id)
    return { grant, standing, freshness: freshnessOf(standing, grant, inForce.reviews, at) }
  })
}

/** Of a few one by one; of many all at once, as there are about as many as grants. */
async function standingsOf(
  store: Needs['store'],
  wanted: readonly GrantListed[],
): Promise<ReadonlyMap<string, GrantStanding>> {
  const found =
    wanted.length <= fewGrants
      ? await Promise.all(wanted.map(({ id }) => store.grantStanding(id)))
      : (await store.grantStandings({})).standings
  return new Map(found.flatMap((standing) => (standing ? [[standing.grant, standing]] : [])))
}

// A page of a list and the next one.
const fewGrants = 256

/** One of them with all that a reviewer is shown; undefined: no rulebook in force has it. */
export async function grantView(
  { store, rules, now, isLocked }: Needs,
  id: string,
): Promise<GrantView | undefined> {
  const inForce = rules()
  const grant = inForce?.grant(id)
  if (!inForce || !grant) return undefined
  const at = now()
  const [standing, uses, open] = await Promise.all([
    store.grantStanding(id),
    store.grantUse({ grants: [id], since: Math.floor(at / dayMs) - 90 }),
    store.openItemsOf(id),
  ])
  const conflicts = dutiesBroken(inForce, id, await givenNow({ store, now }, inForce))
  const usage = usageOf(uses, { standing, at })
  const usedBy = usersOf(uses, at)
  const { principal } = grant
  const { approvals } = inForce
  const isPrincipalLocked =
    principal.kind === 'party' && isPersonLocked(principal.id, { rules: approvals, isLocked })
  return {
    ...{ grant, standing, usage, usedBy },
    freshness: freshnessOf(standing, grant, inForce.reviews, at),
    otherPaths: otherPaths(inForce, grant),
    peers: peersOf(inForce, grant),
    duties: conflicts.map(({ rule }) => ({ rule: rule.id, reason: rule.reason })),
    recommendation: recommend({ grant, standing, usage, usedBy, conflicts, isPrincipalLocked, at }),
    openItems: open.map(({ id, campaign }) => ({ campaign, item: id })),
  }
}

/** What the same principal could call without this grant: so that nobody takes one path for the only one. */
function otherPaths(rules: InForce, grant: GrantListed): GrantView['otherPaths'] {
  const covered = new Set(grant.functions)
  const index = principalIndex(rules)
  return reachedBy(rules, grant.principal)
    .flatMap((key) => index.get(key) ?? [])
    .filter(({ id }) => id !== grant.id)
    .map(({ id, functions }) => ({
      grant: id,
      functions: functions.filter((one) => covered.has(one)),
    }))
    .filter(({ functions }) => functions.length > 0)
}

/** Whoever else has it as well: access that nobody else needs stands out. */
function peersOf(rules: InForce, { functions, principal }: GrantListed): GrantView['peers'] {
  const index = holderIndex(rules)
  const own = keyOf(principal)
  return functions.map((id) => {
    const holders = index.get(id)
    return { function: id, principals: (holders?.size ?? 0) - (holders?.has(own) ? 1 : 0) }
  })
}

/** The scopes that certainly hold for everybody whom this one holds for. */
function reachedBy({ approvals }: InForce, principal: PrincipalScope): readonly string[] {
  if (principal.kind === 'any') return [keyOf(principal)]
  const groups =
    principal.kind === 'party'
      ? Object.keys(approvals.groups).filter((group) =>
          listedIn(approvals.groups, group)?.includes(principal.id),
        )
      : []
  const keys = groups.map((group) => keyOf({ kind: 'group', group }))
  return [keyOf({ kind: 'any' }), keyOf(principal), ...keys]
}

function keyOf(principal: PrincipalScope): string {
  if (principal.kind === 'any') return 'any'
  return principal.kind === 'party' ? `party ${principal.id}` : `group ${principal.group}`
}

/** Grants by whom they are given to; made once for each rulebook. */
function principalIndex(rules: InForce): ReadonlyMap<string, readonly GrantListed[]> {
  const known = indexes.get(rules)
  if (known) return known
  const made = Map.groupBy(rules.grants, ({ principal }) => keyOf(principal))
  indexes.set(rules, made)
  return made
}

const indexes = new WeakMap<InForce, ReadonlyMap<string, readonly GrantListed[]>>()

/** Principals that have a grant to each function; made once for each rulebook. */
function holderIndex(rules: InForce): ReadonlyMap<string, ReadonlySet<string>> {
  const known = holderIndexes.get(rules)
  if (known) return known
  const made = new Map<string, Set<string>>()
  for (const { functions, principal } of rules.grants) {
    for (const id of functions) {
      const holders = made.get(id) ?? new Set()
      made.set(id, holders.add(keyOf(principal)))
    }
  }
  holderIndexes.set(rules, made)
  return made
}

const holderIndexes = new WeakMap<InForce, ReadonlyMap<string, ReadonlySet<string>>>()
