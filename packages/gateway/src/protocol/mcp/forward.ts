import { Refusal } from '../../call/refusal.ts'
import type {
  McpExchange,
  McpOutbound,
  McpResumed,
  McpWatch,
  Raw,
  Recorded,
} from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import type { McpConnection } from '../../model/connection.ts'
import type { McpFunction } from '../../model/function.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { McpAgain, McpListing, McpUnread } from '../../model/mcp-listing.ts'
import type { Principal } from '../../model/principal.ts'
import type { Credential } from '../../model/secret.ts'
import type { Forwarder } from '../protocol.ts'
import { describe } from './describe.ts'
import { paramHeaders } from './message/param-headers.ts'
import { rawOf } from './message/raw-frame.ts'
import { askServer } from './upstream/ask-server.ts'
import type { Conversation, Receiver, UpstreamRequest } from './upstream/conversation.ts'
import {
  type ConversationOptions,
  openConversations,
  type Speaker,
} from './upstream/conversations.ts'
import { UpstreamExchange } from './upstream/exchange.ts'
import { capabilitiesForServer } from './upstream/introduction.ts'
import { keepWatching } from './upstream/keep-watching.ts'
import { unlessGone } from './upstream/unless-gone.ts'

export type McpForwardOptions = ConversationOptions

export type McpForwarder = Forwarder & {
  /** These connections are in force from now on: what callers hear of by others ends, and sessions without a call. */
  readonly follow: (connections: readonly McpConnection[]) => void
  /** Reads what a server says of itself, as it is now. Never rejects. */
  readonly describe: (
    connection: McpConnection,
    credential: Credential,
    signal: AbortSignal,
    again?: McpAgain,
  ) => Promise<McpListing | McpUnread>
}

/**
 * The upstream side: an MCP client of servers behind Streamable HTTP and of child processes, in whatever revision
 * they speak. A request is sent once: what was sent may have had its effect. Only one that a server did not look at,
 * because it has forgotten the session, is sent again in a new one.
 */
export function forwarder(options: McpForwardOptions): McpForwarder {
  const conversations = openConversations(options)
  return {
    forward: (at, credential) => {
      if (!isOfThisRoom(at)) return Promise.reject(new Error('a call of another room'))
      const { outbound } = at
      const signals = [at.call.signal, at.grantsRevoked]
      if (signals.some(({ aborted }) => aborted)) {
        return Promise.reject(new Refusal('caller-left'))
      }
      if (outbound.to === 'caller') {
        return outbound.deliver(outbound.params, AbortSignal.any(signals))
      }
      if (outbound.to === 'watch') {
        const { connection } = at
        const tenure = conversations.tenureOf(connection)
        const credentialNow = () => options.credentialOf(connection)
        const begin = (speaker: Speaker) => conversations.with(connection, speaker)
        return watch({ at, watch: outbound.watch, credential, credentialNow, tenure, begin })
      }
      const begin = (speaker: Omit<Speaker, 'credential'>) =>
        conversations.with(at.connection, { ...speaker, credential })
      return forwardToServer({ at, exchange: outbound.exchange, credential, begin, signals })
    },
    describe: (connection, credential, signal, again) =>
      describe((speaker) => conversations.with(connection, { ...speaker, credential }), {
        ...{ credential, signal, again },
        withinMs: options.bounds?.descriptionFetchMs ?? limits.descriptionFetchMs,
      }),
    follow: conversations.follow,
    close: conversations.close,
  }
}

/** What was allowed by a grant, or by a clearance, ends with it, and what is asked of a server with its connection. */
async function watch({
  at,
  watch,
  credential,
  credentialNow,
  tenure,
  begin,
}: Pick<Forwarding, 'at' | 'credential'> & {
  readonly watch: McpWatch
  readonly credentialNow: () => Promise<Credential>
  readonly tenure: AbortSignal
  readonly begin: (speaker: Speaker) => Promise<Conversation>
}): Promise<Raw> {
  const { uri } = JSON.parse(Buffer.from(at.outbound.params).toString('utf8'))
  const speaker = speakerOf(at, watch.capabilities)
  const kept = keepWatching({
    ...{ uri: String(uri), credential, credentialNow, watch },
    subject: at.principal.subject.id,
    begin: (own) => begin({ ...speaker, credential: own }),
    until: AbortSignal.any([
      ...[watch.until, at.grantsRevoked, tenure],
      ...(at.approval ? [at.approval.revoked] : []),
    ]),
  })
  return rawOf(await unlessGone(kept, [at.call.signal, at.grantsRevoked]))
}

function speakerOf({ principal }: McpCall, capabilities: JsonObject): Omit<Speaker, 'credential'> {
  return { principal: principalKey(principal), subject: principal.subject.id, capabilities }
}

type McpCall = Recorded & {
  readonly connection: McpConnection
  readonly outbound: McpOutbound
  readonly fn: McpFunction
}

function isOfThisRoom(at: Recorded): at is McpCall {
  return at.connection.protocol === 'mcp' && at.outbound.protocol === 'mcp'
}

type Forwarding = {
  readonly at: McpCall
  readonly exchange: McpExchange
  readonly credential: Credential
  readonly begin: (speaker: Omit<Speaker, 'credential'>) => Promise<Conversation>
  readonly signals: readonly AbortSignal[]
}

async function forwardToServer(given: Forwarding): Promise<Raw> {
  const { at, exchange: asked, signals } = given
  const speaker = speakerOf(at, asked.capabilities)
  const first = await unlessGone(given.begin(speaker), signals)
  // While its caller is asked nothing is under way in it, and it is still of a call.
  const pins = [first.pin()]
  const letGo = () => {
    for (const release of pins) release()
  }
  try {
    await prepare(first, given)
  } catch (thrown) {
    letGo()
    throw thrown
  }
  const { connection } = at
  const { method } = at.outbound
  const idleMs = connection.timeoutMs ?? limits.upstreamIdleMs
  let conversation = first
  const sendWith = (resumed: McpResumed | undefined) => {
    if (exchange.isOver) return
    const request = requestOf(given, conversation, resumed)
    exchange.attach(conversation.request(request, receiver))
  }
  const exchange = new UpstreamExchange(
    {
      ...{ asked, connection, era: first.era, method, idleMs, signals },
      ...{ requestMs: limits.mcpRequestMs, echoes: given.credential.echoes },
    },
    { again: sendWith, over: letGo },
  )
  let isSecond = false
  const receiver: Receiver = {
    alive: () => exchange.alive(),
    take: (message) => exchange.take(message),
    fail: (failure) => {
      if (!failure.sessionGone || isSecond) return exchange.fail(failure)
      isSecond = true
      given.begin(speaker).then(
        (next) => {
          if (exchange.isOver) return
          pins.push(next.pin())
          conversation = next
          if (next.era !== first.era) return exchange.fail(failure)
          sendWith(asked.resumed)
        },
        (thrown: unknown) => exchange.fail({ refusal: Refusal.from(thrown) }),
      )
    },
  }
  sendWith(asked.resumed)
  return exchange.raw
}

/** What a conversation has to know, or refuses, before the request of a call. */
async function prepare(
  conversation: Conversation,
  { exchange, credential, signals }: Forwarding,
): Promise<void> {
  if (conversation.era !== 'legacy') return
  // Only what a server of the current era gave can be given back to it.
  if (exchange.resumed !== undefined) {
    throw new Refusal('upstream-failed', { detail: 'It did not ask for what it is answered.' })
  }
  await unlessGone(tellLogLevel(conversation, exchange.logLevel, credential), signals)
}

function requestOf(
  { at, exchange, credential }: Forwarding,
  { era }: Conversation,
  resumed: McpResumed | undefined,
): UpstreamRequest {
  const { method, params } = at.outbound
  return {
    method,
    params,
    wantsProgress: exchange.wantsProgress,
    traceparent: exchange.traceparent,
    logLevel: exchange.logLevel,
    capabilities: capabilitiesForServer(exchange.capabilities),
    resumed,
    credential,
    callId: at.id,
    paramHeaders:
      era === 'modern' && method === 'tools/call' ? paramHeaders(at.fn.argumentSchema, params) : [],
  }
}

/** Until 2025-11-25 a session has one level; before, and where nobody asks, its server sends what it likes. */
async function tellLogLevel(
  conversation: Conversation,
  level: string | undefined,
  credential: Credential,
): Promise<void> {
  const { server, told } = conversation
  if (level === undefined || told.logLevel === level) return
  if (!isJsonObject(server.capabilities.logging)) return
  told.logLevel = level
  const asking = { params: { level }, credential, withinMs: limits.mcpLogLevelMs }
  // Without it the call is the same, but for what is said beside its result.
  await askServer(conversation, { method: 'logging/setLevel', ...asking }).catch(() => {})
}

/** Of two calls it is the same where all their parties are. */
function principalKey({ subject, actors }: Principal): string {
  return JSON.stringify([subject.id, ...actors.map(({ id }) => id)])
}
