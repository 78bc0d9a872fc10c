import { z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import type {
  AcceptAsked,
  FunctionCoverage,
  FunctionDetail,
  FunctionDiff,
  FunctionDiscovered,
  FunctionHold,
  FunctionSource,
  FunctionSummary,
} from './function-contract.ts'

/** The part of the contract about functions, as schemas; see schema.ts. */

const text = z.string()
const texts = z.array(z.string())
const time = z.iso.datetime()
const json = z.record(z.string(), z.unknown())
const why = z.enum(['drift', 'gone', 'new'])
const sensitivities = ['public', 'internal', 'confidential', 'restricted'] as const
const risks = ['low', 'medium', 'high', 'critical'] as const

export const sensitivity: z.ZodType<FunctionSummary['sensitivity']> = z.enum(sensitivities)
export const functionRisk: z.ZodType<FunctionSummary['risk']> = z.enum(risks)

const functionFields = z.object({
  id: text,
  connection: text,
  purpose: text,
  owner: text,
  sensitivity: z.enum(sensitivities),
  risk: z.enum(risks),
  protocol: z.enum(['http', 'mcp']),
  method: text,
  path: text,
  digest: text,
  held: z.enum(['drift', 'gone', 'new', 'unread']).nullable(),
})
export const functionSummary: z.ZodType<FunctionSummary> = functionFields.openapi('FunctionSummary')

const functionList = z.enum(['tools', 'prompts', 'resources'])

const functionHold: z.ZodType<FunctionHold> = z
  .object({
    state: z.enum(['quarantined', 'accepted']),
    why,
    registered: text.nullable(),
    found: text.nullable(),
    since: time,
    accepted_by: text.nullable(),
    accepted_at: time.nullable(),
    note: text.nullable(),
  })
  .openapi('FunctionHold')

export const functionDetail: z.ZodType<FunctionDetail> = functionFields
  .extend({
    idempotent: z.boolean(),
    deferrable: z.boolean(),
    payloads: z.enum(['kept', 'committed']),
    retention: text,
    upstream: text,
    argument_schema: json,
    result_schema: json.nullable(),
    masks: z.array(
      z.object({ id: text, path: text, how: text, of: z.enum(['arguments', 'result']) }),
    ),
    owner_groups: texts,
    grants: texts,
    source: z.object({ operation: text, digest: text }).nullable(),
    hold: functionHold.nullable(),
    unread: z
      .object({
        since: time.nullable(),
        problem: text.nullable(),
        list: functionList.nullable(),
      })
      .nullable(),
    you: z.object({ may_accept: z.boolean() }),
  })
  .openapi('Function')

export const functionDiff: z.ZodType<FunctionDiff> = z
  .object({
    function: text,
    hold: functionHold,
    registered_known: z.boolean(),
    differences: z.array(z.object({ at: texts, before: text.nullable(), after: text.nullable() })),
    flags: z.array(z.object({ at: texts, why: text })),
    you: z.object({ may_accept: z.boolean() }),
  })
  .openapi('FunctionDiff')

export const acceptAsked: z.ZodType<AcceptAsked> = z
  .strictObject({
    found: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .nullable(),
    note: z
      .string()
      .min(1)
      .max(limits.reasonChars)
      .refine((note) => note.isWellFormed(), 'is not Unicode'),
  })
  .openapi('AcceptAsked')

export const functionDiscovered: z.ZodType<FunctionDiscovered> = z
  .object({ id: text, connection: text, operation: text, found: text, since: time })
  .openapi('FunctionDiscovered')

export const functionSources: z.ZodType<{ data: FunctionSource[] }> = z
  .object({
    data: z.array(
      z.object({
        connection: text,
        kind: z.enum(['openapi', 'mcp']),
        address: text,
        every_ms: z.int(),
        read_at: time.nullable(),
        operations: z.int().nullable(),
        problem: text.nullable(),
        unread_since: time.nullable(),
        refused: z.boolean(),
        unread_lists: z.array(
          z.object({ list: functionList, problem: text, since: time, refused: z.boolean() }),
        ),
      }),
    ),
  })
  .openapi('FunctionSources')

export const functionCoverage: z.ZodType<FunctionCoverage> = z
  .object({
    functions: z.int(),
    without_owner: texts,
    owner_unknown: texts,
    without_masks: texts,
    never_called: texts,
    one_caller: z.array(
      z.object({ function: text, caller: text, agent: z.boolean(), of: z.int() }),
    ),
    not_followed: texts,
    held: texts,
  })
  .openapi('FunctionCoverage')
