import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Authorized, FieldScope, Reviewed } from './stage.ts'

/**
 * Which of the grants that allow this call are live at this moment. Derived from dates when the call
 * is made, so nothing has to run for access to end. Each deciding party needs one live grant; the
 * response fields it may see are what its live grants together let through.
 */
export function checkReview(gate: Gate, at: Authorized): Reviewed {
  return { ...at, ...liveGrants(at.decision, gate.now()), stage: 'reviewed' }
}

/** Refuses `review-lapsed` when a party has no live grant. `fields`: the scope of each party that is limited. */
export function liveGrants(
  decision: Authorized['decision'],
  now: number,
): Pick<Reviewed, 'grants' | 'fields'> {
  const grants = decision.grants.map(({ party, grants }) => ({
    party,
    grants: grants.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now),
  }))
  const lapsed = grants.findIndex((party) => party.grants.length === 0)
  if (lapsed >= 0) {
    const ids = decision.grants[lapsed]?.grants.map((grant) => grant.id) ?? []
    throw new Refusal('review-lapsed', {
      detail: 'Ask the owner of the grant to renew it.',
      facts: { grants: ids },
    })
  }
  const fields = grants.flatMap(({ grants }): readonly FieldScope[] => {
    const scopes = grants.map((grant) => grant.fields)
    return scopes.includes(undefined) ? [] : [scopes.flatMap((scope) => scope ?? [])]
  })
  return { grants, fields }
}
