import type { Limits } from '../config/limits.ts'
import type { Message } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'
import type { NoticeTaken, Outbox as StoredOutbox } from '../store/store.ts'
import type { Channel, Sent } from './channel.ts'
import { type ChannelCounts, countChannels } from './channel-counts.ts'

export type DeliveryNeeds = {
  readonly store: Pick<StoredOutbox, 'settleNotice' | 'noticeReference'>
  readonly channels: Readonly<Record<string, Channel>>
  /** What there is to tell; undefined: nothing any more. */
  readonly message: (notice: Notice) => Promise<Message | undefined>
  readonly linkOf: (message: Message) => string | undefined
  readonly now: () => number
  /** 0 to 1: spreads what failed together. */
  readonly random: () => number
  readonly limits: Limits
  readonly onEvent: (event: OutboxEvent) => void
}

export type OutboxEvent =
  | { readonly kind: 'down' | 'back'; readonly channel: string; readonly why: string }
  | {
      readonly kind: 'given-up'
      readonly channel: string
      readonly notice: string
      readonly why: string
    }
  /** The store could not be asked. It is tried again. */
  | { readonly kind: 'store-failed'; readonly cause: unknown }

export type Delivery = {
  /** One attempt, and what becomes of the notice. Never rejects: what could not be settled is sent again. */
  readonly send: (notice: NoticeTaken) => Promise<void>
  /** Hands it back: it is due again in so long. */
  readonly again: (notice: NoticeTaken, ms: number) => Promise<void>
  readonly giveUp: (notice: NoticeTaken, why: string) => Promise<void>
  readonly counts: ChannelCounts['all']
}

/** How one notice is told, tried again or given up. `stop` cuts off what is under way. */
export function openDelivery(needs: DeliveryNeeds, stop: AbortSignal): Delivery {
  const { store, now, limits, onEvent } = needs
  const counts = countChannels()
  const settle = (notice: NoticeTaken, outcome: Settled, reference?: string) =>
    store.settleNotice({
      id: notice.id,
      attempts: notice.attempts,
      outcome,
      ...(reference !== undefined && { reference }),
    })
  const again = (notice: NoticeTaken, ms: number) => settle(notice, { retryAt: now() + ms })
  const giveUp = async (notice: NoticeTaken, why: string) => {
    await settle(notice, 'given-up')
    onEvent({ kind: 'given-up', channel: notice.channel, notice: notice.id, why })
  }
  const count = (channel: string, sent: Sent, isGivenUp: boolean) => {
    // Only the change is told: a channel that is down for a day does not fill the log.
    const kind = counts.add(channel, sent, isGivenUp)
    if (kind) onEvent({ kind, channel, why: 'why' in sent ? sent.why : 'sent' })
  }
  const attempt = async (notice: NoticeTaken) => {
    const sent = await tell(needs, notice, stop)
    if (sent.kind === 'early') return again(notice, spread(needs, limits.noticeRetryMs))
    // Cut off by our own stop: nobody failed.
    if (sent.kind === 'failed' && stop.aborted) return again(notice, 0)
    const isGivenUp =
      sent.kind === 'refused' || (sent.kind === 'failed' && isOver(notice, now(), limits))
    count(notice.channel, sent, isGivenUp)
    if (sent.kind === 'sent') return settle(notice, 'sent', sent.reference)
    return isGivenUp ? giveUp(notice, sent.why) : again(notice, retryMs(needs, notice, sent))
  }
  return {
    send: (notice) => attempt(notice).catch((cause) => onEvent({ kind: 'store-failed', cause })),
    again,
    giveUp,
    counts: counts.all,
  }
}

type Settled = Parameters<StoredOutbox['settleNotice']>[0]['outcome']

/** One attempt. Rejects only when the store does. */
async function tell(needs: DeliveryNeeds, notice: NoticeTaken, stop: AbortSignal): Promise<Sent> {
  const { store, channels, limits } = needs
  const made = await needs.message(notice).then(
    (message) => ({ message }),
    () => undefined,
  )
  if (!made) return { kind: 'failed', why: 'the message could not be made' }
  const { message } = made
  const channel = channels[notice.channel]
  if (message === undefined || !channel) return { kind: 'sent' }
  const reference = await store.noticeReference(notice.channel, notice.about)
  const timeout = AbortSignal.timeout(limits.noticeSendMs)
  return channel
    .send({
      id: notice.id,
      at: notice.at,
      message,
      link: needs.linkOf(message),
      reference,
      signal: AbortSignal.any([stop, timeout]),
    })
    .catch((): Sent => ({ kind: 'failed', why: 'the channel failed' }))
}

/** Emergencies are told for longest; and nothing is given up only because a clock jumped. */
function isOver({ at, event, attempts }: NoticeTaken, now: number, limits: Limits): boolean {
  const emergency = event === 'break-glass.opened' || event === 'break-glass.overdue'
  const giveUpMs = emergency ? limits.noticeGiveUpEmergencyMs : limits.noticeGiveUpMs
  return now - at > giveUpMs && attempts >= limits.noticeAttemptsMin
}

/** Half of its age, so each wait is half as long again as all before it; longer where the receiver asks for it. */
function retryMs(
  needs: DeliveryNeeds,
  { at }: Notice,
  { retryAfterMs = 0 }: { readonly retryAfterMs?: number },
): number {
  const { noticeRetryMs, noticeRetryMsMax } = needs.limits
  const half = (needs.now() - at) / 2
  const wait = Math.min(Math.max(half, noticeRetryMs), noticeRetryMsMax)
  return Math.max(spread(needs, wait), retryAfterMs)
}

/** A quarter less to a quarter more, so that what failed together does not come back together. */
export function spread({ random }: Pick<DeliveryNeeds, 'random'>, ms: number): number {
  return Math.round(ms * (0.75 + random() / 2))
}
