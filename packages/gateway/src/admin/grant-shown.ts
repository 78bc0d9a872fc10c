import type { Freshness, GrantProposal, GrantStanding } from '../model/certification.ts'
import type { GrantListed as Grant, PrincipalScope } from '../model/grant.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { GrantShown, GrantView } from '../review/grant-view.ts'
import {
  type ReviewRefused,
  type Refused as ReviewsRefused,
  reviewsRefused,
} from '../review/refused.ts'
import { iso } from './approval-shown.ts'
import type {
  AgreedUntil,
  CertificationShown,
  FreshnessShown,
  GrantDetail,
  GrantListed,
  ProposalShown,
  TimedGrantListed,
} from './grant-contract.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'
import { isAdmin } from './part.ts'
import { Refused } from './problem.ts'

/** One grant as lists show it to this person. */
export async function listedGrant(
  needs: AdminNeeds,
  { grant, standing, freshness, usage }: GrantShown,
  person: SignedInPerson,
): Promise<GrantListed> {
  const by = { person, isAdmin: isAdmin(needs, person) }
  const [whyNot, whyNotRevoke] = await Promise.all([
    needs.reviews.whyNot('certify', grant.id, by),
    needs.reviews.whyNot('revoke', grant.id, by),
  ])
  return {
    id: grant.id,
    owner: grant.owner ?? null,
    reason: grant.reason ?? null,
    principal: principalText(grant.principal),
    functions: [...grant.functions],
    tier: grant.tier,
    freshness: freshnessShown(freshness),
    content: grant.content,
    since: timeOrNull(standing?.firstSeenAt),
    content_since: timeOrNull(standing?.contentSince),
    expires_at: timeOrNull(grant.expiresAt),
    usage: {
      counted_since: timeOrNull(usage.countedSince),
      calls_7: usage.calls7 ?? null,
      calls_30: usage.calls30 ?? null,
      calls_90: usage.calls90 ?? null,
      last_at: timeOrNull(usage.lastAt),
    },
    certified_by: [...(standing?.certification?.by ?? [])],
    you: {
      may_certify: whyNot === undefined,
      why_not: whyNot ?? null,
      may_revoke: whyNotRevoke === undefined,
    },
  }
}

export async function detailedGrant(
  needs: AdminNeeds,
  view: GrantView,
  person: SignedInPerson,
): Promise<GrantDetail> {
  const { grant, standing, freshness } = view
  return {
    ...(await listedGrant(needs, view, person)),
    ...{ text: grant.text, file: grant.file, line: grant.line },
    review_days: grant.reviewDays ?? null,
    fields: grant.fields ? [...grant.fields] : null,
    when: [...freshness.when],
    certification: certificationShown(standing, grant),
    ends_at: timeOrNull(standing?.endsAt),
    exemption: agreed(standing?.exemption),
    extension: agreed(standing?.extension),
    revoked: standing?.revoked ? { ...standing.revoked, at: iso(standing.revoked.at) } : null,
    proposal: standing?.proposal ? proposalShown(standing.proposal) : null,
    used_by: view.usedBy.map(({ party, functions, calls30, calls90, lastAt }) => ({
      ...{ party, functions: [...functions] },
      ...{ calls_30: calls30, calls_90: calls90, last_at: iso(lastAt) },
    })),
    other_paths: view.otherPaths.map(({ grant, functions }) => ({
      ...{ grant, functions: [...functions] },
    })),
    peers: view.peers.map((one) => ({ function: one.function, principals: one.principals })),
    duties: view.duties.map(({ rule, reason }) => ({ rule, reason })),
    recommendation: {
      decision: view.recommendation.decision,
      codes: [...view.recommendation.codes],
    },
    open_items: view.openItems.map(({ campaign, item }) => ({ campaign, item })),
  }
}

function certificationShown(
  standing: GrantStanding | undefined,
  { content }: Pick<Grant, 'content'>,
): CertificationShown | null {
  const found = standing?.certification
  if (!found) return null
  const { id, decision, by, reason, when, at, validUntil, campaign } = found
  return {
    ...{ id, decision, reason, by: [...by], when: [...when] },
    at: iso(at),
    valid_until: iso(validUntil),
    campaign: campaign ?? null,
    matches: found.content === content,
  }
}

function agreed(found: GrantStanding['exemption']): AgreedUntil | null {
  return found ? { until: iso(found.until), by: [...found.by], reason: found.reason } : null
}

function proposalShown(proposal: GrantProposal): ProposalShown {
  const { act, by, reason, at, until, decision, when = [], endsAt } = proposal
  return {
    ...{ act, by, reason, at: iso(at), when: [...when] },
    until: timeOrNull(until),
    decision: decision ?? null,
    ends_at: timeOrNull(endsAt),
  }
}

export function freshnessShown({ state, staleAt, lapsesAt }: Freshness): FreshnessShown {
  return { state, stale_at: timeOrNull(staleAt), lapses_at: timeOrNull(lapsesAt) }
}

/** `anybody`, `User corp:sam`, `Group support`, `Agents in Group support`. */
export function principalText(principal: PrincipalScope): string {
  if (principal.kind === 'party') return `${principal.type} ${principal.id}`
  const { type } = principal
  if (principal.kind === 'any') return type === undefined ? 'anybody' : `any ${type}`
  const group = `Group ${principal.group}`
  return type === undefined ? group : `any ${type} in ${group}`
}

export async function timedShown(
  needs: AdminNeeds,
  timed: TimedGrant,
  person: SignedInPerson,
): Promise<TimedGrantListed> {
  const { id, party, functions, when, from, endsAt, reason, by, createdAt } = timed
  const state = timedState(timed, needs.now())
  const whyNot = await needs.reviews.whyNotTimed(timed, person)
  const mayRevoke =
    state === 'given' &&
    (isAdmin(needs, person) ||
      isTheirs(timed, person) ||
      by.includes(person.subject.id) ||
      whyNot === undefined)
  return {
    ...{ id, party, functions: [...functions], when: [...when], reason, by: [...by], state },
    from: iso(from),
    until: iso(endsAt),
    created_at: iso(createdAt),
    you: { may_decide: whyNot === undefined, why_not: whyNot ?? null, may_revoke: mayRevoke },
  }
}

/** A timed grant of theirs, or one that they asked for. */
export function isTheirs(
  { party, askedBy }: Pick<TimedGrant, 'party' | 'askedBy'>,
  { subject }: SignedInPerson,
): boolean {
  return subject.id === party || subject.id === askedBy
}

/** An end is a date: nobody writes it down. */
export function timedState({ state, endsAt }: TimedGrant, now: number): TimedGrantListed['state'] {
  return state === 'given' && endsAt <= now ? 'ended' : state
}

export function timeOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at)
}

/** What the review desk will not do, as a problem. */
export function notReviewed({ refused, detail }: ReviewsRefused): Refused {
  if (unknown.includes(refused)) return new Refused('not-found')
  if (refused === 'busy') return new Refused('conflict')
  const text = reviewsRefused[refused]
  return new Refused(forbidden.includes(refused) ? 'forbidden' : 'access-refused', {
    detail: detail === undefined ? text : `${text} ${detail}`,
    errors: [{ pointer: '', detail: refused }],
  })
}

const unknown: readonly ReviewRefused[] = [
  'grant-unknown',
  'campaign-unknown',
  'item-unknown',
  'timed-unknown',
]
const forbidden: readonly ReviewRefused[] = [
  'not-a-person',
  'locked',
  'own-access',
  'not-a-reviewer',
  'last-certifier',
  'campaign-owner',
  'not-yours',
]
