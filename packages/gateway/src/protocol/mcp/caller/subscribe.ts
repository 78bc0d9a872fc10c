import { randomUUID } from 'node:crypto'
import type { FollowUps } from '../../../call/follow-up.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { callerOf } from '../../../model/principal.ts'
import type { Place } from '../../door/places.ts'
import type { OnCall } from '../../protocol.ts'
import { decode } from '../decode.ts'
import { invalidParams } from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { membersOf } from '../message/members.ts'
import { type RpcProblem, rpcCodes } from '../message/problem.ts'
import { subscribeMethod } from './arguments.ts'
import type { ListChanges, WantedList } from './list-changes.ts'
import type { Listeners } from './listeners.ts'
import { unanswered } from './open-exchange.ts'
import type { Subscriptions } from './subscriptions.ts'
import { type Known, ownerOf } from './visit.ts'

export type SubscribeNeeds = {
  readonly listeners: Listeners
  readonly followUps: Pick<FollowUps, 'identify'>
  readonly subscriptions: Subscriptions
  readonly listChanges: (endpoint: string, wanted: readonly WantedList[]) => ListChanges
  /** Of all lists, for one session and all of its streams. */
  readonly sessionLists: (session: string, endpoint: string) => ListChanges
  readonly onCall: OnCall
}

/**
 * A legacy caller's own stream (2025-11-25, basic/transports, listening for messages). Its revision has no word for a
 * subscription that has ended: the last that is said of it is that its resource may have changed. False: there are too
 * many.
 */
export function listenToSession(needs: SubscribeNeeds, known: Known): boolean {
  const notify = (method: string, params?: JsonObject) => {
    return { jsonrpc: '2.0', method, ...(params && { params }) }
  }
  const owner = ownerOf(known) ?? ''
  return listen(needs, known, {
    ...{ owner, notify, lists: needs.sessionLists(owner, known.caller.endpoint) },
    ...{ first: [], last: [], endsWithOne: false, onEnd: () => undefined },
  })
}

/**
 * `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions). To hear of a resource is a call each: what is not
 * allowed is not agreed to. Undefined: the stream is open.
 */
export async function subscribe(
  needs: SubscribeNeeds,
  known: Known,
  {
    request,
    place,
    capabilities,
  }: {
    readonly request: CallerRequest
    readonly place: Place
    readonly capabilities: JsonObject
  },
): Promise<RpcProblem | undefined> {
  const { id, params } = request
  const { notifications } = params
  if (!isJsonObject(notifications)) return invalidParams('`notifications` says what is wanted.')
  const uris = urisOf(notifications.resourceSubscriptions)
  if (!uris) return invalidParams('`resourceSubscriptions` is a list of URIs, none too long.')
  if (uris.length > limits.mcpSubscriptions) {
    return invalidParams(`One stream is of at most ${limits.mcpSubscriptions} resources.`)
  }
  const wanted = kinds.filter(([name]) => notifications[name] === true)
  const owner = randomUUID()
  const wish = { owner, request, place, capabilities }
  // Its stream opens only when all are decided about, which may take longer than anybody is expected to listen.
  const leave = needs.subscriptions.listen(owner)
  try {
    const agreed = await fewAtOnce(uris, (uri) => hearOf(needs, known, { ...wish, uri }))
    return openStream(needs, known, { id, owner, wanted, agreed })
  } finally {
    leave()
  }
}

function openStream(
  needs: SubscribeNeeds,
  known: Known,
  {
    id,
    owner,
    wanted,
    agreed: resourceSubscriptions,
  }: {
    readonly id: CallerRequest['id']
    readonly owner: string
    readonly wanted: readonly (typeof kinds)[number][]
    /** Of which resources it hears. */
    readonly agreed: readonly string[]
  },
): RpcProblem | undefined {
  const agreed: Json = {
    ...Object.fromEntries(wanted.map(([name]) => [name, true])),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
  }
  const _meta: JsonObject = { 'io.modelcontextprotocol/subscriptionId': id }
  const notify = (method: string, said: JsonObject = {}) => {
    return { jsonrpc: '2.0', method, params: { _meta, ...said } }
  }
  const kindsWanted = wanted.map(([, kind]) => kind)
  const isOpen = listen(needs, known, {
    ...{ owner, notify, endsWithOne: true },
    lists: needs.listChanges(known.caller.endpoint, kindsWanted),
    first: [notify('notifications/subscriptions/acknowledged', { notifications: agreed })],
    last: [{ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta } }],
    onEnd: () => needs.subscriptions.end(owner),
  })
  if (isOpen) return undefined
  needs.subscriptions.end(owner)
  return tooMany
}

export const tooMany: RpcProblem = {
  code: rpcCodes.internal,
  status: 503,
  message: 'Too many streams are open.',
  refusal: 'overloaded',
}

const kinds = [
  ['toolsListChanged', 'tools'],
  ['promptsListChanged', 'prompts'],
  ['resourcesListChanged', 'resources'],
] as const

/** Whether a caller may name a resource so that it wants to hear of. */
export function isSubscribable(uri: Json | undefined): uri is string {
  return typeof uri === 'string' && uri !== '' && uri.length <= limits.mcpSubscribedUriChars
}

/** Those that `takes` takes, a few at a time, in the order of all. */
async function fewAtOnce(
  uris: readonly string[],
  takes: (uri: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const taken = new Set<string>()
  const waiting = uris.values()
  const work = async () => {
    for (const uri of waiting) if (await takes(uri)) taken.add(uri)
  }
  await Promise.all(Array.from({ length: limits.mcpSubscribesAtOnce }, work))
  return uris.filter((uri) => taken.has(uri))
}

/** Each once; undefined: it is no list of such. */
function urisOf(given: Json | undefined): readonly string[] | undefined {
  if (given === undefined) return []
  if (!Array.isArray(given)) return undefined
  const uris = given.filter(isSubscribable)
  return uris.length === given.length ? [...new Set(uris)] : undefined
}

/** Whether this caller hears of a resource from now on. */
async function hearOf(
  { subscriptions, onCall }: SubscribeNeeds,
  { caller, principal, gone }: Known,
  wish: {
    readonly uri: string
    readonly owner: string
    readonly request: CallerRequest
    readonly place: Place
    readonly capabilities: JsonObject
  },
): Promise<boolean> {
  const { uri, owner, request, place, capabilities } = wish
  if (gone.aborted) return false
  const { endpoint } = caller
  const asked = { owner, caller: callerOf(principal).id, uri, endpoint, capabilities }
  const subscribing = subscriptions.begin(asked)
  if (!subscribing) return false
  const call = decode({
    ...{ caller, signal: gone, admit: place.admit },
    request: {
      ...{ ...request, method: subscribeMethod },
      params: { ...request.params, uri },
      members: new Map([['uri', Buffer.from(JSON.stringify(uri))]]),
    },
    waiting: { waitMs: 0, repeats: true },
    exchange: {
      ...{ capabilities, logLevel: undefined, resumed: undefined, takesInputRequired: false },
      ask: () => Promise.resolve(unanswered),
    },
    ...{ watch: subscribing.watch, onRead: subscribing.onRead },
  })
  try {
    const reply = await onCall(call)
    const chunks: Uint8Array[] = []
    for await (const chunk of reply.body) chunks.push(chunk)
    const isTaken = membersOf(Buffer.concat(chunks))?.has('result') === true
    if (!isTaken || gone.aborted) return false
    if (subscribing.keep()) return true
    // It is not agreed to, so its end is told already.
    subscriptions.end(owner, uri)
    return false
  } catch {
    // It is on the record; the caller is told what it does not hear of.
    return false
  } finally {
    subscribing.drop()
  }
}

function listen(
  needs: SubscribeNeeds,
  { response, principal, headers, caller }: Known,
  given: {
    readonly owner: string
    readonly lists: ListChanges
    readonly notify: (method: string, params?: JsonObject) => object
    readonly first: readonly object[]
    readonly last: readonly object[]
    /** What was agreed to at its beginning cannot become less: it ends with the first of its subscriptions that does. */
    readonly endsWithOne: boolean
    readonly onEnd: () => void
  },
): boolean {
  const { listeners, followUps, subscriptions } = needs
  const { owner, lists, notify, first, last, endsWithOne } = given
  const leave = subscriptions.listen(owner)
  const isOpen = listeners.open({
    ...{ response, principal, headers, first, last },
    confirm: () => followUps.identify(caller),
    hasNews: () => lists.hasNews() || subscriptions.hasNews(owner),
    takeNews: async (now) => {
      const asker = { principal: now, source: caller.source }
      const changed = await lists.takeNews(asker)
      const news = await subscriptions.takeNews(owner, asker).catch((cause: unknown) => {
        lists.untold()
        throw cause
      })
      const { changed: uris, over } = news
      const told = endsWithOne ? uris : [...new Set([...uris, ...over])]
      const messages = [
        ...changed.map((kind) => notify(`notifications/${kind}/list_changed`)),
        ...told.map((uri) => notify('notifications/resources/updated', { uri })),
      ]
      // A session may be listened to again; one stream is all that its owner has.
      const onUnsaid = () => {
        if (endsWithOne) return
        lists.untold()
        subscriptions.untold(owner, news)
      }
      return { messages, isLast: endsWithOne && over.length > 0, onUnsaid }
    },
    onEnd: () => {
      leave()
      given.onEnd()
    },
  })
  if (!isOpen) leave()
  return isOpen
}
