import { z } from 'zod'
import {
  type HttpBinding,
  type Risk,
  type Sensitivity,
  type Taint,
  taints,
} from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { type DetectionForm, detectionForm } from './detection-form.ts'

/**
 * The YAML forms of a rulebook: what a person writes. Unknown keys are errors. What a form alone cannot
 * say (that a connection exists, that a path is free) is checked where the form is read.
 */

export type MaskEntry = {
  readonly path: string
  readonly id?: string | undefined
  readonly redact?: true | string | undefined
  readonly partial?:
    | { readonly first?: number | undefined; readonly last?: number | undefined }
    | undefined
  readonly hash?: true | undefined
  readonly replace?: Json | undefined
  readonly drop?: true | undefined
}

export type ArgumentMaskEntry = MaskEntry & {
  readonly from?: readonly ('upstream' | 'record')[] | undefined
}

export type FunctionEntry = {
  readonly name: string
  readonly purpose: string
  readonly owner: string
  readonly sensitivity: Sensitivity
  readonly risk: Risk
  readonly idempotent?: boolean | undefined
  readonly deferrable?: boolean | undefined
  /** Exactly one of `http` and `mcp`, as its connection's protocol says. */
  readonly http?: string | undefined
  readonly mcp?: string | undefined
  readonly arguments?: JsonObject | undefined
  readonly unknownArguments?: 'allow' | 'refuse' | undefined
  readonly body?: HttpBinding['body'] | undefined
  readonly bodyArgument?: string | undefined
  readonly result?: JsonObject | undefined
  readonly taints?: readonly Taint[] | undefined
  readonly mask?: 'none' | readonly MaskEntry[] | undefined
  readonly maskArguments?: readonly ArgumentMaskEntry[] | undefined
  readonly payloads?: 'kept' | 'committed' | undefined
  readonly retention?: string | undefined
  readonly source?: { readonly operation: string; readonly digest: string } | undefined
}

export type FunctionsForm = {
  readonly connection: string
  readonly functions: readonly FunctionEntry[]
}

export type MaskingForm = DetectionForm & {
  readonly rules: readonly {
    readonly functions: readonly string[]
    readonly mask?: readonly MaskEntry[] | undefined
    readonly maskArguments?: readonly ArgumentMaskEntry[] | undefined
  }[]
}

export type PartyForm = {
  readonly user?: string | undefined
  readonly agent?: string | undefined
  readonly workload?: string | undefined
  readonly service?: string | undefined
  readonly groups?: readonly string[] | undefined
}

export type TestForm = {
  readonly name: string
  readonly as: PartyForm
  readonly actor?: PartyForm | undefined
  readonly call: string
  readonly args?: JsonObject | undefined
  readonly approvedBy?: readonly string[] | undefined
  readonly at?: string | undefined
  readonly ip?: string | undefined
  readonly labels?: readonly string[] | undefined
  readonly expect: 'allow' | 'deny' | 'hold'
  readonly by?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly fields?: readonly string[] | undefined
}

const json = z.json()
const jsonMap = z.record(z.string(), json)
const nonEmpty = z.string().min(1).max(1000)
const groupName = z.string().min(1).max(256)

const strategies = {
  redact: z
    .union([z.literal(true), z.string().regex(/^[A-Za-z0-9_-]{1,40}$/)])
    .optional()
    .describe('The whole value becomes "[REDACTED:<label>]".'),
  partial: z
    .strictObject({
      first: z.int().min(0).max(64).optional(),
      last: z.int().min(0).max(64).optional(),
    })
    .optional()
    .describe('Keeps the first and last characters.'),
  hash: z.literal(true).optional().describe('A keyed pseudonym: equal values stay equal.'),
  replace: json.optional().describe('This value instead.'),
  drop: z.literal(true).optional().describe('The member or element disappears.'),
}

const maskEntry = z.strictObject({
  path: z.string().max(1024).describe('RFC 9535 JSONPath of what is hidden: $.customer.email'),
  id: z.string().min(1).max(200).optional().describe('What records name; derived when absent.'),
  ...strategies,
})

const argumentMaskEntry = maskEntry.extend({
  from: z
    .array(z.enum(['upstream', 'record']))
    .min(1)
    .max(2)
    .optional()
    .describe('Who must not see the value in clear; the record when absent.'),
})

const functionEntry = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/,
      'is letters, digits, - and _, in parts joined by dots',
    )
    .max(128)
    .describe('Its id is <connection>.<name>.'),
  purpose: nonEmpty.describe('What it is for, in a sentence that an approver reads.'),
  owner: nonEmpty.describe('The team or person who answers for it.'),
  sensitivity: z.enum(['public', 'internal', 'confidential', 'restricted']),
  risk: z.enum(['low', 'medium', 'high', 'critical']),
  idempotent: z.boolean().optional().describe('By its method when absent.'),
  deferrable: z.boolean().optional(),
  http: z.string().max(1024).optional().describe('Method and path template: GET /customers/{id}'),
  mcp: z
    .string()
    .max(2100)
    .optional()
    .describe('MCP method and name: tools/call refund, resources/read docs://{page}'),
  arguments: jsonMap
    .optional()
    .describe('Each argument with its JSON Schema, `in:` and `required:`; or one JSON Schema.'),
  unknownArguments: z.enum(['allow', 'refuse']).optional(),
  body: z.enum(['none', 'json', 'form', 'text', 'binary', 'stream']).optional(),
  bodyArgument: z.string().min(1).max(128).optional(),
  result: jsonMap.optional().describe('JSON Schema of the result.'),
  taints: z
    .array(z.enum(taints))
    .min(1)
    .max(taints.length)
    .optional()
    .describe('What its results label the session with: context.session.labels of later calls.'),
  mask: z
    .union([z.literal('none'), z.array(maskEntry).max(500)])
    .optional()
    .describe('What of the result is hidden. Above internal it has to be said: `none` or a list.'),
  maskArguments: z.array(argumentMaskEntry).max(500).optional(),
  payloads: z.enum(['kept', 'committed']).optional(),
  retention: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
    .optional(),
  source: z
    .strictObject({
      operation: z
        .string()
        .max(2100)
        .regex(
          /^(?:[A-Z]{3,7} \/\S*|[a-z]+\/[A-Za-z]+(?: \S.*)?)$/,
          'is a method and a path, or a method of MCP and a name',
        ),
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is `sha256:` and 64 hex digits'),
    })
    .optional()
    .describe(
      'Which operation of the upstream’s description it was imported from; the importer writes it.',
    ),
})

export const functionsForm: z.ZodType<FunctionsForm> = z
  .strictObject({
    connection: z.string().max(64),
    functions: z.array(functionEntry).max(5000),
  })
  .meta({ title: 'Sallyport functions' })

export const maskingForm: z.ZodType<MaskingForm> = z
  .strictObject({
    rules: z
      .array(
        z.strictObject({
          functions: z
            .array(z.string().min(1).max(200))
            .min(1)
            .max(500)
            .describe('Function ids; `crm.*` covers what begins with `crm.`, `*` everything.'),
          mask: z.array(maskEntry).max(500).optional(),
          maskArguments: z.array(argumentMaskEntry).max(500).optional(),
        }),
      )
      .max(500)
      .default([]),
    ...detectionForm,
  })
  .meta({ title: 'Sallyport masking rules' })

const groups = z.array(groupName).max(512).optional()
const party = z
  .union([
    z.strictObject({ user: nonEmpty, groups }),
    z.strictObject({ agent: nonEmpty, groups }),
    z.strictObject({ workload: nonEmpty, groups }),
    z.strictObject({ service: nonEmpty, groups }),
  ])
  .describe('One of user, agent, workload, service, and its groups.')

export const testsForm: z.ZodType<readonly TestForm[]> = z
  .array(
    z.strictObject({
      name: nonEmpty,
      as: party,
      actor: party.optional(),
      call: z.string().min(1).max(200),
      args: jsonMap.optional(),
      labels: z
        .array(z.string().min(1).max(64))
        .max(16)
        .optional()
        .describe('What the session is labelled with; nothing when absent.'),
      approvedBy: z.array(groupName).max(64).optional(),
      at: z.iso.datetime({ offset: true }).optional(),
      ip: z.union([z.ipv4(), z.ipv6()]).optional(),
      expect: z.enum(['allow', 'deny', 'hold']),
      by: z.array(nonEmpty).max(64).optional().describe('Policies that must be among the reasons.'),
      groups: z.array(groupName).max(64).optional().describe('Exactly who has to approve.'),
      fields: z.array(z.string().max(1024)).max(512).optional(),
    }),
  )
  .max(5000)
  .meta({ title: 'Sallyport policy tests' })
