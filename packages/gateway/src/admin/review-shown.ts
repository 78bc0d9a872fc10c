import type {
  Campaign,
  ReviewerRule,
  ReviewItem,
  CampaignScope as Scope,
} from '../model/campaign.ts'
import type { Freshness } from '../model/certification.ts'
import type { GrantListed as Grant } from '../model/grant.ts'
import type { CampaignAsked as Asked } from '../review/asked.ts'
import type { ItemView } from '../review/grant-view.ts'
import { iso } from './approval-shown.ts'
import { detailedGrant, freshnessShown, timeOrNull } from './grant-shown.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'
import type {
  CampaignAsked,
  CampaignDetail,
  CampaignListed,
  CampaignScope,
  Forecast,
  ItemDetail,
  ItemListed,
} from './review-contract.ts'

/** What campaigns, their items and the forecast look like to somebody who asks. */

export function campaignListed(campaign: Campaign): CampaignListed {
  const { id, name, state, owner, population } = campaign
  return {
    ...{ id, name, state, owner },
    population: population ? { ...population, at: iso(population.at) } : null,
    opens_at: iso(campaign.opensAt),
    due_at: iso(campaign.dueAt),
    grace_until: iso(campaign.graceUntil),
    created_at: iso(campaign.createdAt),
  }
}

export async function campaignShown(
  { reviews }: Pick<AdminNeeds, 'reviews'>,
  campaign: Campaign,
): Promise<CampaignDetail> {
  return {
    ...campaignListed(campaign),
    scope: scopeShown(campaign.scope),
    reviewers: campaign.reviewers.map(ruleShown),
    levels: campaign.levels,
    recurrence: campaign.recurrence ?? null,
    reminders: [...campaign.reminders],
    no_response: campaign.noResponse,
    justification: campaign.justification,
    previous: campaign.previous ?? null,
    cancelling: campaign.cancelling ? { ...campaign.cancelling } : null,
    counts: { ...(await reviews.itemCounts(campaign.id)) },
  }
}

function scopeShown({ functions, owners, risks, grants, staleBefore }: Scope): CampaignScope {
  return {
    ...(functions && { functions: [...functions] }),
    ...(owners && { owners: [...owners] }),
    ...(risks && { risks: [...risks] }),
    ...(grants && { grants: [...grants] }),
    ...(staleBefore !== undefined && { stale_before: iso(staleBefore) }),
  }
}

function ruleShown(rule: ReviewerRule): CampaignDetail['reviewers'][number] {
  if (rule.kind === 'groups') return { kind: 'groups', groups: [...rule.groups] }
  if (rule.kind === 'people') return { kind: 'people', people: [...rule.people] }
  return { kind: rule.kind }
}

/** A campaign as it came over the wire, as the desk takes it. */
export function campaignAskedOf(asked: CampaignAsked, person: SignedInPerson): Asked {
  const { name, scope, reviewers, levels, recurrence, opens_at, reminders } = asked
  const { functions, owners, risks, grants, stale_before } = scope
  return {
    ...{ person, name, reviewers },
    scope: {
      ...(functions && { functions }),
      ...(owners && { owners }),
      ...(risks && { risks }),
      ...(grants && { grants }),
      ...(stale_before !== undefined && { staleBefore: Date.parse(stale_before) }),
    },
    dueAt: Date.parse(asked.due_at),
    graceUntil: Date.parse(asked.grace_until),
    ...(levels && { levels }),
    ...(recurrence !== undefined && { recurrence }),
    ...(opens_at !== undefined && { opensAt: Date.parse(opens_at) }),
    ...(reminders && { reminders }),
    ...(asked.no_response && { noResponse: asked.no_response }),
    ...(asked.justification && { justification: asked.justification }),
  }
}

export async function itemListed(
  { reviews }: Pick<AdminNeeds, 'reviews'>,
  item: ReviewItem,
  person: SignedInPerson,
): Promise<ItemListed> {
  const { id, campaign, grant, tier, state, content, assigned, decisions, remediation } = item
  const whyNot = await reviews.whyNotItem(item, person)
  return {
    ...{ id, campaign, grant, tier, state, content },
    reviewers: { groups: [...assigned.groups], people: [...assigned.people] },
    decision: decisions.at(-1)?.decision ?? null,
    decided_by: decisions.map(({ by }) => by),
    remediation: remediation
      ? {
          state: remediation.state,
          answer: remediation.answer ?? null,
          at: iso(remediation.at),
        }
      : null,
    reopened: item.reopened ?? null,
    you: { may_decide: whyNot === undefined, why_not: whyNot ?? null },
  }
}

export async function itemShown(
  needs: AdminNeeds,
  { item, grant, shown }: ItemView,
  person: SignedInPerson,
): Promise<ItemDetail> {
  return {
    ...(await itemListed(needs, item, person)),
    shown,
    grant_now: grant ? await detailedGrant(needs, grant, person) : null,
    moved: item.moved.map(({ by, to, note, at }) => ({
      ...{ by, note, at: iso(at) },
      to: { groups: [...to.groups], people: [...to.people] },
    })),
    decisions: item.decisions.map((one) => ({
      level: one.level,
      by: one.by,
      decision: one.decision,
      reason: one.reason,
      at: iso(one.at),
      when: [...one.when],
      ends_at: timeOrNull(one.endsAt),
      recommended: one.recommended,
      dwell_ms: one.dwellMs ?? null,
    })),
  }
}

export function forecastShown(found: {
  readonly days: number
  readonly grants: readonly {
    readonly grant: Grant
    readonly freshness: Freshness
    readonly calls30: number | undefined
    readonly machines: readonly string[]
  }[]
}): Forecast {
  return {
    days: found.days,
    grants: found.grants.map(({ grant, freshness, calls30, machines }) => ({
      grant: grant.id,
      owner: grant.owner ?? null,
      tier: grant.tier,
      freshness: freshnessShown(freshness),
      calls_30: calls30 ?? null,
      machines: [...machines],
    })),
  }
}
