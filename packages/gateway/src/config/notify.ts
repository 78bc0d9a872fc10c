import type { SecretReference } from '../model/secret.ts'

/** Who is told of what waits for people, and how. */
export type NotifyConfig = {
  /** Where Slack brings what people clicked; a listener of its own, so that nothing else is reachable by it. */
  readonly slackListen?: { readonly host: string; readonly port: number } | undefined
  /** By the name that approvals.yaml uses. */
  readonly channels: Readonly<Record<string, ChannelConfig>>
}

export type ChannelConfig = WebhookConfig | SlackConfig | EmailConfig

/** A program that receives webhooks as standardwebhooks.com describes them. */
export type WebhookConfig = {
  readonly kind: 'webhook'
  readonly url: string
  /** `whsec_…` */
  readonly secret: SecretReference
  /** Signed with as well while a receiver changes from one secret to the other. */
  readonly otherSecret?: SecretReference | undefined
  readonly insecureHttp: boolean
}

/** One channel of one Slack workspace, by an app of the operator's own. */
export type SlackConfig = {
  readonly kind: 'slack'
  /** `xoxb-…`, with `chat:write`. */
  readonly token: SecretReference
  /** The channel's id, `C…`. */
  readonly channel: string
  /** With it, what people click is believed: see `team`. */
  readonly signingSecret?: SecretReference | undefined
  /** The workspace's id, `T…`: user ids mean something there only. */
  readonly team?: string | undefined
  /** Ends in a slash. */
  readonly apiUrl: string
  readonly insecureHttp: boolean
}

export type EmailConfig = {
  readonly kind: 'email'
  /** `smtps://host:465`, or `smtp://host:587`, which has to offer STARTTLS. */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
  readonly username?: string | undefined
  readonly password?: SecretReference | undefined
  /** Allows SMTP without TLS, on loopback hosts only. */
  readonly insecureSmtp: boolean
}
