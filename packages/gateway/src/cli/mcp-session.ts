import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject } from '../model/json.ts'
import type { McpAnswer, McpEndpoint, McpEvent } from './mcp-endpoint.ts'
import { type McpId, type McpMessage, revisionIn, statelessHeaders } from './mcp-message.ts'
import { drain, passOn } from './mcp-pass.ts'

/** What the session of one client comes to; a client that is stateless (2026-07-28) has none. */
export type McpSession = {
  /** Of a request with these messages, or of one for a stream. */
  readonly headers: (messages: readonly McpMessage[]) => Readonly<Record<string, string>>
  /** Posts it; in a new session where the one it knew has ended. */
  readonly post: (
    text: string,
    messages: readonly McpMessage[],
    signal: AbortSignal,
  ) => Promise<McpAnswer>
  /** Told of every message that came in answer to a post. */
  readonly onMessage: (message: McpMessage, answer: McpAnswer) => void
  /** Says that it is over, as far as that can be said soon. */
  readonly end: () => Promise<void>
}

type Known = { readonly id: string | undefined; readonly revision: string }

export function openMcpSession(room: {
  readonly endpoint: McpEndpoint
  /** What the server says by itself goes here. */
  readonly write: (line: string) => Promise<void>
  readonly say: (sentence: string) => void
  readonly closing: AbortSignal
}): McpSession {
  const { endpoint, write, say, closing } = room
  let known: Known | undefined
  let opening: { readonly text: string; readonly id: McpId } | undefined
  let reopening: Promise<boolean> | undefined
  let listening = new AbortController()

  const headers = (messages: readonly McpMessage[]): Readonly<Record<string, string>> => {
    const [first] = messages
    const stated = first && revisionIn(first)
    if (first && stated !== undefined) return statelessHeaders(first, stated)
    if (!known || messages.some(({ method }) => method === 'initialize')) return {}
    return {
      'mcp-protocol-version': known.revision,
      ...(known.id !== undefined && { 'mcp-session-id': known.id }),
    }
  }
  const onMessage = ({ id, json: { result } }: McpMessage, answer: McpAnswer) => {
    if (!opening || id !== opening.id || !isJsonObject(result)) return
    const { protocolVersion: revision } = result
    if (typeof revision !== 'string') return
    const named = answer.headers['mcp-session-id']
    known = { id: typeof named === 'string' ? named : undefined, revision }
  }
  const listenAnew = () => {
    listening.abort()
    listening = new AbortController()
    const signal = AbortSignal.any([closing, listening.signal])
    listenOn({ endpoint, write, signal, headers: () => headers([]) }).catch(() => undefined)
  }
  /** Opens another session in the client's name; the client does not hear of it. */
  const reopen = async (signal: AbortSignal): Promise<boolean> => {
    if (!opening) return false
    known = undefined
    const answer = await endpoint.post(opening.text, { headers: {}, signal })
    await passOn(answer, {
      waiting: new Set([opening.id]),
      write: async () => undefined,
      onMessage,
    })
    // `onMessage` has run since.
    if (!isOpen()) return false
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await drain(await endpoint.post(text, { headers: headers([]), signal }))
    listenAnew()
    say('The session with the gateway had ended; another one was opened.')
    return true
  }
  const isOpen = () => known !== undefined
  return {
    headers,
    onMessage,
    post: async (text, messages, signal) => {
      const first = messages.find(({ method }) => method === 'initialize')
      if (first?.id !== undefined) {
        opening = { text, id: first.id }
        known = undefined
      }
      const used = known
      const answer = await endpoint.post(text, { headers: headers(messages), signal })
      if (messages.some(({ method }) => method === 'notifications/initialized')) listenAnew()
      const isStateless = messages.some((one) => revisionIn(one) !== undefined)
      if (answer.status !== 404 || used?.id === undefined || isStateless) return answer
      // Nothing was done with a request whose session had ended (2025-11-25, Session Management).
      await drain(answer)
      if (known === used) {
        reopening ??= reopen(closing)
          .catch(() => false)
          .finally(() => {
            reopening = undefined
          })
      }
      await reopening
      if (!isOpen()) throw new Error('The session with the gateway has ended.')
      return endpoint.post(text, { headers: headers(messages), signal })
    },
    end: async () => {
      listening.abort()
      if (known?.id === undefined) return
      const signal = AbortSignal.timeout(endMs)
      await endpoint.end({ headers: headers([]), signal }).catch(() => undefined)
    },
  }
}

const endMs = 1_000
const restMsMin = 1_000
const restMsMax = 30_000

/** The stream of what the server says by itself, taken up again whenever it breaks off, until the signal aborts. */
async function listenOn(to: {
  readonly endpoint: McpEndpoint
  readonly write: (line: string) => Promise<void>
  readonly headers: () => Readonly<Record<string, string>>
  readonly signal: AbortSignal
}): Promise<void> {
  const { endpoint, write, headers, signal } = to
  let last: McpEvent | undefined
  let restMs = restMsMin
  const onPlace = (event: McpEvent) => {
    last = event.id === undefined ? last : event
    restMs = event.retryMs ?? restMs
  }
  while (!signal.aborted) {
    try {
      const from = last?.id === undefined ? {} : { 'last-event-id': last.id }
      const answer = await endpoint.listen({ headers: { ...headers(), ...from }, signal })
      // 405: it says nothing by itself. Whatever else it is, the next request will be told.
      if (answer.status !== 200 || !answer.isStream) return await drain(answer)
      restMs = restMsMin
      await passOn(answer, { waiting: new Set(), write, onPlace })
    } catch {
      restMs = Math.min(restMs * 2, restMsMax)
    }
    await sleep(restMs, undefined, { signal }).catch(() => undefined)
  }
}
