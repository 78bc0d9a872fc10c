import { z } from '@hono/zod-openapi'
import {
  conditions,
  freshness,
  grantDetail,
  name,
  partyName,
  reasonText,
  risk,
} from './grant-schema.ts'
import type {
  BulkAsked,
  BulkDone,
  CampaignAsked,
  CampaignDetail,
  CampaignListed,
  CampaignPreview,
  CampaignScope,
  CampaignStarted,
  CampaignState,
  DecisionAsked,
  Forecast,
  ItemDetail,
  ItemListed,
  ItemState,
  PackListed,
  ReassignAsked,
  ReviewerRule,
} from './review-contract.ts'

/** The part of the contract about campaigns of access reviews, as schemas; see schema.ts. */

const text = z.string()
const texts = z.array(z.string())
const time = z.iso.datetime()
const names = z.array(name).min(1).max(1_000)

export const campaignState: z.ZodType<CampaignState> = z.enum([
  'DRAFT',
  'STAGED',
  'ACTIVE',
  'OVERDUE',
  'ENFORCING',
  'REMEDIATING',
  'CLOSED',
  'CANCELLED',
])
export const itemState: z.ZodType<ItemState> = z.enum([
  'UNREVIEWED',
  'DECIDED',
  'SECOND_LEVEL',
  'APPLIED',
  'VERIFIED',
  'NO_RESPONSE',
  'VOIDED',
])
const decisions = ['keep', 'narrow', 'time-bound', 'revoke'] as const
const noResponses = ['stale', 'revoke', 'keep-flagged', 'recommendation'] as const

const scope: z.ZodType<CampaignScope> = z.strictObject({
  functions: names.optional(),
  owners: names.optional(),
  risks: z.array(risk).min(1).optional(),
  grants: names.optional(),
  stale_before: time.optional(),
})
const reviewerRule: z.ZodType<ReviewerRule> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('owner') }),
  z.strictObject({ kind: z.literal('function-owner') }),
  z.strictObject({ kind: z.literal('groups'), groups: z.array(name).min(1).max(64) }),
  z.strictObject({ kind: z.literal('people'), people: z.array(partyName).min(1).max(64) }),
])

const levels = z.union([z.literal(1), z.literal(2)])

export const campaignAsked: z.ZodType<CampaignAsked> = z
  .strictObject({
    name: z.string().min(1).max(128),
    scope,
    reviewers: z.array(reviewerRule).min(1).max(16),
    levels: levels.optional(),
    recurrence: z.string().min(1).max(256).optional(),
    opens_at: time.optional(),
    due_at: time,
    grace_until: time,
    reminders: z.array(z.int()).max(16).optional(),
    no_response: z.enum(noResponses).optional(),
    justification: z.enum(['always', 'high']).optional(),
    dry_run: z.boolean().optional(),
  })
  .openapi('CampaignAsked')

const campaignFields = z.object({
  id: text,
  name: text,
  state: campaignState,
  owner: text,
  population: z.object({ count: z.int(), excluded: z.int(), hash: text, at: time }).nullable(),
  opens_at: time,
  due_at: time,
  grace_until: time,
  created_at: time,
})
export const campaignListed: z.ZodType<CampaignListed> = campaignFields.openapi('CampaignSummary')
export const campaignDetail: z.ZodType<CampaignDetail> = campaignFields
  .extend({
    scope,
    reviewers: z.array(reviewerRule),
    levels,
    recurrence: text.nullable(),
    reminders: z.array(z.int()),
    no_response: z.enum(noResponses),
    justification: z.enum(['always', 'high']),
    previous: text.nullable(),
    cancelling: z.object({ by: text, reason: text }).nullable(),
    counts: z.object({
      UNREVIEWED: z.int(),
      DECIDED: z.int(),
      SECOND_LEVEL: z.int(),
      APPLIED: z.int(),
      VERIFIED: z.int(),
      NO_RESPONSE: z.int(),
      VOIDED: z.int(),
    }),
  })
  .openapi('Campaign')

const campaignPreview: z.ZodType<CampaignPreview> = z
  .object({
    count: z.int(),
    excluded: z.int(),
    grants: z.array(z.object({ grant: text, tier: risk, reviewers: texts })),
    nobody: texts,
  })
  .openapi('CampaignPreview')

export const campaignStarted: z.ZodType<CampaignStarted> = z
  .object({ campaign: campaignDetail.nullable(), preview: campaignPreview.nullable() })
  .openapi('CampaignStarted')

const assigned = z.object({ groups: texts, people: texts })
const itemFields = z.object({
  id: text,
  campaign: text,
  grant: text,
  tier: risk,
  state: itemState,
  content: text,
  reviewers: assigned,
  decision: z.enum(decisions).nullable(),
  decided_by: texts,
  remediation: z.object({ state: text, answer: text.nullable(), at: time }).nullable(),
  reopened: text.nullable(),
  you: z.object({ may_decide: z.boolean(), why_not: text.nullable() }),
})
export const itemListed: z.ZodType<ItemListed> = itemFields.openapi('ReviewItemSummary')
export const itemDetail: z.ZodType<ItemDetail> = itemFields
  .extend({
    shown: text,
    grant_now: grantDetail.nullable(),
    moved: z.array(z.object({ by: text, to: assigned, note: text, at: time })),
    decisions: z.array(
      z.object({
        level: levels,
        by: text,
        decision: z.enum(decisions),
        reason: text,
        at: time,
        when: texts,
        ends_at: time.nullable(),
        recommended: text,
        dwell_ms: z.int().nullable(),
      }),
    ),
  })
  .openapi('ReviewItem')

export const decisionAsked: z.ZodType<DecisionAsked> = z
  .strictObject({
    decision: z.enum(decisions),
    reason: z.string().max(4_000),
    shown: name,
    when: conditions.optional(),
    ends_at: time.optional(),
  })
  .openapi('ReviewDecisionAsked')

export const bulkAsked: z.ZodType<BulkAsked> = z
  .strictObject({
    items: z.array(name).min(1).max(1_000),
    decision: z.enum(['keep', 'revoke']),
    reason: reasonText,
    shown: z.array(name).max(1_000),
  })
  .openapi('ReviewBulkAsked')
export const bulkDone: z.ZodType<BulkDone> = z
  .object({
    decided: z.int(),
    refused: z.array(z.object({ item: text, why: text })),
  })
  .openapi('ReviewBulkDone')

export const reassignAsked: z.ZodType<ReassignAsked> = z
  .strictObject({
    groups: z.array(name).max(64).optional(),
    people: z.array(partyName).max(64).optional(),
    note: reasonText,
  })
  .openapi('ReassignAsked')

export const packListed: z.ZodType<PackListed> = z
  .object({ files: texts, record: z.int().nullable() })
  .openapi('ReviewPack')

export const forecast: z.ZodType<Forecast> = z
  .object({
    days: z.int(),
    grants: z.array(
      z.object({
        grant: text,
        owner: text.nullable(),
        tier: risk,
        freshness,
        calls_30: z.int().nullable(),
        machines: texts,
      }),
    ),
  })
  .openapi('Forecast')
