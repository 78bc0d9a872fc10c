import { z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import type {
  ApprovalDetail,
  ApprovalState,
  ApprovalSummary,
  ClearanceListed,
  ClearanceState,
  Comparison,
  CounterOffered,
  DelegationAsked,
  DelegationListed,
  GlassAsked,
  GlassListed,
  GlassReviewed,
  RevokeAsked,
  StepShown,
  Terms,
  Usage,
  VoteCast,
} from './approval-contract.ts'
import { reasons } from './schema.ts'

/** The part of the contract about approvals and what comes of them, as schemas; see schema.ts. */

const text = z.string()
const texts = z.array(z.string())
const time = z.iso.datetime()
const json = z.record(z.string(), z.unknown())
const states = [
  'PENDING',
  'APPROVED',
  'DENIED',
  'EXPIRED',
  'WITHDRAWN',
  'SUPERSEDED',
  'BYPASSED',
] as const
const clearanceStates = [
  'ISSUED',
  'ACTIVE',
  'IN_USE',
  'CONSUMED',
  'REVOKED',
  'EXPIRED',
  'UNKNOWN',
] as const

export const approvalState: z.ZodType<ApprovalState> = z.enum(states)
export const clearanceState: z.ZodType<ClearanceState> = z.enum(clearanceStates)

/** The flow bounds them again; these are the bounds of any flow. */
const terms: z.ZodType<Terms> = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('call') }),
    z.strictObject({
      kind: z.enum(['window', 'session']),
      uses: z.int().min(1).max(limits.clearanceUses),
      for_ms: z.int().min(1).max(limits.clearanceMs),
      when: z.array(z.string().min(1).max(limits.conditionChars)).max(limits.clearanceConditions),
    }),
  ])
  .openapi('Terms')

const stepShown: z.ZodType<StepShown> = z.object({
  flow: text,
  name: text,
  have: z.int(),
  need: z.int(),
  groups: texts,
  open: z.boolean(),
})

const approvalFields = z.object({
  id: text,
  revision: z.int(),
  state: z.enum(states),
  digest: text,
  terms,
  clearance: z.object({ id: text, state: z.enum(clearanceStates), expires_at: time }).nullable(),
  call: text,
  function: text,
  subject: text,
  actors: texts,
  triggered_by: texts,
  session: text,
  delivery: z.enum(['held', 'ticket', 'deferred']),
  approver_groups: texts,
  progress: z.array(stepShown),
  reasons,
  created_at: time,
  decide_by: time,
  votes: z.array(
    z.object({
      by: text,
      on_behalf_of: text.nullable(),
      verdict: z.enum(['approve', 'deny']),
      step: text,
      group: text,
      reason: text,
      channel: text,
      at: time,
    }),
  ),
  reason_chars: z.object({ approve: z.int(), deny: z.int() }),
  you: z.object({
    may_vote: z.boolean(),
    why_not: text.nullable(),
    on_behalf_of: texts,
    may_withdraw: z.boolean(),
  }),
})
export const approvalSummary: z.ZodType<ApprovalSummary> = approvalFields.openapi('ApprovalSummary')

const comparison: z.ZodType<Comparison> = z
  .object({
    outcome: z.enum(['compared', 'none', 'beyond-look-back', 'erased', 'withheld']),
    approval: text.nullable(),
    asked_at: time.nullable(),
    subject: text.nullable(),
    actors: texts,
    same_arguments: z.boolean().nullable(),
    changes: z.array(
      z.object({
        pointer: text,
        change: z.enum(['added', 'removed', 'changed']),
        before: z.unknown().optional(),
        after: z.unknown().optional(),
      }),
    ),
    shortened: z.boolean(),
  })
  .openapi('Comparison')

const counts = z.object({
  calls: z.int(),
  denied: z.int(),
  by_ending: z.record(z.string(), z.int()),
})
const usage: z.ZodType<Usage> = z
  .object({
    caller: text,
    days_7: counts,
    days_30: counts,
    last_at: time.nullable(),
    at_least: z.boolean(),
  })
  .openapi('Usage')

export const approvalDetail: z.ZodType<ApprovalDetail> = approvalFields
  .extend({
    withheld: z.boolean(),
    question: z
      .object({
        function: z.object({
          id: text,
          purpose: text,
          owner: text,
          sensitivity: text,
          risk: text,
        }),
        parties: z.array(z.object({ id: text, kind: text, groups: texts })),
        connection: text,
        upstream: text,
        protocol: text,
        arguments: json,
        headers: texts,
        unread_body: z.boolean(),
      })
      .nullable(),
    request: z.object({ text, bytes: z.int(), shortened: z.boolean() }).nullable(),
    said_by_caller: z
      .object({
        untrusted: z.literal(true),
        session_name: text.nullable(),
        texts: z.array(z.object({ pointer: text, text, shortened: z.boolean() })),
      })
      .nullable(),
    since_last_approved: comparison,
    usage,
  })
  .openapi('Approval')

/** Ids and names that people and machines choose; room for any, and no room for a payload. */
const name = z.string().min(1).max(256)
const partyName = z
  .string()
  .min(1)
  .max(limits.partyNameChars + 64)
/** The desk bounds the reason again; this bound is its own. */
const reason = z.string().max(4_000)

const voteFields = {
  digest: z.string().min(1).max(256),
  reason: reason.optional(),
  group: name.optional(),
  on_behalf_of: partyName.optional(),
}
export const voteCast: z.ZodType<VoteCast> = z.strictObject(voteFields).openapi('Vote')
export const counterOffered: z.ZodType<CounterOffered> = z
  .strictObject({ ...voteFields, terms })
  .openapi('CounterOffer')

export const clearanceListed: z.ZodType<ClearanceListed> = z
  .object({
    id: text,
    state: z.enum(clearanceStates),
    kind: z.enum(['call', 'window', 'session', 'break-glass']),
    approval: text.nullable(),
    break_glass: text.nullable(),
    subject: text,
    actors: texts,
    functions: texts,
    session: text.nullable(),
    when: texts,
    groups: texts,
    by: texts,
    uses: z.int(),
    uses_max: z.int(),
    open: texts,
    issued_at: time,
    not_before: time,
    expires_at: time,
    you: z.object({ may_revoke: z.boolean() }),
  })
  .openapi('Clearance')

export const revokeAsked: z.ZodType<RevokeAsked> = z
  .strictObject({ reason: z.string().min(1).max(limits.reasonChars) })
  .openapi('RevokeAsked')

export const glassAsked: z.ZodType<GlassAsked> = z
  .strictObject({
    reason,
    incident: reason,
    approval: name.optional(),
    functions: z.array(name).min(1).max(64).optional(),
    for_ms: z.int().min(1).max(limits.breakGlassMs).optional(),
  })
  .openapi('BreakGlassAsked')

const verdicts = ['justified', 'unjustified'] as const
export const glassListed: z.ZodType<GlassListed> = z
  .object({
    id: text,
    standing: z.enum(['open', 'unreviewed', 'overdue', ...verdicts]),
    by: text,
    reason: text,
    incident: text,
    functions: texts,
    approval: text.nullable(),
    clearance: text,
    acr: text.nullable(),
    amr: texts,
    signed_in_at: time,
    opened_at: time,
    expires_at: time,
    review_by: time,
    review: z.object({ by: text, verdict: z.enum(verdicts), notes: text, at: time }).nullable(),
  })
  .openapi('BreakGlass')
export const glassReviewed: z.ZodType<GlassReviewed> = z
  .strictObject({ verdict: z.enum(verdicts), notes: reason })
  .openapi('BreakGlassReview')

export const delegationAsked: z.ZodType<DelegationAsked> = z
  .strictObject({
    from: partyName.optional(),
    to: partyName,
    groups: z.array(name).min(1).max(64).optional(),
    until: time,
    reason,
  })
  .openapi('DelegationAsked')
export const delegationListed: z.ZodType<DelegationListed> = z
  .object({
    id: text,
    from: text,
    to: text,
    groups: texts,
    reason: text,
    created_at: time,
    until: time,
    you: z.object({ may_end: z.boolean() }),
  })
  .openapi('Delegation')
