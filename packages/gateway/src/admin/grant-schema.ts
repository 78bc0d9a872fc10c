import { z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import type {
  CertifyAsked,
  FreshnessShown,
  FreshnessState,
  GrantChanged,
  GrantDetail,
  GrantListed,
  ReasonGiven,
  Recommendation,
  RestoreAsked,
  Risk,
  TimedGrantAsked,
  TimedGrantListed,
  UntilAsked,
  WhatCan,
  WhoCan,
} from './grant-contract.ts'

/** The part of the contract about grants, as schemas; see schema.ts. */

const text = z.string()
const texts = z.array(z.string())
const time = z.iso.datetime()
const states = ['PROVISIONAL', 'FRESH', 'DUE_SOON', 'STALE', 'LAPSED', 'EXEMPT', 'REVOKED'] as const

export const freshnessState: z.ZodType<FreshnessState> = z.enum(states)
export const risk: z.ZodType<Risk> = z.enum(['low', 'medium', 'high', 'critical'])

export const freshness: z.ZodType<FreshnessShown> = z
  .object({ state: freshnessState, stale_at: time.nullable(), lapses_at: time.nullable() })
  .openapi('Freshness')

const recommendation: z.ZodType<Recommendation> = z
  .object({
    decision: z.enum(['keep', 'narrow', 'time-bound', 'revoke', 'none']),
    codes: texts,
  })
  .openapi('Recommendation')

const grantFields = z.object({
  id: text,
  owner: text.nullable(),
  reason: text.nullable(),
  principal: text,
  functions: texts,
  tier: risk,
  freshness,
  content: text,
  since: time.nullable(),
  content_since: time.nullable(),
  expires_at: time.nullable(),
  usage: z.object({
    counted_since: time.nullable(),
    calls_7: z.int().nullable(),
    calls_30: z.int().nullable(),
    calls_90: z.int().nullable(),
    last_at: time.nullable(),
  }),
  certified_by: texts,
  you: z.object({
    may_certify: z.boolean(),
    why_not: text.nullable(),
    may_revoke: z.boolean(),
  }),
})
export const grantListed: z.ZodType<GrantListed> = grantFields.openapi('GrantSummary')

const agreedUntil = z.object({ until: time, by: texts, reason: text })

export const grantDetail: z.ZodType<GrantDetail> = grantFields
  .extend({
    text,
    file: text,
    line: z.int(),
    review_days: z.number().nullable(),
    fields: texts.nullable(),
    when: texts,
    certification: z
      .object({
        id: text,
        decision: z.enum(['keep', 'narrow', 'time-bound']),
        by: texts,
        reason: text,
        when: texts,
        at: time,
        valid_until: time,
        campaign: text.nullable(),
        matches: z.boolean(),
      })
      .nullable(),
    ends_at: time.nullable(),
    exemption: agreedUntil.nullable(),
    extension: agreedUntil.nullable(),
    revoked: z.object({ at: time, by: text, reason: text }).nullable(),
    proposal: z
      .object({
        act: z.enum(['certify', 'exempt', 'extend', 'restore']),
        by: text,
        reason: text,
        at: time,
        until: time.nullable(),
        decision: z.enum(['keep', 'narrow', 'time-bound']).nullable(),
        when: texts,
        ends_at: time.nullable(),
      })
      .nullable(),
    used_by: z.array(
      z.object({
        party: text,
        functions: texts,
        calls_30: z.int(),
        calls_90: z.int(),
        last_at: time,
      }),
    ),
    other_paths: z.array(z.object({ grant: text, functions: texts })),
    peers: z.array(z.object({ function: text, principals: z.int() })),
    duties: z.array(z.object({ rule: text, reason: text })),
    recommendation,
    open_items: z.array(z.object({ campaign: text, item: text })),
  })
  .openapi('Grant')

/** Ids and names that people and machines choose; room for any, and no room for a payload. */
export const name: z.ZodString = z.string().min(1).max(256)
export const partyName: z.ZodString = z
  .string()
  .min(1)
  .max(limits.partyNameChars + 64)
export const reasonText: z.ZodString = z.string().min(1).max(limits.reasonChars)
export const conditions: z.ZodArray<z.ZodString> = z
  .array(z.string().min(1).max(limits.conditionChars))
  .max(limits.clearanceConditions)

export const certifyAsked: z.ZodType<CertifyAsked> = z
  .strictObject({
    content: name,
    decision: z.enum(['keep', 'narrow', 'time-bound']),
    reason: reasonText,
    when: conditions.optional(),
    ends_at: time.optional(),
  })
  .openapi('CertifyAsked')

export const reasonGiven: z.ZodType<ReasonGiven> = z
  .strictObject({ reason: reasonText })
  .openapi('ReasonGiven')

export const untilAsked: z.ZodType<UntilAsked> = z
  .strictObject({ content: name, until: time, reason: reasonText })
  .openapi('UntilAsked')

export const restoreAsked: z.ZodType<RestoreAsked> = z
  .strictObject({ content: name, reason: reasonText })
  .openapi('RestoreAsked')

export const grantChanged: z.ZodType<GrantChanged> = z
  .object({ grant: grantDetail, pending: z.boolean() })
  .openapi('GrantChanged')

export const whoCan: z.ZodType<WhoCan> = z
  .object({
    function: text,
    paths: z.array(
      z.object({
        grant: text,
        kind: z.enum(['policy', 'timed']),
        principal: text,
        freshness,
        conditional: z.boolean(),
      }),
    ),
    guardrails: z.array(z.object({ policy: text, reason: text.nullable(), approvers: texts })),
  })
  .openapi('WhoCan')

export const whatCan: z.ZodType<WhatCan> = z
  .object({
    principal: text,
    functions: z.array(
      z.object({
        function: text,
        answer: z.enum(['permit', 'hold', 'refuse', 'depends']),
        grants: z.array(z.object({ grant: text, freshness })),
      }),
    ),
  })
  .openapi('WhatCan')

export const timedGrantAsked: z.ZodType<TimedGrantAsked> = z
  .strictObject({
    for: partyName.optional(),
    functions: z.array(name).min(1).max(64),
    when: conditions.optional(),
    until: time,
    reason: reasonText,
  })
  .openapi('TimedGrantAsked')

const timedStates = ['asked', 'given', 'refused', 'revoked', 'ended'] as const
export const timedGrantState: z.ZodType<TimedGrantListed['state']> = z.enum(timedStates)
export const timedGrantListed: z.ZodType<TimedGrantListed> = z
  .object({
    id: text,
    party: text,
    functions: texts,
    when: texts,
    from: time,
    until: time,
    reason: text,
    by: texts,
    state: z.enum(timedStates),
    created_at: time,
    you: z.object({
      may_decide: z.boolean(),
      why_not: text.nullable(),
      may_revoke: z.boolean(),
    }),
  })
  .openapi('TimedGrant')
