import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import type { Credential } from '../../../model/secret.ts'
import { rpcCodes } from '../message/problem.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import { askServer } from './ask-server.ts'
import type { Conversation, Receiver } from './conversation.ts'
import type { Watched, Watches } from './watches.ts'

type Notification = Extract<UpstreamMessage, { kind: 'notification' }>

/**
 * Asks a server to say when a resource changes: 2025-11-25, server/resources, subscriptions; 2026-07-28,
 * basic/patterns/subscriptions. Rejects with a `Refusal`.
 */
export async function watchServer(
  conversation: Pick<Conversation, 'era' | 'server' | 'request'>,
  {
    uri,
    credential,
    credentialNow,
    watches,
    listen,
  }: {
    readonly uri: string
    readonly credential: Credential
    /** What its server is told with, much later, that nobody wants to hear any more. */
    readonly credentialNow: () => Promise<Credential>
    readonly watches: Watches
    /** Resolves when what the server says beside requests is heard (until 2025-11-25). */
    readonly listen: () => Promise<void>
  },
): Promise<Watched> {
  const { resources } = conversation.server.capabilities
  if (!isJsonObject(resources) || resources.subscribe !== true) return { error: notOffered }
  if (conversation.era === 'modern') {
    const stream = await openNews(conversation, {
      ...{ credential, filter: { resourceSubscriptions: [uri] } },
      onNews: (message) => watches.heard(message),
      onOver: () => watches.over(uri),
    })
    const { resourceSubscriptions: agreed } = stream.agreed
    if (Array.isArray(agreed) && agreed.includes(uri)) return stream
    stream.end()
    return { error: notOffered }
  }
  await listen()
  const ask = (method: string, own: Credential) => {
    const asking = { params: { uri }, credential: own, withinMs: limits.mcpSubscribeMs }
    return askServer(conversation, { method, ...asking })
  }
  const answer = await ask('resources/subscribe', credential)
  if (answer.kind === 'error') return { error: framed(answer.bytes) }
  const end = async () => {
    await ask('resources/unsubscribe', await credentialNow())
  }
  return { end: () => end().catch(() => {}) }
}

/** Of how many resources one subject hears in a conversation: in an older one it takes nothing but a name. */
export function mostWatched({ era }: Pick<Conversation, 'era'>): number {
  return era === 'modern' ? limits.mcpWatchStreamsPerSubject : Number.POSITIVE_INFINITY
}

/**
 * One stream of `subscriptions/listen`, until `end` or `onOver`. Resolves with what its server agreed to say; rejects
 * with a `Refusal` where it does not say that in time.
 */
export function openNews(
  conversation: Pick<Conversation, 'request'>,
  given: {
    readonly filter: JsonObject
    readonly credential: Credential
    /** True where it was news to anybody: too much in a row that was not ends it. */
    readonly onNews: (message: Notification) => boolean
    /** It was agreed to, and its server ended it. */
    readonly onOver: () => void
  },
): Promise<{ readonly agreed: JsonObject; readonly end: () => void }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly agreed: JsonObject
    readonly end: () => void
  }>()
  let isAgreed = false
  let strays = 0
  const fail = (refusal: Refusal) => {
    clearTimeout(late)
    if (isAgreed) given.onOver()
    else reject(refusal)
  }
  const receiver: Receiver = {
    alive: () => {},
    take: (message) => {
      if (message.kind === 'notification') return take(message)
      if (message.kind === 'request' || message.id !== wire.id) return
      wire.done()
      fail(new Refusal('upstream-failed', { detail: 'It did not listen to what is asked of it.' }))
    },
    fail: ({ refusal }) => fail(refusal),
  }
  const take = (message: Notification) => {
    if (isAgreed) {
      strays = given.onNews(message) ? 0 : strays + 1
      if (strays <= limits.mcpStrays) return
      wire.cancel()
      return given.onOver()
    }
    if (message.method !== 'notifications/subscriptions/acknowledged') return
    const { notifications } = message.values
    isAgreed = true
    clearTimeout(late)
    resolve({ agreed: isJsonObject(notifications) ? notifications : {}, end: () => wire.cancel() })
  }
  const wire = conversation.request(
    {
      ...{ method: 'subscriptions/listen', capabilities: {} },
      stream: given.filter.resourceSubscriptions === undefined ? 'lists' : 'resources',
      params: Buffer.from(JSON.stringify({ notifications: given.filter })),
      ...{ credential: given.credential, wantsProgress: false, traceparent: undefined },
      ...{ logLevel: undefined, resumed: undefined, callId: undefined, paramHeaders: [] },
    },
    receiver,
  )
  const late = setTimeout(() => {
    wire.cancel()
    reject(new Refusal('upstream-timeout'))
  }, limits.mcpSubscribeMs)
  return promise
}

/** Which of its lists a server says to be others now; undefined: it says something else. */
export function changedList({ method }: { readonly method: string }): McpKind | undefined {
  return changes.get(method)
}

const changes: ReadonlyMap<string, McpKind> = new Map([
  ['notifications/tools/list_changed', 'tools'],
  ['notifications/prompts/list_changed', 'prompts'],
  ['notifications/resources/list_changed', 'resources'],
])

/** What is wanted of a server that says when its lists change (2026-07-28); undefined: nothing. */
export function listsFilter(capabilities: JsonObject): JsonObject | undefined {
  const wanted = (['tools', 'prompts', 'resources'] as const).filter((kind) => {
    const said = capabilities[kind]
    return isJsonObject(said) && said.listChanged === true
  })
  if (wanted.length === 0) return undefined
  return Object.fromEntries(wanted.map((kind) => [`${kind}ListChanged`, true]))
}

function framed(error: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('{"error":'), error, Buffer.from('}')])
}

const notOffered = Buffer.from(
  JSON.stringify({
    error: {
      code: rpcCodes.methodNotFound,
      message: 'The server behind this resource does not say when it changes.',
    },
  }),
)
