import { createHmac } from 'node:crypto'
import type { Limits } from '../config/limits.ts'
import type { WebhookConfig } from '../config/notify.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Channel, Resolve, Sending, Sent } from './channel.ts'
import { cutText } from './cut-text.ts'
import { post, retryAfterMs } from './http-answer.ts'

/**
 * Sends Standard Webhooks (standardwebhooks.com, version 1.0.0). Any 2xx means sent, 410 that nobody wants
 * them there any more. Secrets are looked up for every sending, so that a changed one needs no restart.
 */
export function webhookChannel(
  config: WebhookConfig,
  needs: {
    readonly resolve: Resolve<SecretReference>
    readonly now: () => number
    readonly limits: Pick<Limits, 'noticeAnswerBytes' | 'noticeRetryAfterMsMax' | 'noticeTextChars'>
  },
): Channel {
  const { resolve, now, limits } = needs
  const references = [config.secret, ...(config.otherSecret ? [config.otherSecret] : [])]
  return {
    send: async (asked): Promise<Sent> => {
      const keys = await keysOf(references, resolve)
      if (keys === undefined) return { kind: 'failed', why: 'a secret is missing, or no whsec_…' }
      const body = JSON.stringify(contentOf(asked, limits.noticeTextChars))
      const answer = await post({
        url: config.url,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'sallyport',
          ...signatureHeaders({ id: asked.id, now: now(), body, keys }),
        },
        body,
        answerBytesMax: limits.noticeAnswerBytes,
        signal: asked.signal,
      })
      if (answer.status === undefined) return { kind: 'failed', why: answer.why }
      if (answer.status >= 200 && answer.status < 300) return { kind: 'sent' }
      const why = `status ${answer.status}`
      if (answer.status === 410) return { kind: 'refused', why }
      const after = retryAfterMs(answer.retryAfter, {
        now: now(),
        maxMs: limits.noticeRetryAfterMsMax,
      })
      return { kind: 'failed', why, ...(after !== undefined && { retryAfterMs: after }) }
    },
  }
}

/** The three headers of section "Webhook headers": an id without a full stop, seconds, a signature by each key. */
function signatureHeaders(signed: {
  readonly id: string
  readonly now: number
  readonly body: string
  readonly keys: readonly Uint8Array[]
}): Readonly<Record<string, string>> {
  const { now, body, keys } = signed
  // Full stops separate what is signed.
  const id = signed.id.replaceAll('.', '-')
  const timestamp = String(Math.floor(now / 1_000))
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`)
    return `v1,${hmac.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

/** The specification's three members; in `data` snake_case and RFC 3339, as in the admin API. */
function contentOf({ at, message, link }: Sending, textChars: number): object {
  const { event, about, subject, state, open, facts, decideBy } = message
  return {
    type: event,
    timestamp: new Date(at).toISOString(),
    data: {
      id: about,
      subject,
      state,
      open,
      decide_by: decideBy === undefined ? null : new Date(decideBy).toISOString(),
      link: link ?? null,
      facts: facts.map(({ name, text, untrusted }) => {
        const shown = cutText(text, textChars)
        const cut = shown.whole ? {} : { shortened: true }
        return { name, text: shown.text, untrusted: untrusted === true, ...cut }
      }),
    },
  }
}

/** Undefined unless every one is there and is a secret of 24 to 64 bytes. */
async function keysOf(
  references: readonly SecretReference[],
  resolve: Resolve<SecretReference>,
): Promise<readonly Uint8Array[] | undefined> {
  const keys: Uint8Array[] = []
  for (const reference of references) {
    const text = await resolve(reference).catch(() => '')
    const key = webhookKey(text)
    if (key === undefined) return undefined
    keys.push(key)
  }
  return keys
}

/** The bytes of `whsec_` and base64; undefined for anything else. */
export function webhookKey(text: string): Uint8Array | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/.exec(text) ?? []
  if (base64 === undefined) return undefined
  const key = Buffer.from(base64, 'base64')
  const isCanonical = key.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  return isCanonical && key.length >= 24 && key.length <= 64 ? key : undefined
}
