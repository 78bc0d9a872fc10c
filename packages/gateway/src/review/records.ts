import type { RecordDraft } from '@sallyport/evidence/record'
import { timestamp } from '../approval/records.ts'
import type { Campaign, ReviewItem, ReviewItemDecision } from '../model/campaign.ts'
import type { Certification, GrantProposal, GrantStanding } from '../model/certification.ts'
import type { Risk } from '../model/function.ts'
import type { TimedGrant } from '../model/timed-grant.ts'

// What reviews leave in the log. Pure; times are Unix milliseconds.

/** Where in a campaign something was decided; absent: on its own. */
export type InCampaign = { readonly campaign: string; readonly item: string } | undefined

export function certifiedRecord(
  grant: string,
  certification: Certification,
  also: { readonly tier: Risk; readonly endsAt?: number | undefined; readonly within: InCampaign },
): RecordDraft {
  const { id, content, decision, by, reason, when, at, validUntil } = certification
  return {
    type: 'grant.certified',
    time: timestamp(at),
    ...{ grant, certification: id, content, decision, by, reason, when, tier: also.tier },
    validUntil: timestamp(validUntil),
    ...(also.endsAt !== undefined && { endsAt: timestamp(also.endsAt) }),
    ...also.within,
  }
}

export function revokedRecord(
  grant: string,
  { at, by, reason }: NonNullable<GrantStanding['revoked']>,
  within: InCampaign,
): RecordDraft {
  return { type: 'grant.revoked', time: timestamp(at), ...{ grant, by, reason }, ...within }
}

export function proposedRecord(grant: string, proposal: GrantProposal): RecordDraft {
  const { act, content, by, reason, at } = proposal
  return { type: 'grant.proposed', time: timestamp(at), ...{ grant, act, content, by, reason } }
}

export function timedRecord(
  type: 'timed.asked' | 'timed.given',
  timed: TimedGrant,
  at: number,
): RecordDraft {
  const { id, party, functions, when, from, endsAt, reason, askedBy, by } = timed
  const terms = {
    time: timestamp(at),
    ...{ timed: id, party, functions, when, reason },
    from: timestamp(from),
    endsAt: timestamp(endsAt),
  }
  return type === 'timed.asked' ? { type, ...terms, by: askedBy } : { type, ...terms, by }
}

export function openedRecord(campaign: Campaign, by: string): RecordDraft {
  const { id, name, owner, state, levels, noResponse, opensAt, dueAt, graceUntil } = campaign
  return {
    type: 'campaign.opened',
    time: timestamp(campaign.createdAt),
    ...{ campaign: id, name, owner, by, state, levels, noResponse },
    opensAt: timestamp(opensAt),
    dueAt: timestamp(dueAt),
    graceUntil: timestamp(graceUntil),
    ...(campaign.previous !== undefined && { previous: campaign.previous }),
  }
}

export function changedRecord(
  { id, state, population }: Campaign,
  changed: {
    readonly at: number
    readonly by?: readonly string[]
    readonly reason?: string
    readonly unanswered?: number
  },
): RecordDraft {
  const { at, ...also } = changed
  return {
    type: 'campaign.changed',
    time: timestamp(at),
    ...{ campaign: id, state, ...also },
    ...(state === 'STAGED' &&
      population && {
        population: {
          count: population.count,
          excluded: population.excluded,
          hash: population.hash,
        },
      }),
  }
}

export function decidedRecord(item: ReviewItem, decided: ReviewItemDecision): RecordDraft {
  const { id, campaign, grant, content, tier } = item
  const { level, by, decision, reason, when, shown, recommended, at, endsAt, dwellMs } = decided
  return {
    type: 'review.decided',
    time: timestamp(at),
    ...{ campaign, item: id, grant, content, tier },
    ...{ by, level, decision, reason, when, shown, recommended },
    ...(endsAt !== undefined && { endsAt: timestamp(endsAt) }),
    ...(dwellMs !== undefined && { dwell: dwellMs }),
  }
}

/** `decision`: what was decided, or `no-response`. */
export function appliedRecord(item: ReviewItem, decision: string, at: number): RecordDraft {
  const { state = 'applied', answer } = item.remediation ?? {}
  return {
    type: 'review.applied',
    time: timestamp(at),
    ...{ campaign: item.campaign, item: item.id, grant: item.grant, state, decision },
    ...(answer !== undefined && { answer }),
  }
}

export function voidedRecord(item: ReviewItem, at: number): RecordDraft {
  const { id, campaign, grant, content, reopened } = item
  return {
    type: 'review.voided',
    time: timestamp(at),
    ...{ campaign, item: id, grant, content },
    ...(reopened !== undefined && { reopened }),
  }
}

export function assignedRecord(
  { id, campaign, grant, assigned: { groups, people } }: ReviewItem,
  { by, note, at }: { readonly by: string; readonly note: string; readonly at: number },
): RecordDraft {
  return {
    type: 'review.assigned',
    time: timestamp(at),
    ...{ campaign, item: id, grant, by, groups, people, note },
  }
}

export function timedSaidRecord(
  type: 'timed.agreed' | 'timed.refused' | 'timed.revoked',
  { id }: TimedGrant,
  { by, reason, at }: { readonly by: string; readonly reason: string; readonly at: number },
): RecordDraft {
  return { type, time: timestamp(at), timed: id, by, reason: reason || 'none given' }
}
