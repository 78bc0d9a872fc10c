import type { Limits } from '../config/limits.ts'
import type { ChannelConfig, NotifyConfig, SlackConfig } from '../config/notify.ts'
import type { Message } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Outbox as StoredOutbox } from '../store/store.ts'
import type { Channel, Resolve } from './channel.ts'
import { type ChannelCount, noneYet } from './channel-counts.ts'
import type { OutboxEvent } from './delivery.ts'
import { emailChannel } from './email.ts'
import { openOutbox } from './outbox.ts'
import { slackChannel } from './slack.ts'
import { listenToSlack, type SlackListener } from './slack-listen.ts'
import { openSlackVotes, type SlackVotesNeeds } from './slack-votes.ts'
import { webhookChannel } from './webhook.ts'

export type NotifierNeeds = {
  readonly config: NotifyConfig
  /** Absent: messages have no links. */
  readonly publicUrl: string | undefined
  readonly store: StoredOutbox
  readonly resolve: Resolve<SecretReference>
  /** What there is to tell; undefined: nothing any more. */
  readonly message: (notice: Notice) => Promise<Message | undefined>
  readonly vote: SlackVotesNeeds['vote']
  readonly now: () => number
  readonly random: () => number
  readonly newId: () => string
  readonly limits: Limits
  readonly onEvent: (event: OutboxEvent) => void
  /** A vote from Slack could not be handled. */
  readonly onFailure: (cause: unknown) => void
}

export type Notifier = {
  readonly start: () => void
  /** Something may be there to tell. */
  readonly nudge: () => void
  readonly channels: () => readonly ChannelState[]
  /** Tells a message that says it is a test, now. Undefined: there is no such channel. */
  readonly test: (name: string) => Promise<TestResult | undefined>
  /** Where Slack brings clicks; undefined: nowhere. */
  readonly slackUrl: string | undefined
  readonly close: () => Promise<void>
}

export type ChannelState = ChannelCount & {
  readonly name: string
  readonly kind: ChannelConfig['kind']
}

export type TestResult = { readonly sent: true } | { readonly sent: false; readonly why: string }

/** Everything that tells people something, and what comes back from Slack. */
export async function openNotifier(needs: NotifierNeeds): Promise<Notifier> {
  const { config, limits, now } = needs
  const entries = Object.entries(config.channels)
  const channels = Object.fromEntries(entries.map(([name, one]) => [name, channelOf(one, needs)]))
  const linkOf = ({ path }: Message) =>
    path === undefined || needs.publicUrl === undefined
      ? undefined
      : `${needs.publicUrl.replace(/\/+$/, '')}${path}`
  const outbox = openOutbox({ ...needs, channels, linkOf })
  const slack = await listenForSlack(needs)
  return {
    start: outbox.start,
    nudge: outbox.nudge,
    slackUrl: slack?.url,
    channels: () => {
      const counts = outbox.counts()
      return entries.map(([name, { kind }]) => ({ ...(counts[name] ?? noneYet), name, kind }))
    },
    test: async (name) => {
      const channel = Object.hasOwn(channels, name) ? channels[name] : undefined
      if (!channel) return undefined
      const sent = await channel.send({
        id: `test_${needs.newId()}`,
        at: now(),
        message: testMessage(name),
        link: needs.publicUrl,
        reference: undefined,
        signal: AbortSignal.timeout(limits.noticeSendMs),
      })
      return 'why' in sent ? { sent: false, why: sent.why } : { sent: true }
    },
    close: async () => {
      await slack?.close()
      await outbox.close()
    },
  }
}

function channelOf(config: ChannelConfig, needs: NotifierNeeds): Channel {
  switch (config.kind) {
    case 'webhook':
      return webhookChannel(config, needs)
    case 'slack':
      return slackChannel(config, needs)
    case 'email':
      return emailChannel(config, needs)
  }
}

async function listenForSlack(needs: NotifierNeeds): Promise<SlackListener | undefined> {
  const { slackListen, channels } = needs.config
  const clickable = Object.values(channels).filter(
    (one): one is SlackConfig => one.kind === 'slack' && one.signingSecret !== undefined,
  )
  if (!slackListen || clickable.length === 0) return undefined
  const votes = openSlackVotes({ ...needs, channels: clickable })
  return listenToSlack(slackListen, votes, needs.limits)
}

function testMessage(channel: string): Message {
  return {
    event: 'test',
    about: 'test',
    subject: 'Sallyport: a test message',
    state: 'TEST',
    open: false,
    facts: [{ name: 'channel', text: channel }],
  }
}
