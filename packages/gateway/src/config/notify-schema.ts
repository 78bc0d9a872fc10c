import { z } from 'zod'
import { allowedScheme, isLoopback } from './allowed-scheme.ts'
import { limits } from './limits.ts'
import type { ChannelConfig, NotifyConfig } from './notify.ts'

const secret = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) }),
    z.strictObject({ file: z.string().min(1).max(4_096) }),
  ])
  .describe('Where it is kept: `{ env: NAME }` or `{ file: path }`. Never the secret itself.')
const insecureHttp = z.boolean().default(false).describe('Allows http: on loopback hosts only.')
const onlyHttps = 'It has to be https; http needs `insecureHttp` and a loopback host.'
const address = z
  .string()
  .max(254)
  .regex(
    /^[^\s@<>()[\]\\,;:"\p{C}]+@[A-Za-z0-9.-]+$/u,
    'write an address such as `ops@example.com`',
  )

const webhook = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    secret: secret.describe('`whsec_…`, 24 to 64 bytes in base64.'),
    otherSecret: secret
      .optional()
      .describe('Signed with as well, while a receiver changes from one to the other.'),
    insecureHttp,
  })
  .refine((one) => allowedScheme(one.url, one.insecureHttp), { path: ['url'], message: onlyHttps })

const slack = z
  .strictObject({
    token: secret.describe('`xoxb-…` of an app with the scope `chat:write`.'),
    channel: z
      .string()
      .regex(/^[CDG][A-Z0-9]{2,30}$/, 'write the id of the channel, `C…`')
      .describe('The id of the channel, not its name.'),
    signingSecret: secret
      .optional()
      .describe('With it people may vote on Slack, where a flow says `slackDecides`.'),
    team: z
      .string()
      .regex(/^T[A-Z0-9]{2,30}$/, 'write the id of the workspace, `T…`')
      .optional()
      .describe('The id of the workspace: only what is clicked there counts.'),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .regex(/\/$/, 'has to end in a slash')
      .default('https://slack.com/api/'),
    insecureHttp,
  })
  .refine((one) => allowedScheme(one.apiUrl, one.insecureHttp), {
    path: ['apiUrl'],
    message: onlyHttps,
  })
  .refine((one) => (one.signingSecret === undefined) === (one.team === undefined), {
    path: ['signingSecret'],
    message: '`signingSecret` and `team` belong together.',
  })

const email = z
  .strictObject({
    smtp: z
      .url({ protocol: /^smtps?$/ })
      .refine(
        (text) => /^smtps?:\/\/[^@/?#]+\/?$/.test(text),
        'Write `smtps://host:465` and no more.',
      )
      .describe('`smtps://host:465`, or `smtp://host:587`, which has to offer STARTTLS.'),
    from: address,
    to: z.array(address).min(1).max(limits.mailRecipients),
    username: z.string().min(1).max(256).optional(),
    password: secret.optional(),
    insecureSmtp: z.boolean().default(false).describe('Allows no TLS: on loopback hosts only.'),
  })
  .refine((one) => !one.insecureSmtp || isLoopback(URL.parse(one.smtp)?.hostname ?? ''), {
    path: ['insecureSmtp'],
    message: 'Without TLS mail goes to a loopback host only.',
  })
  .refine((one) => (one.username === undefined) === (one.password === undefined), {
    path: ['username'],
    message: '`username` and `password` belong together.',
  })

/** Exactly one of the three, so that a problem is told of the one that was meant. */
const channel = z
  .strictObject({
    webhook: webhook.optional().describe('A program that receives Standard Webhooks.'),
    slack: slack.optional().describe('A channel of a Slack workspace.'),
    email: email.optional().describe('Mail with a link; nothing is decided by mail.'),
  })
  .transform((one, context): ChannelConfig => {
    const given: ChannelConfig[] = []
    if (one.webhook) given.push({ kind: 'webhook', ...one.webhook })
    if (one.slack) given.push({ kind: 'slack', ...one.slack })
    if (one.email) given.push({ kind: 'email', ...one.email })
    const [first] = given
    if (first !== undefined && given.length === 1) return first
    const message = 'A channel has exactly one of `webhook`, `slack`, `email`.'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

const channelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'write lower-case letters, digits, `-`')

/** The `notify` part of gateway.yaml. */
export const notifySchema: z.ZodType<NotifyConfig> = z
  .strictObject({
    slackListen: z
      .strictObject({
        host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a host name or an address'),
        port: z.int().min(0).max(65_535),
      })
      .optional()
      .describe('Where Slack brings what people clicked: `POST /.sallyport/slack`.'),
    channels: z
      .record(channelName, channel)
      .refine((all) => Object.keys(all).length <= limits.notifyChannels, {
        message: `There are more than ${limits.notifyChannels} channels.`,
      })
      .default({})
      .describe('By the name that approvals.yaml uses.'),
  })
  .refine(
    ({ slackListen, channels }) =>
      slackListen !== undefined ||
      !Object.values(channels).some((one) => one.kind === 'slack' && one.signingSecret),
    {
      path: ['slackListen'],
      message: 'People vote on Slack only where Slack can reach us: say where it does.',
    },
  )
  .refine(({ channels }) => teamsOf(Object.values(channels)).size <= 1, {
    path: ['channels'],
    message:
      'People vote on the Slack of one workspace only: an account of another could have the same id.',
  })

/** The rulebook links people to `slack:U…`, which says nothing of the workspace. */
function teamsOf(channels: readonly ChannelConfig[]): ReadonlySet<string> {
  const teams = channels.flatMap((one) => (one.kind === 'slack' && one.team ? [one.team] : []))
  return new Set(teams)
}
