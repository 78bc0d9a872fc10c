import type { InForce } from '../call/in-force.ts'
import type { Freshness } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import { freshnessOf } from './freshness.ts'
import type { ReviewNeeds } from './needs.ts'
import { callsSince, dayMs, usageBy } from './usage.ts'

/** What stops needing no person, or stops at all, unless somebody reviews it. */
export type Forecast = {
  readonly days: number
  /** Soonest first. */
  readonly grants: readonly {
    readonly grant: GrantListed
    readonly freshness: Freshness
    /** Undefined: not known. */
    readonly calls30: number | undefined
    /** Party ids seen using it in 30 days, and those of them that are no people: what would stand still. */
    readonly parties: readonly string[]
    readonly machines: readonly string[]
  }[]
}

/** Grants of the rulebook in force that go stale or lapse within so many days, and those that have. */
export async function forecast(
  { store, rules, now }: Pick<ReviewNeeds, 'store' | 'rules' | 'now'>,
  { days }: { readonly days: number },
): Promise<Forecast> {
  const inForce = rules()
  if (!inForce) return { days, grants: [] }
  const at = now()
  const { standings } = await store.grantStandings({})
  const known = new Map(standings.map((standing) => [standing.grant, standing]))
  const uses = usageBy(await store.grantUse({ since: dayOf(at) - 30 }))
  const isMachine = machinesOf(inForce)
  const grants = inForce.grants.flatMap((grant) => {
    const standing = known.get(grant.id)
    const freshness = freshnessOf(standing, grant, inForce.reviews, at)
    if (!isSoon(freshness, at + days * dayMs)) return []
    const rows = uses.get(grant.id) ?? []
    const parties = [...new Set(rows.map(({ party }) => party))]
    const calls30 = callsSince(rows, { standing, at, days: 30 })
    const machines = parties.filter((party) => isMachine(grant, party))
    return [{ grant, freshness, calls30, parties, machines }]
  })
  return { days, grants: grants.toSorted((one, other) => soonest(one) - soonest(other)) }
}

function isSoon({ state, staleAt }: Freshness, until: number): boolean {
  if (state === 'REVOKED' || state === 'EXEMPT') return false
  return state === 'STALE' || state === 'LAPSED' || (staleAt !== undefined && staleAt < until)
}

function soonest({ freshness: { staleAt, lapsesAt } }: Forecast['grants'][number]): number {
  return staleAt ?? lapsesAt ?? 0
}

/** Whether a party is known to be no person: a key, an agent somebody has, or what a grant's scope says it is. */
function machinesOf(rules: InForce): (grant: GrantListed, party: string) => boolean {
  const agents = new Set(rules.approvals.people.flatMap((person) => person.agents))
  const named = new Set(
    rules.grants.flatMap(({ principal }) =>
      principal.kind === 'party' && principal.type !== 'User' ? [principal.id] : [],
    ),
  )
  return ({ principal }, party) =>
    party.startsWith('key:') ||
    agents.has(party) ||
    named.has(party) ||
    (principal.type !== undefined && principal.type !== 'User')
}

function dayOf(at: number): number {
  return Math.floor(at / dayMs)
}
