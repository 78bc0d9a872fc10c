import { setImmediate } from 'node:timers/promises'
import type { Freshness } from '../model/certification.ts'
import type { Decision } from '../model/decision.ts'
import type { GrantListed } from '../model/grant.ts'
import type { Party } from '../model/principal.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import { reaches, whoCan } from '../policy/access.ts'
import { approverGroupsOf } from '../policy/bounds.ts'
import { cedarPolicy } from '../policy/cedar.ts'
import { coversFunction } from '../policy/scope.ts'
import { iso } from './approval-shown.ts'
import type { FreshnessShown, WhatCan, WhoCan } from './grant-contract.ts'
import { freshnessShown, principalText } from './grant-shown.ts'
import type { AdminNeeds } from './needs.ts'

/** Every way to call one function. Undefined: no rulebook in force has it. */
export async function whoCanCall(
  needs: AdminNeeds,
  functionId: string,
): Promise<WhoCan | undefined> {
  const loaded = needs.rulebooks.loaded()
  if (!loaded?.rulebook.functions.some(({ id }) => id === functionId)) return undefined
  const { standing, timed } = await accessNow(needs, ({ functions }) =>
    functions.includes(functionId),
  )
  const paths = whoCan(loaded.inForce.grants, functionId).map((grant) => {
    const freshness = standing.get(grant.id)
    return {
      ...{ grant: grant.id, kind: 'policy' as const, principal: principalText(grant.principal) },
      freshness: shownOrUnknown(freshness),
      conditional: isConditional(grant, freshness),
    }
  })
  const covering = timed.filter(({ functions }) => functions.includes(functionId))
  return {
    function: functionId,
    paths: [...paths, ...covering.map(timedPath)],
    guardrails: guardrailsAbove(loaded.rulebook, functionId),
  }
}

/** What a party may call at best. Undefined: no rulebook is in force. */
export async function whatTheyCan(
  needs: AdminNeeds,
  party: Pick<Party, 'kind' | 'id'> & { readonly groups: readonly string[] },
): Promise<WhatCan | undefined> {
  const loaded = needs.rulebooks.loaded()
  if (!loaded) return undefined
  const { standing, timed } = await accessNow(
    needs,
    ({ principal }) => reaches(principal, party),
    party.id,
  )
  const own = timed.filter((one) => one.party === party.id)
  const grants = loaded.inForce.grants.filter(({ principal }) => reaches(principal, party))
  const ids = new Set([...grants, ...own].flatMap(({ functions }) => functions))
  const isEnforced = loaded.inForce.reviews.mode === 'enforce'
  const functions: WhatCan['functions'] = []
  for (const id of [...ids].sort()) {
    // The engine decides on the one thread that calls go through: they come in between.
    await setImmediate()
    const given = own.filter((one) => one.functions.includes(id))
    const permits = grants.filter((one) => one.functions.includes(id))
    const decision = loaded.decide({
      ...{ parties: [party], subject: party, functionId: id, args: {} },
      ...{ session: 'ses_what_can', time: needs.now(), approvedBy: [] },
      source: { protocol: 'http', ip: '127.0.0.1' },
      timed: given.map((one) => ({ party: party.id, id: one.id })),
    })
    const states = permits.map(({ id }) => standing.get(id)?.state ?? 'STALE')
    const review = given.length > 0 || !isEnforced ? 'counts' : bestOf(states)
    functions.push({
      function: id,
      answer: atBest(decision, review),
      grants: [
        ...permits.map((one) => ({
          grant: one.id,
          freshness: shownOrUnknown(standing.get(one.id)),
        })),
        ...given.map((one) => ({ grant: one.id, freshness: timedFreshness(one) })),
      ],
    })
  }
  return { principal: party.id, functions }
}

/**
 * Without arguments the engine can only say what holds for all of them. A policy that reads one cannot be evaluated,
 * and is named as such: what it says depends on the call.
 */
function atBest(
  decision: Decision,
  review: 'counts' | 'stale' | 'none',
): WhatCan['functions'][number]['answer'] {
  if (review === 'none') return 'refuse'
  if (decision.effect === 'forbid') return decision.errors.length > 0 ? 'depends' : 'refuse'
  return review === 'stale' ? 'hold' : decision.effect
}

function bestOf(states: readonly Freshness['state'][]): 'counts' | 'stale' | 'none' {
  const counting = states.filter((state) => state !== 'LAPSED' && state !== 'REVOKED')
  if (counting.length === 0) return 'none'
  return counting.every((state) => state === 'STALE') ? 'stale' : 'counts'
}

async function accessNow(
  { reviews, store, now }: AdminNeeds,
  fits: (grant: GrantListed) => boolean,
  party?: string,
): Promise<{
  readonly standing: ReadonlyMap<string, Freshness>
  readonly timed: readonly TimedGrant[]
}> {
  const [grants, timed] = await Promise.all([
    reviews.stood(fits),
    store.timedGrants({
      ...{ state: 'given', endsAfter: now() },
      ...(party !== undefined && { party }),
    }),
  ])
  const standing = new Map(grants.map(({ grant, freshness }) => [grant.id, freshness]))
  return { standing, timed: timed.filter(({ from }) => from <= now()) }
}

function timedPath(timed: TimedGrant): WhoCan['paths'][number] {
  return {
    ...{ grant: timed.id, kind: 'timed' as const, principal: timed.party },
    freshness: timedFreshness(timed),
    conditional: timed.when.length > 0,
  }
}

/** Trusted as approved until it ends. */
function timedFreshness({ endsAt }: TimedGrant): FreshnessShown {
  return { state: 'PROVISIONAL', stale_at: iso(endsAt), lapses_at: iso(endsAt) }
}

/** Of what nobody knows anything is stale. */
function shownOrUnknown(freshness: Freshness | undefined): FreshnessShown {
  return freshness ? freshnessShown(freshness) : { state: 'STALE', stale_at: null, lapses_at: null }
}

function isConditional(grant: GrantListed, freshness: Freshness | undefined): boolean {
  return grant.conditions.length > 0 || (freshness?.when.length ?? 0) > 0
}

/** Guardrails whose scope covers the function, whoever calls. */
function guardrailsAbove(
  { policies, functions }: Rulebook,
  functionId: string,
): WhoCan['guardrails'] {
  const fn = functions.find(({ id }) => id === functionId)
  return policies.flatMap((source) => {
    if (!fn || source.effect !== 'forbid') return []
    const read = cedarPolicy(source.text)
    if (!('policy' in read) || !coversFunction(read.policy, fn)) return []
    const approvers = [...approverGroupsOf(source)]
    return [{ policy: source.id, reason: source.annotations.reason ?? null, approvers }]
  })
}
