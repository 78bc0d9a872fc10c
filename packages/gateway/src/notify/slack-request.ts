import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { readJson } from './slack-api.ts'
import { type SlackOffer, slackActions } from './slack-card.ts'

/** A request as it came: what is signed is its raw body. */
export type SlackRequest = {
  readonly body: string
  readonly contentType: string
  /** `X-Slack-Request-Timestamp` and `X-Slack-Signature`. */
  readonly timestamp: string | undefined
  readonly signature: string | undefined
}

/**
 * Whether Slack signed this with the app's secret, and did so just now
 * (docs.slack.dev/authentication/verifying-requests-from-slack): `v0` and HMAC-SHA-256 over
 * `v0:timestamp:body`, compared in constant time. Too far in the future is as wrong as too old.
 */
export function isFromSlack(
  { body, timestamp, signature }: Omit<SlackRequest, 'contentType'>,
  by: { readonly signingSecret: string; readonly now: number; readonly replayMs: number },
): boolean {
  if (by.signingSecret === '' || timestamp === undefined || signature === undefined) return false
  if (!/^\d{1,12}$/.test(timestamp) || !/^v0=[0-9a-f]{64}$/.test(signature)) return false
  // Whole seconds, as Slack counts.
  const apartSeconds = Math.abs(Math.floor(by.now / 1_000) - Number(timestamp))
  if (apartSeconds * 1_000 > by.replayMs) return false
  const hmac = createHmac('sha256', by.signingSecret)
    .update(`v0:${timestamp}:${body}`)
    .digest('hex')
  return timingSafeEqual(Buffer.from(`v0=${hmac}`), Buffer.from(signature))
}

/** What somebody did on Slack. Ids are Slack's. */
export type SlackClick =
  /** Slack asks whether we are there. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  | {
      readonly kind: 'button'
      readonly verdict: 'approve' | 'deny'
      readonly team: string
      readonly user: string
      readonly channel: string
      /** Opens a dialog, for three seconds. */
      readonly trigger: string
      readonly offer: SlackOffer
    }
  | {
      readonly kind: 'reason'
      readonly verdict: 'approve' | 'deny'
      readonly team: string
      readonly user: string
      readonly channel: string
      readonly offer: SlackOffer
      readonly reason: string
    }
  /** Something else of this app, such as a click on a link: nothing is to be done. */
  | { readonly kind: 'other' }

/** Undefined for what is none of Slack's forms. Only after `isFromSlack`. */
export function readClick({ body, contentType }: SlackRequest): SlackClick | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') {
    const read = readJson(body)
    if (!isJsonObject(read) || read.type !== 'url_verification') return undefined
    const challenge = text(read.challenge)
    return /^[\x20-\x7e]{1,512}$/.test(challenge) ? { kind: 'challenge', challenge } : undefined
  }
  if (type !== 'application/x-www-form-urlencoded') return undefined
  const payload = readJson(new URLSearchParams(body).get('payload') ?? '')
  if (!isJsonObject(payload)) return undefined
  if (payload.type === 'block_actions') return readButton(payload)
  if (payload.type === 'view_submission') return readReason(payload)
  return { kind: 'other' }
}

/** The same click, however often Slack brings it: its retries differ in their time and their signature. */
export function clickKey({ body }: Pick<SlackRequest, 'body'>): string {
  return createHash('sha256').update(body).digest('base64url')
}

/** docs.slack.dev/reference/interaction-payloads/block_actions-payload */
function readButton(payload: JsonObject): SlackClick | undefined {
  const [action] = Array.isArray(payload.actions) ? payload.actions : []
  if (!isJsonObject(action)) return undefined
  const verdict = verdictOf(action.action_id)
  if (verdict === undefined) return { kind: 'other' }
  const offer = readOffer(text(action.value))
  const { team, user } = partiesOf(payload)
  const channel = text(member(payload.channel, 'id'))
  const trigger = text(payload.trigger_id)
  if (!offer || team === '' || user === '' || channel === '' || trigger === '') return undefined
  return { kind: 'button', verdict, team, user, channel, trigger, offer }
}

/** docs.slack.dev/reference/interaction-payloads/view-interactions-payload */
function readReason(payload: JsonObject): SlackClick | undefined {
  const { view } = payload
  if (!isJsonObject(view)) return undefined
  const verdict = verdictOf(view.callback_id)
  if (verdict === undefined) return { kind: 'other' }
  const kept = readJson(text(view.private_metadata))
  if (!isJsonObject(kept)) return undefined
  const offer = readOffer(text(kept.offer))
  const values = member(view.state, 'values')
  const reason = text(member(member(member(values, reasonBlock), reasonInput), 'value'))
  const { team, user } = partiesOf(payload)
  const channel = text(kept.channel)
  if (!offer || team === '' || user === '' || channel === '') return undefined
  return { kind: 'reason', verdict, team, user, channel, offer, reason: reason.trim() }
}

export const reasonBlock = 'sallyport_reason'
export const reasonInput = 'reason'

function verdictOf(name: Json | undefined): 'approve' | 'deny' | undefined {
  if (name === slackActions.approve) return 'approve'
  return name === slackActions.deny ? 'deny' : undefined
}

/** Whose click it is: the workspace of the person, who in a shared channel may be of another than ours. */
function partiesOf(payload: JsonObject): { readonly team: string; readonly user: string } {
  const team = text(member(payload.user, 'team_id')) || text(member(payload.team, 'id'))
  return { team, user: text(member(payload.user, 'id')) }
}

function readOffer(value: string): SlackOffer | undefined {
  const read = readJson(value)
  if (!isJsonObject(read)) return undefined
  const { approval, offer } = read
  const approve = member(read.reasonChars, 'approve')
  const deny = member(read.reasonChars, 'deny')
  if (typeof approval !== 'string' || typeof offer !== 'string') return undefined
  if (typeof approve !== 'number' || typeof deny !== 'number') return undefined
  return { approval, offer, reasonChars: { approve, deny } }
}

function member(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
