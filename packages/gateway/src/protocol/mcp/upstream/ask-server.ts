import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Credential } from '../../../model/secret.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { Conversation, Receiver } from './conversation.ts'

export type ServerAnswer = Extract<UpstreamMessage, { kind: 'result' | 'error' }>

/**
 * Asks a server something for the gateway itself. Resolves with a result or an error; rejects with a `Refusal` where
 * neither comes within `withinMs`. What the server asks meanwhile is not answered by anybody.
 */
export function askServer(
  conversation: Pick<Conversation, 'request'>,
  {
    method,
    params,
    capabilities = {},
    credential,
    withinMs,
    signal,
  }: {
    readonly method: string
    readonly params: JsonObject
    readonly capabilities?: JsonObject
    readonly credential: Credential
    readonly withinMs: number
    readonly signal?: AbortSignal
  },
): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    let messages = 0
    const settle = (settled: () => void) => {
      clearTimeout(late)
      signal?.removeEventListener('abort', leave)
      settled()
    }
    const giveUp = (refusal: Refusal) => {
      wire.cancel()
      settle(() => reject(refusal))
    }
    const leave = () => giveUp(new Refusal('caller-left'))
    const receiver: Receiver = {
      alive: () => {},
      take: (message) => {
        messages += 1
        if (messages > limits.mcpMessagesPerRequest) {
          return giveUp(new Refusal('upstream-failed', { detail: 'It sent messages without end.' }))
        }
        if (message.kind !== 'result' && message.kind !== 'error') return
        if (message.id !== wire.id) return
        wire.done()
        settle(() => resolve(message))
      },
      fail: ({ refusal }) => settle(() => reject(refusal)),
    }
    const wire = conversation.request(
      {
        ...{ method, capabilities, credential, params: Buffer.from(JSON.stringify(params)) },
        ...{ wantsProgress: false, traceparent: undefined, logLevel: undefined },
        ...{ resumed: undefined, callId: undefined, paramHeaders: [] },
      },
      receiver,
    )
    const late = setTimeout(() => giveUp(new Refusal('upstream-timeout')), withinMs)
    signal?.addEventListener('abort', leave)
    if (signal?.aborted) leave()
  })
}
