import type { Freshness, FreshnessState } from '../model/certification.ts'
import type { GrantUsed, PartyGrants, Question } from '../model/decision.ts'
import type { GrantInUse } from '../model/grant.ts'
import { questionOf } from './authorize.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'
import type { Authorized, FieldScope, Reviewed, StaleGrant } from './stage.ts'

/**
 * By which of the grants that allow it this call is made. Where a grant stands is derived from dates when the call
 * is made, so nothing has to run for access to end. Each deciding party needs a grant that counts: one whose review
 * is not overdue is preferred, and if only overdue ones are left, the owner of one has to agree to this very call.
 * The response fields a party may see are what the grants in use together let through.
 */
export function checkReview(gate: Gate, at: Authorized): Reviewed {
  const question = questionOf(at, gate.now(), [])
  return { ...at, ...grantsInUse(gate, at, question), stage: 'reviewed' }
}

/** Refuses `review-lapsed`, or `grant-revoked`, when a party has no grant that counts. */
export function grantsInUse(
  gate: Pick<Gate, 'freshness'>,
  at: Decided,
  question: Question,
): Pick<Reviewed, 'grants' | 'fields' | 'used' | 'stale'> {
  const chosen = at.decision.grants.map((party) => choose(gate, at, party, question))
  const used = chosen.flatMap(({ party, grants }) => grants.map((one) => inUse(party, one)))
  return {
    grants: chosen.map(({ party, grants }) => ({
      party,
      grants: grants.map(({ grant }) => grant),
    })),
    fields: chosen.flatMap(({ grants }) => fieldsOf(grants)),
    used,
    stale: isEnforced(at)
      ? staleOf(
          at,
          chosen.flatMap(({ grants }) => grants),
        )
      : [],
  }
}

type Decided = Pick<Authorized, 'rules' | 'fn' | 'decision'>
type Judged = { readonly grant: GrantUsed; readonly freshness: Freshness }

function choose(
  gate: Pick<Gate, 'freshness'>,
  at: Decided,
  { party, grants }: PartyGrants,
  question: Question,
): { readonly party: string; readonly grants: readonly Judged[] } {
  const judged = grants.map((grant) => ({ grant, freshness: gate.freshness(at.rules, grant.id) }))
  const standing = judged.filter(({ grant: { expiresAt }, freshness }) => {
    return stands(at.rules, { expiresAt, freshness }, question.time)
  })
  const fitting = standing.filter(({ freshness: { when } }) => {
    return when.length === 0 || at.rules.fits(at.fn, when, question)
  })
  if (fitting.length === 0) throw noneLeft(party, judged, standing.length > 0)
  const sorted = fitting.toSorted((one, other) => rankOf(one) - rankOf(other))
  const calm = sorted.filter(({ freshness }) => !isEnforced(at) || freshness.state !== 'STALE')
  const whole = (calm.length > 0 ? calm : sorted).find(({ grant }) => grant.fields === undefined)
  if (whole) return { party, grants: [whole] }
  // What is let through adds up; a stale one is asked about by itself.
  return { party, grants: calm.length > 0 ? calm : sorted.slice(0, 1) }
}

/** Whether it counts for anything now. A first look (`mode: report`) changes what reviews do, never what people did. */
export function stands(
  rules: InForce,
  {
    expiresAt,
    freshness: { state, ended },
  }: { readonly expiresAt: number | undefined; readonly freshness: Freshness },
  now: number,
): boolean {
  if (expiresAt !== undefined && expiresAt <= now) return false
  if (state === 'REVOKED') return false
  return state !== 'LAPSED' || (!isEnforced({ rules }) && ended !== true)
}

export function isEnforced({ rules }: Pick<Authorized, 'rules'>): boolean {
  return rules.reviews.mode === 'enforce'
}

/** The one that needs the least attention first. */
function rankOf({ freshness: { state } }: Judged): number {
  return ranks.indexOf(state)
}

const ranks: readonly FreshnessState[] = [
  'FRESH',
  'EXEMPT',
  'PROVISIONAL',
  'DUE_SOON',
  'STALE',
  'LAPSED',
  'REVOKED',
]

function noneLeft(party: string, judged: readonly Judged[], isNarrowed: boolean): Refusal {
  const grants = judged.map((one) => inUse(party, one))
  const facts = { grants: grants.map(({ grant }) => grant) }
  if (isNarrowed) {
    const detail = 'A review has narrowed what the grant allows, and this call is outside of it.'
    return new Refusal('review-lapsed', { detail, facts, grants })
  }
  if (judged.some(({ freshness }) => freshness.state === 'REVOKED')) {
    const detail = 'Ask the owner of the grant whether it may be restored.'
    return new Refusal('grant-revoked', { detail, facts, grants })
  }
  const detail = 'Ask the owner of the grant to renew it.'
  return new Refusal('review-lapsed', { detail, facts, grants })
}

function inUse(party: string, { grant, freshness }: Judged): GrantInUse {
  const { state, when } = freshness
  return { party, grant: grant.id, freshness: state, ...(when.length > 0 && { when }) }
}

/** None: the party is not limited. */
function fieldsOf(grants: readonly Judged[]): readonly FieldScope[] {
  const scopes = grants.map(({ grant }) => grant.fields)
  return scopes.includes(undefined) ? [] : [scopes.flatMap((scope) => scope ?? [])]
}

function staleOf({ fn, rules }: Decided, chosen: readonly Judged[]): readonly StaleGrant[] {
  const stale = chosen.filter(({ freshness }) => freshness.state === 'STALE')
  const ids = new Map(stale.map(({ grant }) => [grant.id, grant.owner ?? fn.owner]))
  return [...ids].map(([grant, owner]) => ({ grant, owner, group: rules.ownerFlow(owner) }))
}
