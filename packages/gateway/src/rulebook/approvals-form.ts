import { z } from 'zod'
import { duration } from '../config/duration.ts'
import { limits } from '../config/limits.ts'

/**
 * The YAML form of approvals.yaml: what a person writes. Durations are read from `15m` and the like into
 * milliseconds. What one file alone cannot say is checked where it is read (read-approvals.ts).
 */
export type ApprovalsForm = {
  readonly flows: Readonly<Record<string, FlowForm>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly {
    readonly id: string
    readonly accounts: readonly string[]
    readonly agents: readonly string[]
  }[]
  readonly breakGlass?: GlassForm | undefined
}

export type FlowForm = {
  readonly steps?: readonly StepForm[] | undefined
  readonly reason: number
  readonly decideBy?: number | undefined
  readonly claimBy?: number | undefined
  readonly offers: readonly ('call' | 'window' | 'session')[]
  readonly uses?: number | undefined
  readonly for?: number | undefined
  readonly notify: readonly string[]
  readonly message: 'masked' | 'minimal'
  readonly slackDecides: boolean
}

export type StepForm = {
  readonly name?: string | undefined
  readonly groups: readonly string[]
  readonly quorum: number
  readonly escalate: readonly { readonly after: number; readonly groups: readonly string[] }[]
}

export type GlassForm = {
  readonly people: readonly string[]
  readonly functions: readonly string[]
  readonly for: number
  readonly acr: readonly string[]
  readonly amr: readonly string[]
  readonly signedInWithin: number
  readonly reviewers: readonly string[]
  readonly reviewWithin: number
  readonly notify: readonly string[]
  readonly usesPer30Days: number
}

/** Approvers read these names, so nothing invisible may hide in them. */
const name = z
  .string()
  .min(1)
  .max(limits.partyNameChars)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'contains invisible characters')
const partyId = name.regex(
  /^[a-z0-9][a-z0-9-]{0,31}:./,
  'write `<issuer>:<name>`, such as corp:alice',
)
const names = z.array(name).min(1).max(limits.approvalGroups)
const channels = z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'is no channel’s name'))
const day = 86_400_000
const upTo = (maxMs: number) => duration({ minMs: 1_000, maxMs })

const step = z.strictObject({
  name: name.max(100).optional().describe('What approvers see; its groups when absent.'),
  groups: names.describe('Whoever is in one of these may vote.'),
  quorum: z
    .int()
    .min(1)
    .max(limits.approvalQuorum)
    .default(1)
    .describe('So many different people.'),
  escalate: z
    .array(z.strictObject({ after: upTo(7 * limits.approvalDecideByMs), groups: names }))
    .max(limits.approvalRungs)
    .default([])
    .describe('Who may vote as well when so long has passed without an answer.'),
})

const flow = z.strictObject({
  steps: z
    .array(step)
    .min(1)
    .max(limits.approvalSteps)
    .optional()
    .describe('One after the other. Absent: one person of the group that the flow is of.'),
  reason: z
    .int()
    .min(0)
    .max(200)
    .default(0)
    .describe('Least characters of the reason of a yes. A no always needs one.'),
  decideBy: upTo(7 * limits.approvalDecideByMs)
    .optional()
    .describe('Until it is decided, or it is denied; as gateway.yaml says when absent.'),
  claimBy: upTo(limits.approvalDecideByMs)
    .optional()
    .describe('Until an approved call is made; as gateway.yaml says when absent.'),
  offers: z
    .array(z.enum(['call', 'window', 'session']))
    .max(3)
    .default(['call'])
    .describe(
      'What callers may ask for: exactly this call, so many for a time, those of one session.',
    ),
  uses: z
    .int()
    .min(2)
    .max(limits.clearanceUses)
    .optional()
    .describe('The most calls of one window.'),
  for: upTo(limits.clearanceMs).optional().describe('The longest window.'),
  notify: channels
    .max(limits.notifyChannels)
    .default([])
    .describe('Channels of gateway.yaml that are told.'),
  message: z
    .enum(['masked', 'minimal'])
    .default('masked')
    .describe('What they are told: the masked view, or only that a call needs approval.'),
  slackDecides: z.boolean().default(false).describe('Whether people may vote on Slack itself.'),
})

const person = z.strictObject({
  id: partyId,
  accounts: z.array(partyId).max(100).default([]).describe('Other ids of the same person.'),
  agents: z.array(partyId).max(500).default([]).describe('Agents and workloads of theirs.'),
})

const breakGlass = z.strictObject({
  people: z.array(partyId).max(100).default([]).describe('Who may. Nobody when it is empty.'),
  functions: z
    .array(name.max(200))
    .max(500)
    .default([])
    .describe('Function ids; `crm.*` covers what begins with `crm.`.'),
  for: upTo(limits.breakGlassMs)
    .prefault('30m')
    .describe('How long it lasts at most; never beyond an hour.'),
  acr: z
    .array(name)
    .max(20)
    .default([])
    .describe('The sign-in names one of these, if any is given.'),
  amr: z.array(name).max(20).default([]).describe('The sign-in names all of these.'),
  signedInWithin: upTo(limits.breakGlassMs).prefault('5m').describe('How fresh the sign-in is.'),
  reviewers: z
    .array(name)
    .max(limits.approvalGroups)
    .default([])
    .describe('Groups that review it.'),
  reviewWithin: upTo(14 * day).prefault('72h'),
  notify: channels.max(limits.notifyChannels).default([]).describe('Told at once. Never nobody.'),
  usesPer30Days: z.int().min(1).max(100).default(2).describe('Of one person.'),
})

export const approvalsForm: z.ZodType<ApprovalsForm> = z
  .strictObject({
    flows: z
      .record(name, flow)
      .default({})
      .describe('How a group decides, by the name that policies give: @approval("name").'),
    groups: z
      .record(name, z.array(partyId).min(1).max(limits.approvalMembers))
      .default({})
      .describe('Exactly these people are in the group, whatever a token says.'),
    people: z
      .array(person)
      .max(limits.linkedPeople)
      .default([])
      .describe('Ids that are one person: none of them approves what another asks for.'),
    breakGlass: breakGlass.optional().describe('Who may do without approval in an emergency.'),
  })
  .meta({ title: 'Sallyport approvals' })
