import { z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import type {
  CallDetail,
  CallListed,
  ChannelListed,
  ChannelTested,
  Explain,
  Explained,
  KeyAsked,
  KeyIssued,
  KeyListed,
  LockAsked,
  LockListed,
  Page,
  Problem,
  Reason,
  RulebookCheck,
  RulebookState,
  SessionDetail,
  SessionListed,
  SignedIn,
  Whoami,
} from './contract.ts'

/** The contract as schemas: what is checked at the door, and what openapi.json is made of. */

const text = z.string()
const texts = z.array(z.string())
const time = z.iso.datetime()
const json = z.record(z.string(), z.unknown())

export const problem: z.ZodType<Problem> = z
  .object({
    type: text,
    title: text,
    status: z.int(),
    code: text,
    detail: text.optional(),
    request_id: text,
    errors: z.array(z.object({ pointer: text, detail: text })).optional(),
  })
  .openapi('Problem')

export function page<Item>(item: z.ZodType<Item>): z.ZodType<Page<Item>> {
  return z.object({ data: z.array(item), next_cursor: text.nullable() })
}

export const whoami: z.ZodType<Whoami> = z
  .object({
    id: text,
    groups: texts,
    roles: z.array(z.enum(['admin', 'auditor', 'approver', 'payload-reader'])),
    method: z.enum(['oidc', 'operator']),
    expires_at: time,
  })
  .openapi('Whoami')

export const signedIn: z.ZodType<SignedIn> = z
  .object({ token: text, expires_at: time, id: text })
  .openapi('SignedIn')

export const rulebookState: z.ZodType<RulebookState> = z
  .object({
    digest: text,
    since: time,
    connections: z.int(),
    functions: z.int(),
    grants: z.int(),
    guardrails: z.int(),
  })
  .openapi('Rulebook')

const rulebookProblems = z.array(
  z.object({ file: text, line: z.int(), column: z.int(), detail: text, hint: text.optional() }),
)

export const rulebookCheck: z.ZodType<RulebookCheck> = z
  .object({
    valid: z.boolean(),
    digest: text.nullable(),
    changed: z.boolean(),
    errors: rulebookProblems,
    warnings: rulebookProblems,
    tests: z.array(
      z.object({ file: text, name: text, passed: z.boolean(), expected: text, got: text }),
    ),
  })
  .openapi('RulebookCheck')

/** Ids and names that people and machines choose; room for any, and no room for a payload. */
const name = z.string().min(1).max(256)
const names = z.array(name).max(256)
const party = z.strictObject({
  kind: z.enum(['user', 'agent', 'workload', 'service']),
  id: name,
  groups: names,
})
export const explain: z.ZodType<Explain> = z
  .strictObject({
    as: party,
    actor: party.optional(),
    call: name,
    args: json,
    approved_by: names.optional(),
    labels: names.optional(),
    at: time.optional(),
  })
  .openapi('Explain')

export const reasons: z.ZodType<Reason[]> = z.array(
  z.object({
    policy: text,
    effect: z.enum(['permit', 'forbid']),
    text: text.nullable(),
    cause: z.enum(['stale_review', 'duty']).optional(),
  }),
)
export const explained: z.ZodType<Explained> = z
  .object({
    effect: z.enum(['permit', 'hold', 'forbid']),
    reasons,
    approver_groups: texts,
    grants: z.array(z.object({ party: text, grants: texts })),
    errors: texts,
    rulebook: text,
  })
  .openapi('Explained')

const callFields = z.object({
  id: text,
  session: text,
  function: text.nullable(),
  wants: text.nullable(),
  caller: text.nullable(),
  on_behalf_of: text.nullable(),
  started_at: time,
  ended_at: time.nullable(),
  ending: text,
  status: z.int().nullable(),
  rules: texts,
  masked: z.array(
    z.object({
      ...{ rule: text, path: text, how: text, count: z.int() },
      ...{ entity: text.optional(), detector: text.optional(), version: text.optional() },
    }),
  ),
  approval: text.nullable(),
  records: z.array(z.int()),
})
export const callListed: z.ZodType<CallListed> = callFields.openapi('CallSummary')
export const callDetail: z.ZodType<CallDetail> = callFields
  .extend({
    rulebook: text.nullable(),
    labels: texts,
    trace: text.nullable(),
    leaves: z.array(
      z.object({
        index: z.int(),
        type: text,
        time,
        state: z.enum(['durable', 'integrated', 'witnessed']),
        leaf: json,
      }),
    ),
  })
  .openapi('Call')

export const sessionListed: z.ZodType<SessionListed> = z
  .object({
    id: text,
    caller: text,
    on_behalf_of: text.nullable(),
    calls: z.int(),
    labels: texts,
    started_at: time,
    last_at: time,
  })
  .openapi('SessionSummary')

export const sessionDetail: z.ZodType<SessionDetail> = z
  .object({ id: text, labels: texts, data: z.array(callFields), next_cursor: text.nullable() })
  .openapi('Session')

const keyKind = z.enum(['agent', 'workload', 'service'])
const keyFields = z.object({
  id: text,
  name: text,
  kind: keyKind,
  groups: texts,
  scope: texts,
  created_by: text,
  created_at: time,
  expires_at: time,
  revoked_at: time.nullable(),
})
export const keyListed: z.ZodType<KeyListed> = keyFields.openapi('Key')
export const keyIssued: z.ZodType<KeyIssued> = keyFields.extend({ key: text }).openapi('IssuedKey')
export const keyAsked: z.ZodType<KeyAsked> = z
  .strictObject({
    name: z.string().min(1).max(128),
    kind: keyKind,
    groups: z.array(name).max(64),
    scope: z.array(name).min(1).max(256),
    expires_at: time,
  })
  .openapi('KeyAsked')

export const lockListed: z.ZodType<LockListed> = z
  .object({ principal: text, reason: text, locked_by: text, locked_at: time, record: z.int() })
  .openapi('Lock')
/** An issuer's name and a colon come before the longest name. */
export const lockPrincipal: z.ZodType<string> = z
  .string()
  .min(1)
  .max(limits.partyNameChars + 64)
export const lockAsked: z.ZodType<LockAsked> = z
  .strictObject({ principal: lockPrincipal, reason: z.string().min(1).max(limits.reasonChars) })
  .openapi('LockAsked')

export const channelListed: z.ZodType<ChannelListed> = z
  .object({
    name: text,
    kind: z.enum(['webhook', 'slack', 'email']),
    sent: z.int(),
    failed: z.int(),
    given_up: z.int(),
    trouble: text.nullable(),
  })
  .openapi('ChannelListed')

export const channelTested: z.ZodType<ChannelTested> = z
  .object({ sent: z.boolean(), why: text.nullable() })
  .openapi('ChannelTested')
