import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject } from '../model/json.ts'
import type { McpAnswer, McpEndpoint, McpEvent } from './mcp-endpoint.ts'
import { errorText, type McpId, type McpMessage, readMessages, revisionIn } from './mcp-message.ts'
import { passOn } from './mcp-pass.ts'
import { type McpSession, openMcpSession } from './mcp-session.ts'

/** Between a client that speaks MCP by lines and a gateway that speaks it by HTTP. */
export type McpRelay = {
  /**
   * Takes one line of the client's. Resolves when the next one may come: what has no answer was taken by the gateway
   * then, and there is room for another request. Never rejects.
   */
  readonly take: (line: string) => Promise<void>
  /** Answers a line that is longer than what is read. */
  readonly tooLong: () => Promise<void>
  /** Resolves once every request has its answer. */
  readonly settled: () => Promise<void>
  /** Gives up what is under way and ends the session. */
  readonly close: () => Promise<void>
}

type Room = {
  readonly endpoint: McpEndpoint
  readonly write: (line: string) => Promise<void>
  readonly say: (sentence: string) => void
}

/**
 * The texts of messages pass as they are; headers and sessions are the relay's work. `write` gets one line a message,
 * without its end, and resolves when there is room for more; `say` gets a sentence for a person.
 */
export function openMcpRelay(given: Room): McpRelay {
  const room = { ...given, ...saidOnce(given.say) }
  const closing = new AbortController()
  const session = openMcpSession({ ...room, closing: closing.signal })
  const underWay = new Set<Promise<void>>()
  /** Stateless requests by id: to cancel one is to leave (2026-07-28, Streamable HTTP, Cancellation). */
  const leavable = new Map<McpId, AbortController>()

  const takeMessages = async (text: string, messages: readonly McpMessage[]) => {
    const ids = requestsOf(messages)
    const stop = new AbortController()
    const isStateless = messages.some((one) => revisionIn(one) !== undefined)
    if (isStateless) for (const id of ids) leavable.set(id, stop)
    const signal = AbortSignal.any([closing.signal, stop.signal])
    const relayed = relay({ ...room, session }, { text, messages, signal })
      .catch(() => room.say('What the gateway answered could not be passed on.'))
      .finally(() => {
        underWay.delete(relayed)
        for (const id of ids) if (leavable.get(id) === stop) leavable.delete(id)
      })
    underWay.add(relayed)
    // In the order the client wrote them; and the first answer names the session of all that follow.
    const isFirst = messages.some(({ method }) => method === 'initialize')
    if (ids.length === 0 || isFirst) await relayed
    else if (underWay.size >= requestsMax) await Promise.race(underWay)
  }
  return {
    take: async (line) => {
      if (line.trim() === '') return
      const messages = readMessages(line)
      if (!messages) {
        await room.write(errorText(undefined, -32700, 'This line is not a JSON-RPC message.'))
        return
      }
      const left = leavable.get(cancelledBy(messages) ?? '')
      if (left) left.abort()
      else await takeMessages(line, messages)
    },
    tooLong: () => room.write(errorText(undefined, -32600, 'This message is too long.')),
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    close: async () => {
      closing.abort()
      await Promise.all(underWay)
      await session.end()
    },
  }
}

type Said = {
  readonly say: (sentence: string) => void
  /** What was wrong is not any more: it would be said again. */
  readonly isWell: () => void
}

/** A problem is said when it begins, not for each request that meets it. */
function saidOnce(say: (sentence: string) => void): Said {
  let last: string | undefined
  return {
    say: (sentence) => {
      if (sentence !== last) say(sentence)
      last = sentence
    },
    isWell: () => {
      last = undefined
    },
  }
}

/** What a client has under way at once; more lines wait in its pipe. */
const requestsMax = 64
const resumeMs = 1_000
/** How often in a row the gateway may be away before what was asked for is given up. */
const resumesMax = 5

function requestsOf(messages: readonly McpMessage[]): readonly McpId[] {
  return messages.flatMap(({ method, id }) => (method && id !== undefined ? [id] : []))
}

function cancelledBy([message]: readonly McpMessage[]): McpId | undefined {
  if (message?.method !== 'notifications/cancelled') return undefined
  const { params } = message.json
  const id = isJsonObject(params) ? params.requestId : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

type Sent = {
  readonly text: string
  readonly messages: readonly McpMessage[]
  readonly signal: AbortSignal
}

/** Sends what one line held and passes on what comes back, until every request of it has an answer. */
async function relay(
  room: Room & Said & { readonly session: McpSession },
  sent: Sent,
): Promise<void> {
  const { session, say, isWell } = room
  const { text, messages, signal } = sent
  const waiting = new Set(requestsOf(messages))
  const refuse = async (sentence: string) => {
    // Cancelled: its client reads no answer any more.
    if (signal.aborted) return
    say(sentence)
    for (const id of waiting) await room.write(errorText(id, -32000, sentence))
  }
  let answer: McpAnswer
  try {
    answer = await session.post(text, messages, signal)
  } catch (thrown) {
    return refuse(whyNot(thrown))
  }
  if (answer.status >= 400) return refuse(await refusalIn(answer, { waiting, write: room.write }))
  await passWhole(room, answer, { sent, waiting })
  if (waiting.size > 0) await refuse(brokenOff)
  else isWell()
}

const brokenOff =
  'The connection to the gateway broke off before the answer: what was asked for may have been done.'

/** A stream with ids is taken up again where it broke off (2025-11-25, Resumability and Redelivery). */
async function passWhole(
  { endpoint, session, write }: Room & { readonly session: McpSession },
  first: McpAnswer,
  { sent, waiting }: { readonly sent: Sent; readonly waiting: Set<McpId> },
): Promise<void> {
  const { messages, signal } = sent
  const { onMessage } = session
  let last: McpEvent | undefined
  let restMs = resumeMs
  const onPlace = (event: McpEvent) => {
    last = event.id === undefined ? last : event
    restMs = event.retryMs ?? restMs
  }
  let failures = 0
  for (let answer: McpAnswer | undefined = first; failures < resumesMax; ) {
    if (answer) await passOn(answer, { waiting, write, onMessage, onPlace }).catch(() => undefined)
    if (waiting.size === 0 || last?.id === undefined || signal.aborted) return
    try {
      await sleep(restMs, undefined, { signal })
      const headers = { ...session.headers(messages), 'last-event-id': last.id }
      answer = await endpoint.listen({ headers, signal })
      failures = 0
    } catch {
      // Asking where it stands may be done as often as needed: what is listened to is not made again.
      answer = undefined
      failures++
    }
    if (answer && (answer.status !== 200 || !answer.isStream)) return
  }
}

function whyNot(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : ''
  const isEnded = thrown instanceof Error && /^The session/.test(thrown.message)
  return isEnded ? thrown.message : `The gateway cannot be reached${code}.`
}

/**
 * Why the gateway said no, in a sentence for a person, where it said so by HTTP. A JSON-RPC error that answers one of
 * the requests is passed on as it is, and nothing waits for it then.
 */
async function refusalIn(
  answer: McpAnswer,
  { waiting, write }: { readonly waiting: Set<McpId>; readonly write: Room['write'] },
): Promise<string> {
  let said = ''
  const lines: string[] = []
  const keep = async (line: string) => void lines.push(line)
  const onMessage = ({ json }: McpMessage) => {
    const { error } = json
    if (isJsonObject(error) && typeof error.message === 'string') said = ` ${error.message}`
  }
  const asked = waiting.size
  await passOn(answer, { waiting, write: keep, onMessage }).catch(() => undefined)
  if (waiting.size < asked) for (const line of lines) await write(line)
  if (answer.status === 401) return `The gateway does not accept the token or API key.${said}`
  if (answer.status === 403) return `The gateway refuses this.${said}`
  return `The gateway answered ${answer.status}.${said}`
}
