import { createHash } from 'node:crypto'
import { canonicalText } from '@sallyport/evidence/canonical'
import { covers } from '../call/authorize.ts'
import type { InForce } from '../call/in-force.ts'
import type { Campaign, CampaignScope, ReviewItem } from '../model/campaign.ts'
import type { GrantStanding } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import { freshnessOf } from './freshness.ts'
import { type Assigned, assignedBy, type Circle } from './reviewers.ts'

/** Who would be asked about what. In order of the grants' ids. */
export type Population = {
  readonly members: readonly { readonly grant: GrantListed; readonly assigned: Assigned }[]
  /** Ids of grants nobody may review by the campaign's rules. */
  readonly nobody: readonly string[]
  /** Grants in the scope that nothing is asked about: they were revoked, or have ended. */
  readonly excluded: number
}

/** The grants in force that are in this scope, and whom to ask about each. One pass. */
export function populationOf(
  circle: Circle,
  { scope, reviewers, owner }: Pick<Campaign, 'scope' | 'reviewers' | 'owner'>,
  known: { readonly standings: ReadonlyMap<string, GrantStanding>; readonly at: number },
): Population {
  const { rules } = circle
  const isIn = inScope(circle.rules, scope)
  const members: Population['members'][number][] = []
  const nobody: string[] = []
  let excluded = 0
  for (const grant of rules.grants.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
    const freshness = freshnessOf(known.standings.get(grant.id), grant, rules.reviews, known.at)
    const { staleAt = 0 } = freshness
    if (!isIn(grant) || (scope.staleBefore !== undefined && staleAt >= scope.staleBefore)) continue
    const ends = Math.min(grant.expiresAt ?? never, known.standings.get(grant.id)?.endsAt ?? never)
    if (freshness.state === 'REVOKED' || ends <= known.at) {
      excluded += 1
      continue
    }
    const assigned = assignedBy(circle, reviewers, { grant, without: [owner] })
    if (!assigned) nobody.push(grant.id)
    members.push({ grant, assigned: assigned ?? { groups: [], people: [] } })
  }
  return { members, nobody, excluded }
}

/** One line of a population: what was asked about, and nothing that changes later. */
export function populationLine({ grant, content, tier }: Frozen): string {
  return `${canonicalText({ content, grant, tier })}\n`
}

/** SHA-256 over its lines in order of the grants' ids, `sha256:<hex>`. */
export function populationHash(frozen: readonly Frozen[]): string {
  const hash = createHash('sha256')
  for (const one of inOrder(frozen)) hash.update(populationLine(one))
  return `sha256:${hash.digest('hex')}`
}

export function inOrder<Member extends Pick<Frozen, 'grant'>>(
  members: readonly Member[],
): readonly Member[] {
  return members.toSorted((one, other) => (one.grant < other.grant ? -1 : 1))
}

type Frozen = Pick<ReviewItem, 'grant' | 'content' | 'tier'>

function inScope(
  { rulebook }: InForce,
  { functions, owners, risks, grants }: CampaignScope,
): (grant: GrantListed) => boolean {
  const covered =
    functions &&
    new Set(
      rulebook.functions
        .map(({ id }) => id)
        .filter((id) => functions.some((pattern) => pattern === '*' || covers(pattern, id))),
    )
  const named = grants && new Set(grants)
  return (grant) =>
    (!covered || grant.functions.some((id) => covered.has(id))) &&
    (!owners || (grant.owner !== undefined && owners.includes(grant.owner))) &&
    (!risks || risks.includes(grant.tier)) &&
    (!named || named.has(grant.id))
}

const never = Number.MAX_SAFE_INTEGER
