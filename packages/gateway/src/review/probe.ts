import type { InForce } from '../call/in-force.ts'
import type { Freshness } from '../model/certification.ts'
import type { Decision } from '../model/decision.ts'
import type { GrantListed } from '../model/grant.ts'
import type { Party, PartyKind } from '../model/principal.ts'

/**
 * Asks the policy engine, as a call would, for a principal of the grant's scope and without arguments: what is the
 * answer, and does this grant still count? A grant with conditions on arguments may not answer to a question without
 * any; then its freshness alone says whether it counts.
 */
export function probe({
  rules,
  grant,
  freshness,
  now,
}: {
  readonly rules: InForce
  readonly grant: GrantListed
  readonly freshness: (rules: InForce, grantId: string) => Freshness
  readonly now: () => number
}): { readonly answer: Decision['effect']; readonly counts: boolean } {
  const party = principalOf(rules, grant)
  const [functionId = ''] = grant.functions
  const decision = rules.decide({
    ...{ parties: [party], subject: party, functionId, args: {} },
    ...{ session: 'review', time: now(), approvedBy: [] },
    source: { protocol: 'http', ip: '127.0.0.1' },
  })
  const allowed =
    decision.effect === 'forbid' ? [] : decision.grants.flatMap(({ grants }) => grants)
  const live = allowed
    .map(({ id }) => freshness(rules, id))
    .filter(({ state }) => state !== 'REVOKED' && state !== 'LAPSED')
  const own = freshness(rules, grant.id).state
  const counts = own !== 'REVOKED' && own !== 'LAPSED' && own !== 'STALE'
  if (live.length === 0) return { answer: 'forbid', counts }
  const isStale = live.every(({ state }) => state === 'STALE')
  return { answer: isStale ? 'hold' : decision.effect, counts }
}

/** Somebody whom the grant is given to; of a group or of everybody, a member who is nobody. */
function principalOf({ approvals }: InForce, { principal }: GrantListed): Party {
  const kind = kinds[principal.type ?? 'User']
  if (principal.kind === 'party') {
    const groups = Object.entries(approvals.groups)
      .filter(([, members]) => members.includes(principal.id))
      .map(([group]) => group)
    return { kind, id: principal.id, groups }
  }
  return { kind, id: nobody, groups: principal.kind === 'group' ? [principal.group] : [] }
}

const nobody = 'review:nobody'
const kinds: Readonly<Record<Capitalize<PartyKind>, PartyKind>> = {
  User: 'user',
  Agent: 'agent',
  Workload: 'workload',
  Service: 'service',
}
