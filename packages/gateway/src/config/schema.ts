import { z } from 'zod'
import type { PartyKind } from '../model/principal.ts'
import { allowedScheme } from './allowed-scheme.ts'
import { type Config, type StoreConfig, signatureAlgorithms } from './config.ts'
import { duration, durationText } from './duration.ts'
import { limits } from './limits.ts'
import { mcpSchema } from './mcp-schema.ts'
import { notifySchema } from './notify-schema.ts'

const kinds = ['user', 'agent', 'workload', 'service'] as const satisfies readonly PartyKind[]

/** Names of parties and groups are shown to approvers, so nothing invisible may hide in them. */
const name = z
  .string()
  .min(1)
  .max(limits.partyNameChars)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'contains invisible characters')
const alias = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'write lower-case letters, digits, `-`')
const host = z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a host name or an address')
const port = z.int().min(0).max(65_535)
const path = z.string().min(1).max(4_096)
const claim = z.string().min(1).max(200)

const listen = z.strictObject({
  host: host.default('127.0.0.1').describe('Where callers reach the gateway.'),
  port: port.default(7433),
  tls: z
    .strictObject({ cert: path, key: path })
    .optional()
    .describe('PEM files. Absent: plain HTTP.'),
  http2: z.boolean().default(true),
})

const kindRule = z.strictObject({
  when: z
    .strictObject({
      claim,
      equals: z.string().optional(),
      startsWith: z.string().min(1).optional(),
      exists: z.boolean().optional(),
    })
    .refine(
      ({ equals, startsWith, exists }) =>
        [equals, startsWith, exists].filter((one) => one !== undefined).length === 1,
      { message: 'A rule has exactly one of `equals`, `startsWith`, `exists`.' },
    ),
  kind: z.enum(kinds),
})

const issuer = z
  .strictObject({
    name: alias
      .refine((one) => !['key', 'operator', 'channel', 'slack'].includes(one), {
        message:
          '`key`, `operator`, `channel` and `slack` name the gateway’s own parties. Choose another name.',
      })
      .describe('Begins the id of every party this issuer vouches for.'),
    issuer: z.url({ protocol: /^https?$/ }).describe('The exact `iss` of its tokens.'),
    audiences: z.array(name).min(1).describe('A token for calls names one of these in `aud`.'),
    adminAudiences: z.array(name).default([]),
    algorithms: z
      .array(z.enum(signatureAlgorithms))
      .min(1)
      .default(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519']),
    types: z
      .array(z.string().toLowerCase().min(1).max(64))
      .min(1)
      .default(['at+jwt', 'jwt'])
      .describe('Accepted `typ` headers; `none` accepts a token without one.'),
    authorizedParties: z.array(name).min(1).optional(),
    subjectClaim: claim.default('sub'),
    groups: z
      .strictObject({
        claim: claim.default('groups'),
        prefix: z.string().max(64).default(''),
        map: z.record(z.string(), name).default({}),
      })
      .prefault({}),
    kinds: z.array(kindRule).max(100).default([]).describe('First match decides.'),
    defaultKind: z.enum(kinds).describe('What a subject is when no rule says.'),
    actorKind: z.enum(kinds).default('agent'),
    triggeredBy: z
      .array(z.strictObject({ claim, as: alias }))
      .max(limits.triggeringClaims)
      .default([])
      .describe(
        'Claims that name who set a call in motion, such as a CI run: they never approve it.',
      ),
    insecureHttp: z.boolean().default(false).describe('Allows http: on loopback hosts only.'),
  })
  .superRefine(({ issuer: url, insecureHttp }, context) => {
    if (allowedScheme(url, insecureHttp)) return
    const message = 'An issuer has to be https; http needs `insecureHttp` and a loopback host.'
    context.addIssue({ code: 'custom', path: ['issuer'], message })
  })

const operator = z.strictObject({
  name,
  groups: z.array(name).max(limits.groupsPerParty).default([]),
  keyHash: z.string().regex(/^[0-9a-f]{64}$/, 'write the SHA-256 of an operator key in hex'),
})

const callLimits = z.strictObject({
  concurrentCalls: z.int().min(1).max(65_536).default(limits.concurrentCalls),
  callsPerCaller: z
    .int()
    .min(1)
    .max(65_536)
    .default(limits.callsPerCaller)
    .describe('Of these, for one subject or one actor.'),
  heldResultBytes: z.int().min(0).max(16_777_216).default(limits.heldResultBytes),
  chunkCommitBytes: z.int().min(4_096).max(67_108_864).default(limits.chunkCommitBytes),
})

const recogniser = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(1_024)
      .regex(/^[^?#]*$/, 'may hold no query and no fragment'),
    timeout: duration({ minMs: 100, maxMs: limits.recogniserTimeoutMsMax })
      .prefault(durationText(limits.recogniserTimeoutMs))
      .describe('For one question; a result that it gives no answer for is withheld.'),
    insecureHttp: z.boolean().default(false).describe('Allows http: on loopback hosts only.'),
  })
  .refine((one) => allowedScheme(one.url, one.insecureHttp), {
    path: ['url'],
    message: 'It has to be https; http needs `insecureHttp` and a loopback host.',
  })
  .transform(({ url, timeout }) => ({ url, timeoutMs: timeout }))

const upTo = (maxMs: number) => duration({ minMs: 1_000, maxMs })
const approvals = z
  .strictObject({
    hold: upTo(limits.approvalHoldMsMax).prefault(durationText(limits.approvalHoldMs)),
    holdMax: upTo(limits.approvalHoldMsMax).prefault(durationText(limits.approvalHoldMsMax)),
    decideBy: upTo(7 * limits.approvalDecideByMs).prefault(durationText(limits.approvalDecideByMs)),
    claimBy: upTo(limits.approvalDecideByMs).prefault(durationText(limits.approvalClaimByMs)),
  })
  .refine(({ hold, holdMax }) => hold <= holdMax, {
    path: ['hold'],
    message: '`hold` is longer than `holdMax`.',
  })
  .transform(({ hold, holdMax, decideBy, claimBy }) => ({
    holdMs: hold,
    holdMsMax: holdMax,
    decideByMs: decideBy,
    claimByMs: claimBy,
  }))

const retention = z
  .record(alias, duration({ minMs: limits.retentionMsMin, maxMs: limits.retentionMsMax }))
  .refine((classes) => Object.keys(classes).length <= limits.retentionClasses, {
    message: `There are more than ${limits.retentionClasses} classes.`,
  })
  .transform((classes) => ({ standard: limits.retentionMs, ...classes }))

const witness = z.strictObject({
  name: alias
    .refine((one) => one !== 'none', {
      message: '`none` has a meaning of its own in a trust file. Choose another name.',
    })
    .describe('In the trust file, in metrics and in logs.'),
  key: z
    .string()
    .max(500)
    .regex(
      /^[^\s+]+\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42}$/,
      'write the verifier key of type 0x04 that `sallyport witness init` prints',
    )
    .describe('Its verifier key for `cosignature/v1`.'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((text) => /^[^@?#]*$/.test(text), 'Write a prefix without user, query and fragment.')
    .describe('Where it is asked: `/add-checkpoint` comes after it.'),
})

const witnesses = z
  .strictObject({
    quorum: z
      .union([z.enum(['all', 'any', 'none']), z.int().min(1).max(limits.witnesses)])
      .default('all')
      .describe('How many of them make a record `witnessed`: `all`, `any`, `none` or a number.'),
    members: z.array(witness).max(limits.witnesses).default([]),
  })
  .superRefine(({ quorum, members }, context) => {
    const report = (at: readonly (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: [...at], message })
    if (typeof quorum === 'number' && quorum > members.length) {
      report(['quorum'], `More are asked for than the ${members.length} that are listed.`)
    }
    for (const index of repeated(members.map((one) => one.name))) {
      report(['members', index, 'name'], 'Another witness has this name.')
    }
    // One key under two names would count twice towards the quorum (c2sp.org/tlog-policy).
    for (const index of repeated(members.map((one) => one.key.slice(one.key.lastIndexOf('+'))))) {
      report(['members', index, 'key'], 'Another witness has this key.')
    }
  })

export const storeSchema: z.ZodType<StoreConfig> = z.strictObject({
  postgres: z
    .union([
      z.string().regex(/^postgres(?:ql)?:\/\/\S+$/, 'write `postgres://user@host:5432/database`'),
      z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) }),
      z.strictObject({ file: path }),
    ])
    .describe('`postgres://…`, or where that is kept: `{ env: NAME }` or `{ file: path }`.'),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'write lower-case letters, digits, `_`')
    .default('sallyport')
    .describe('The schema that holds everything in that database.'),
  poolSize: z
    .int()
    .min(1)
    .max(limits.postgresPoolMax)
    .default(limits.postgresPool)
    .describe('Connections for questions; one more writes, and one listens.'),
  migrate: z.boolean().default(true).describe('Whether a start brings the database up to date.'),
})

/** gateway.yaml: its validation, its types (config.ts) and its JSON Schema are this one thing. */
export const configSchema: z.ZodType<Config> = z
  .strictObject({
    instance: alias.default('gateway-1').describe('This process in records.'),
    origin: z
      .string()
      .regex(/^[a-z0-9.-]+(?:\/[A-Za-z0-9._/-]+)?$/, 'write a name such as `example.com/sallyport`')
      .max(200)
      .default('sallyport.local/gateway')
      .describe('The name of the evidence log.'),
    home: path.default('./.sallyport').describe('Folder of the embedded store, or `memory`.'),
    store: storeSchema
      .optional()
      .describe('A PostgreSQL that gateways share. Absent: a file in `home`.'),
    rulebook: path.default('./rulebook').describe('Folder of the rulebook.'),
    listen: listen.prefault({}),
    admin: z
      .strictObject({
        host: host.default('127.0.0.1'),
        port: port.default(7434),
        publicUrl: z
          .url({ protocol: /^https?$/ })
          .max(1_024)
          .regex(/^[^?#]*$/, 'may hold no query and no fragment')
          .optional()
          .describe('How people reach it: links in messages begin with it.'),
      })
      .prefault({}),
    mcp: mcpSchema.prefault({}).describe('What `/mcp` asks of its callers.'),
    issuers: z.array(issuer).max(100).default([]),
    operators: z.array(operator).max(1_000).default([]),
    callLimits: callLimits.prefault({}),
    approvals: approvals.prefault({}),
    notify: notifySchema
      .prefault({ channels: {} })
      .describe('Who is told of what waits for people.'),
    recogniser: recogniser
      .optional()
      .describe('A Presidio analyzer, for rules of masking.yaml that ask it for names.'),
    witnesses: witnesses.prefault({}).describe('Who cosigns the checkpoints of the log.'),
    retention: retention
      .prefault({})
      .describe(
        'How long payloads are kept, by class. `standard` is 400d unless it is named here.',
      ),
  })
  .superRefine((config, context) => {
    const report = (at: readonly (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: [...at], message })
    const { issuers, operators, listen: calls, admin } = config
    for (const index of repeated(issuers.map((one) => one.name))) {
      report(['issuers', index, 'name'], 'Another issuer has this name.')
    }
    for (const index of repeated(issuers.map((one) => one.issuer))) {
      report(['issuers', index, 'issuer'], 'This issuer is listed twice.')
    }
    for (const index of repeated(operators.map((one) => one.name))) {
      report(['operators', index, 'name'], 'Another operator has this name.')
    }
    for (const index of repeated(operators.map((one) => one.keyHash))) {
      report(['operators', index, 'keyHash'], 'Another operator has this key.')
    }
    if (config.store && config.home === 'memory') {
      report(['home'], 'The keys of a store that is shared need a folder. Name one.')
    }
    if (calls.port === admin.port && calls.host === admin.host && calls.port !== 0) {
      report(['admin', 'port'], 'Callers and the admin API need different ports.')
    }
  })

/** The JSON Schema (2020-12) of gateway.yaml, for editors and the reference. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'gateway.yaml' }
}

function repeated(values: readonly string[]): readonly number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []))
}
