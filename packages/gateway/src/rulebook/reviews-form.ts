import { z } from 'zod'
import { duration } from '../config/duration.ts'
import { limits } from '../config/limits.ts'
import type { Risk } from '../model/function.ts'

/**
 * The YAML form of reviews.yaml: what a person writes. Durations are read from `90d` and the like into
 * milliseconds. What one file alone cannot say is checked where it is read (read-reviews.ts).
 */
export type ReviewsForm = {
  readonly mode: 'enforce' | 'report'
  readonly initial?: number | undefined
  readonly dueSoon?: number | undefined
  readonly tiers: Readonly<Partial<Record<Risk, TierForm | undefined>>>
  readonly owners: Readonly<Record<string, { readonly groups: readonly string[] }>>
  readonly notify: readonly string[]
  readonly duties: readonly DutyForm[]
}

export type TierForm = {
  readonly cadence?: number | undefined
  readonly grace?: number | undefined
}

export type DutyForm = {
  readonly id: string
  readonly reason: string
  readonly left: readonly string[]
  readonly right: readonly string[]
  readonly object?: { readonly left: string; readonly right: string } | undefined
  readonly for?: number | undefined
  readonly effect: 'deny' | 'approve' | 'flag'
  readonly approvers: readonly string[]
  readonly exempt: readonly string[]
}

/** Reviewers read these names, so nothing invisible may hide in them. */
const name = z
  .string()
  .min(1)
  .max(limits.partyNameChars)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'contains invisible characters')
const day = 86_400_000
const days = (minMs: number) => duration({ minMs, maxMs: limits.reviewMs })

const tier = z.strictObject({
  cadence: days(day).optional().describe('From a certification until it is stale.'),
  grace: days(0).optional().describe('From then until the access is gone: each call needs a yes.'),
})

const functions = z
  .array(name.max(200))
  .min(1)
  .max(500)
  .describe('Function ids; `crm.*` covers what begins with `crm.`, `*` everything.')
const path = z.string().min(1).max(200)

const duty = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'is letters, digits, dots, dashes and underscores')
    .describe('What records name.'),
  reason: name.max(500).describe('Why nobody does both, in a sentence that a caller reads.'),
  left: functions,
  right: functions,
  object: z
    .strictObject({ left: path, right: path })
    .optional()
    .describe(
      'Where the arguments of either side name what it is about: nobody does both sides to the same. ' +
        'Absent: nobody may hold grants to both.',
    ),
  for: duration({ minMs: 60_000, maxMs: limits.dutyMs })
    .optional()
    .describe('How long a call on one side counts; a year when absent. With `object` only.'),
  effect: z
    .enum(['deny', 'approve', 'flag'])
    .default('deny')
    .describe('`approve`: people of `approvers` have to agree; with `object` only.'),
  approvers: z.array(name).max(limits.approvalGroups).default([]),
  exempt: z.array(name).max(100).default([]).describe('Party ids and groups it does not bind.'),
})

export const reviewsForm: z.ZodType<ReviewsForm> = z
  .strictObject({
    mode: z
      .enum(['enforce', 'report'])
      .default('enforce')
      .describe('`report`: an overdue review is recorded and shown, and changes no call.'),
    initial: days(0)
      .optional()
      .describe('How long a grant that nobody has certified yet is trusted; 30d when absent.'),
    dueSoon: days(0)
      .optional()
      .describe('How long before it is stale it is said; 14d when absent.'),
    tiers: z
      .strictObject({
        critical: tier.optional(),
        high: tier.optional(),
        medium: tier.optional(),
        low: tier.optional(),
      })
      .default({})
      .describe('By the highest risk of the functions that a grant covers.'),
    owners: z
      .record(name, z.strictObject({ groups: z.array(name).min(1).max(limits.approvalGroups) }))
      .default({})
      .describe(
        'Who stands behind an owner’s name. With any, every owner has to stand here; ' +
          'without, an owner is a group of that name.',
      ),
    notify: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'is no channel’s name'))
      .max(limits.notifyChannels)
      .default([])
      .describe('Channels of gateway.yaml that hear of reviews and quarantined functions.'),
    duties: z
      .array(duty)
      .max(limits.dutyRules)
      .default([])
      .describe(
        'Separation of duties: nobody, with all their agents and accounts, has both sides.',
      ),
  })
  .meta({ title: 'Sallyport reviews' })
