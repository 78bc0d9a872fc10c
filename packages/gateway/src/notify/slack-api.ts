import type { Limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { post, retryAfterMs } from './http-answer.ts'

export type SlackAnswer =
  | { readonly ok: true; readonly value: JsonObject }
  | {
      readonly ok: false
      /** Slack's own code, such as `channel_not_found`, or ours. */
      readonly why: string
      readonly retryAfterMs?: number
    }

/**
 * One method of Slack's Web API (docs.slack.dev/apis/web-api): JSON in, JSON out, `ok` says how it went. Never
 * rejects.
 */
export async function callSlack(asked: {
  /** Ends in a slash. */
  readonly apiUrl: string
  readonly token: string
  readonly method: 'chat.postMessage' | 'chat.update' | 'chat.postEphemeral' | 'views.open'
  readonly body: JsonObject
  readonly now: number
  readonly limits: Pick<Limits, 'noticeAnswerBytes' | 'noticeRetryAfterMsMax'>
  readonly signal: AbortSignal
}): Promise<SlackAnswer> {
  const { apiUrl, token, method, body, now, limits, signal } = asked
  // What no header can carry would be thrown with its value in the words.
  if (!/^[\x21-\x7e]{8,}$/.test(token)) return { ok: false, why: 'the token is no token' }
  const answer = await post({
    url: `${apiUrl}${method}`,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'sallyport',
    },
    body: JSON.stringify(body),
    answerBytesMax: limits.noticeAnswerBytes,
    signal,
  })
  if (answer.status === undefined) return { ok: false, why: answer.why }
  const { status, text, retryAfter } = answer
  const maxMs = limits.noticeRetryAfterMsMax
  const after = retryAfterMs(retryAfter, { now, maxMs })
  const later = after === undefined ? {} : { retryAfterMs: after }
  if (status !== 200) return { ok: false, why: `status ${status}`, ...later }
  const value = text === undefined ? undefined : readJson(text)
  if (!isJsonObject(value)) return { ok: false, why: 'an answer that is none of Slack’s' }
  if (value.ok === true) return { ok: true, value }
  return { ok: false, why: codeOf(value.error), ...later }
}

export function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function codeOf(error: Json | undefined): string {
  return typeof error === 'string' && /^[a-z0-9_]{1,64}$/.test(error) ? error : 'refused'
}
