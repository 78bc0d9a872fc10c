import { z } from 'zod'
import type { OwnProfile } from './profiles.ts'

/** What masking.yaml says about values that are found by what they look like. */
export type DoForm =
  | 'redact'
  | 'drop'
  | 'null'
  | 'mask'
  | 'generalise'
  | 'pseudonym'
  | 'tokenise'
  | 'surrogate'
  | 'keep'
  | { readonly partial: { readonly first: number; readonly last: number } }

export type DetectEntry = {
  readonly id: string
  readonly entities?: readonly string[] | undefined
  readonly profile?: string | readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly functions: readonly string[]
  readonly connections?: readonly string[] | undefined
  readonly paths?: readonly string[] | undefined
  readonly direction: readonly ('arguments' | 'result')[]
  readonly from: readonly ('upstream' | 'record')[]
  readonly confidence: number
  readonly do: DoForm
  readonly recognise?: { readonly language: string } | undefined
  readonly reveal: readonly { readonly groups: readonly string[]; readonly do: DoForm }[]
}

export type DetectionForm = {
  readonly profiles: Readonly<Record<string, OwnProfile>>
  readonly detect: readonly DetectEntry[]
  readonly custom: readonly {
    readonly id: string
    readonly entity: string
    readonly pattern: string
    readonly confidence: number
    readonly context: readonly string[]
  }[]
  readonly allow: readonly {
    readonly id: string
    readonly entity: string
    readonly values: readonly string[]
    readonly reason: string
  }[]
  readonly onError: 'block' | 'pass'
}

const entityName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'is capital letters, digits and _: EMAIL_ADDRESS')
const ruleId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._/-]{0,126}$/, 'is lower-case letters, digits, . _ / -')
const confidence = z
  .union([
    z.int().min(0).max(100),
    z.enum(['low', 'medium', 'high']).transform((name) => bands[name]),
  ])
  .default(50)
  .describe('0 to 100, or low (20), medium (50), high (80): what is found with less is let be.')
const bands = { low: 20, medium: 50, high: 80 } as const

const profileName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'is lower-case letters, digits and -')
const except = z
  .array(entityName)
  .min(1)
  .max(200)
  .optional()
  .describe('Entity types that are left out of it.')

const doing = z
  .union([
    z.enum([
      ...['redact', 'drop', 'null', 'mask', 'generalise', 'pseudonym', 'tokenise'],
      ...['surrogate', 'keep'],
    ] as const),
    z.strictObject({
      partial: z.strictObject({
        first: z.int().min(0).max(64).default(0),
        last: z.int().min(0).max(64).default(0),
      }),
    }),
  ])
  .describe(
    'redact: [REDACTED:TYPE]; drop: taken out; null: null where a JSON value is nothing else, or what its schema allows; mask: as many *; partial: { first, last }; generalise: year, network, domain; pseudonym: keyed, equal values stay equal; tokenise: from the vault; surrogate: an invented one; keep: let through and recorded.',
  )

const detectEntry = z.strictObject({
  id: ruleId.describe('What records name.'),
  entities: z
    .array(z.union([entityName, z.literal('*')]))
    .min(1)
    .max(200)
    .optional()
    .describe('Entity types (docs/reference/entities.md); `*`: every one. Beside a profile: more.'),
  profile: z
    .union([profileName, z.array(profileName).min(1).max(16)])
    .optional()
    .describe(
      'Entity types that belong together: pci, hipaa, gdpr, secrets, or one of `profiles`.',
    ),
  except,
  functions: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(500)
    .default(['*'])
    .describe('Function ids; `crm.*` covers what begins with `crm.`, `*` everything.'),
  connections: z.array(z.string().min(1).max(64)).min(1).max(200).optional(),
  paths: z
    .array(z.string().max(1024))
    .min(1)
    .max(200)
    .optional()
    .describe('RFC 9535 JSONPaths it is limited to.'),
  direction: z
    .array(z.enum(['arguments', 'result']))
    .min(1)
    .max(2)
    .default(['result']),
  from: z
    .array(z.enum(['upstream', 'record']))
    .min(1)
    .max(2)
    .default(['record'])
    .describe('Of arguments: who must not see it in clear.'),
  confidence,
  do: doing.default('redact'),
  recognise: z
    .strictObject({
      language: z
        .string()
        .regex(/^[a-z]{2}$/, 'is two letters: en')
        .default('en'),
    })
    .optional()
    .describe(
      'The recogniser of gateway.yaml is asked too, for texts at the paths of results; without its answer a result is withheld.',
    ),
  reveal: z
    .array(
      z.strictObject({ groups: z.array(z.string().min(1).max(256)).min(1).max(64), do: doing }),
    )
    .max(32)
    .default([])
    .describe('Who sees it otherwise: the first whose groups every party of the call is in.'),
})

/** The members of masking.yaml beside `rules`. */
export const detectionForm: {
  readonly [Member in keyof DetectionForm]: z.ZodType<DetectionForm[Member]>
} = {
  profiles: z
    .record(
      profileName,
      z.strictObject({
        extends: z.array(profileName).min(1).max(16).optional(),
        entities: z.array(entityName).min(1).max(200).optional(),
        except,
      }),
    )
    .default({})
    .describe('Profiles of your own, by name.'),
  detect: z.array(detectEntry).max(500).default([]),
  custom: z
    .array(
      z.strictObject({
        id: ruleId,
        entity: entityName,
        pattern: z
          .string()
          .min(1)
          .max(2000)
          .describe('RE2 syntax; group 1, where there is one, is the value.'),
        confidence,
        context: z
          .array(z.string().min(1).max(64))
          .max(64)
          .default([])
          .describe('Words of which one has to stand in the same string, cell or line.'),
      }),
    )
    .max(500)
    .default([]),
  allow: z
    .array(
      z.strictObject({
        id: ruleId,
        entity: entityName,
        values: z.array(z.string().min(1).max(1000)).min(1).max(1000),
        reason: z.string().min(1).max(1000),
      }),
    )
    .max(500)
    .default([])
    .describe('Values that are let be, and recorded: public test numbers.'),
  onError: z
    .enum(['block', 'pass'])
    .default('block')
    .describe('What becomes of a body that cannot be read or is over budget.'),
}
