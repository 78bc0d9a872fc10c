import type { Limits } from '../config/limits.ts'
import type { SlackConfig } from '../config/notify.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Channel, Resolve, Sending, Sent } from './channel.ts'
import { callSlack, type SlackAnswer } from './slack-api.ts'
import { slackCard } from './slack-card.ts'

export type SlackNeeds = {
  readonly resolve: Resolve<SecretReference>
  readonly now: () => number
  readonly limits: Pick<
    Limits,
    | 'noticeAnswerBytes'
    | 'noticeRetryAfterMsMax'
    | 'noticeTextChars'
    | 'noticeFollowMs'
    | 'slackCardChars'
  >
}

/**
 * One card for one approval, changed whenever something changes, wherever that was. Its reference is
 * `channel:ts`, by which Slack knows a message. Slack has no key for repetitions: when we crash between sending
 * and settling, there are two cards, and `metadata` of both names one notice.
 */
export function slackChannel(config: SlackConfig, needs: SlackNeeds): Channel {
  const { resolve, now, limits } = needs
  return {
    send: async (asked): Promise<Sent> => {
      const token = await resolve(config.token).catch(() => undefined)
      if (token === undefined) return { kind: 'failed', why: 'the token is missing' }
      const call: Call = (method, body) =>
        callSlack({
          ...{ apiUrl: config.apiUrl, token, method, body, now: now(), limits },
          signal: asked.signal,
        })
      const content = contentOf(asked, { clickable: config.signingSecret !== undefined, limits })
      const place = asked.reference === undefined ? undefined : readReference(asked.reference)
      if (!place) {
        // What is changed is about to be sent, by this gateway or by another.
        if (isFollowing(asked) && now() - asked.at < limits.noticeFollowMs) return { kind: 'early' }
        return postedAs(await call('chat.postMessage', { channel: config.channel, ...content }))
      }
      const updated = await call('chat.update', { ...place, ...content })
      if (!updated.ok && gone.includes(updated.why)) {
        return postedAs(await call('chat.postMessage', { channel: config.channel, ...content }))
      }
      if (!updated.ok || !loud.includes(asked.message.event)) {
        return sentOr(updated, asked.reference)
      }
      // Nobody hears of a card that changes: who is asked only now has to.
      const told = await call('chat.postMessage', {
        channel: place.channel,
        thread_ts: place.ts,
        reply_broadcast: true,
        text: content.text,
      })
      return sentOr(told, asked.reference)
    },
  }
}

type Call = (method: 'chat.postMessage' | 'chat.update', body: JsonObject) => Promise<SlackAnswer>

function contentOf(
  { id, message, link }: Sending,
  options: { readonly clickable: boolean; readonly limits: SlackNeeds['limits'] },
): JsonObject & { readonly text: string } {
  const { noticeTextChars: textChars, slackCardChars: cardChars } = options.limits
  const card = slackCard(message, { link, clickable: options.clickable, textChars, cardChars })
  return {
    text: card.text,
    blocks: [...card.blocks],
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: 'sallyport_notice', event_payload: { notice: id } },
  }
}

function isFollowing({ message }: Sending): boolean {
  return message.event !== 'approval.requested' && message.event.startsWith('approval.')
}

function postedAs(answer: SlackAnswer): Sent {
  if (!answer.ok) return sentOr(answer)
  const { channel, ts } = answer.value
  const known = typeof channel === 'string' && typeof ts === 'string'
  return { kind: 'sent', ...(known && { reference: `${channel}:${ts}` }) }
}

function sentOr(answer: SlackAnswer, reference?: string): Sent {
  if (answer.ok) return { kind: 'sent', ...(reference !== undefined && { reference }) }
  const { why, retryAfterMs } = answer
  if (unacceptable.includes(why)) return { kind: 'refused', why }
  return { kind: 'failed', why, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

function readReference(
  text: string,
): { readonly channel: string; readonly ts: string } | undefined {
  const [, channel, ts] = /^([A-Z0-9]+):(\d+\.\d+)$/.exec(text) ?? []
  return channel === undefined || ts === undefined ? undefined : { channel, ts }
}

/** What somebody has to hear of, and not only to see when they look. */
const loud: readonly Message['event'][] = ['approval.escalated', 'break-glass.overdue']
/** The message that was to be changed is not there, or not to be changed, any more. */
const gone = ['message_not_found', 'cant_update_message', 'edit_window_closed']
/** The message itself. A token or a channel that is wrong can be mended, and is tried again. */
const unacceptable = [
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_arguments',
  'msg_blocks_too_long',
  'msg_too_long',
  'no_text',
]
