import { Refusal } from '../../call/refusal.ts'
import { type Limits, limits } from '../../config/limits.ts'
import { openReceiver } from '../door/body.ts'
import { linger } from '../door/linger.ts'
import type { Desk } from '../door/listen.ts'
import type { Places } from '../door/places.ts'
import { addressOf, type HttpRequest, headerPairs, hostOf, proofOf } from '../door/request.ts'
import { encodeWhole, type HttpResponse } from '../door/response.ts'
import { answerMessages, type MessagesNeeds } from './caller/answer-messages.ts'
import type { Listeners } from './caller/listeners.ts'
import { isOfMcp, isWelcome, type Manners, placeOf } from './caller/place.ts'
import {
  audienceOf,
  challengeOf,
  metadataOf,
  type ProtectedResource,
} from './caller/resource-metadata.ts'
import { messageOf, sayJson, sayStatus } from './caller/speak.ts'
import { listenToSession, tooMany } from './caller/subscribe.ts'
import { type Known, ownerOf, partiesOf, type Visit } from './caller/visit.ts'
import { type Caller, decodeRefused } from './decode.ts'
import { problemOf, type RpcProblem, refuseAs, rpcCodes } from './message/problem.ts'
import { refusalFrame } from './refusal.ts'

export type DeskNeeds = MessagesNeeds & {
  readonly places: Places
  readonly limits: Limits
  readonly resource: ProtectedResource
  readonly manners: Manners
  readonly listeners: Listeners
}

/** Where MCP is spoken: `/mcp` for all connections, `/mcp/<connection>` for one, and the metadata about both. */
export function openMcpDesk(needs: DeskNeeds): Desk {
  const stopping = new AbortController()
  return {
    owns: isOfMcp,
    take: (request, response) => {
      const place = placeOf(request.url ?? '/')
      if (!place || place.kind === 'metadata') {
        sayMetadata(needs, response, place?.endpoint)
        linger(request, needs.limits.lingerMs)
        return
      }
      const visit = visitOf(needs, { request, response, stopping: stopping.signal }, place.endpoint)
      void answer(needs, visit)
        .catch((cause) => sayFault(visit, cause))
        .finally(() => linger(request, needs.limits.lingerMs))
    },
    close: async () => {
      stopping.abort()
      needs.listeners.close()
      needs.exchanges.stop()
      needs.streams.stop()
    },
  }
}

/** RFC 9728: public, and the same for everybody. */
function sayMetadata(
  { resource }: DeskNeeds,
  response: HttpResponse,
  endpoint: string | undefined,
): void {
  const metadata = endpoint === undefined ? undefined : metadataOf(resource, endpoint)
  const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' }
  const body = JSON.stringify(metadata ?? { error: 'not_found' })
  encodeWhole({ status: metadata ? 200 : 404, headers, body }, response)
}

function visitOf(
  { resource, manners }: DeskNeeds,
  given: {
    readonly request: HttpRequest
    readonly response: HttpResponse
    readonly stopping: AbortSignal
  },
  endpoint: string,
): Visit {
  const { request, response, stopping } = given
  const gone = new AbortController()
  response.on('close', () => gone.abort(callerGone))
  // Without a listener a broken request or response would end the process.
  request.on('error', () => gone.abort(callerGone))
  response.on('error', () => gone.abort(callerGone))
  const headers = headerPairs(request.rawHeaders)
  const header = (name: string) => headers.find(([one]) => one === name)?.[1]
  const audience = audienceOf(resource, endpoint)
  const caller: Caller = {
    proof: proofOf(headers),
    source: { protocol: 'mcp', ip: addressOf(request) },
    ...(audience && { audience }),
    ...(resource.scopes.length > 0 && { scopes: resource.scopes }),
    sessionName: header('sallyport-session')?.slice(0, limits.sessionNameChars),
    headers,
    endpoint,
  }
  const origin = header('origin')
  const isPage = origin !== undefined && manners.allowedOrigins.includes(origin)
  return {
    ...{ request, response, caller, stopping, gone: gone.signal },
    headers: isPage ? pageHeaders(origin) : {},
  }
}

/** One for all: making an error for each call that has ended would cost more than reading it did. */
const callerGone = new Error('the caller is gone')

/** Fetch standard, CORS protocol: for pages that gateway.yaml names. */
function pageHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'mcp-session-id, www-authenticate, sallyport-record',
    vary: 'origin',
  }
}

const preflight = {
  'access-control-allow-methods': 'POST, GET, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, traceparent',
  'access-control-max-age': '600',
}

async function answer(needs: DeskNeeds, visit: Visit): Promise<void> {
  const { caller, request } = visit
  const { method = 'GET' } = request
  if (!isWelcome({ host: hostOf(request), headers: caller.headers }, needs.manners)) {
    return refuse(needs, visit, refuseAs(unwelcome))
  }
  if (method === 'OPTIONS' && 'vary' in visit.headers) {
    return sayStatus(visit, { status: 204, headers: preflight })
  }
  if (method === 'POST') return post(needs, visit)
  if (method !== 'GET' && method !== 'DELETE') return notAllowed(visit)
  const known = await knownOf(needs, visit).catch((thrown: unknown) => Refusal.from(thrown))
  if (known instanceof Refusal) return refuse(needs, visit, known)
  if (!known.session) {
    return isNamed(visit) ? refuse(needs, visit, refuseAs(noSession)) : notAllowed(visit)
  }
  if (method === 'DELETE') {
    needs.sessions.end(known.session)
    needs.subscriptions.end(known.session.id)
    return sayStatus(visit, { status: 204 })
  }
  const lastEventId = caller.headers.find(([name]) => name === 'last-event-id')?.[1]
  if (lastEventId === undefined) {
    return listenToSession(needs, known) ? undefined : refuse(needs, visit, refuseAs(tooMany))
  }
  const owner = ownerOf(known) ?? ''
  if (needs.streams.resume(visit.response, { owner, lastEventId })) return
  await refuse(needs, visit, refuseAs(noStream))
}

/** A "no" to what is no call: on the record like that to one, and shed like one where there are too many. */
async function refuse(needs: DeskNeeds, visit: Visit, refusal: Refusal): Promise<void> {
  const place = needs.places.take()
  if (!place) return sayRefusal(needs, visit, new Refusal('overloaded'))
  try {
    await recordRefusal(needs, visit, place.admit, refusal)
  } finally {
    place.leave()
  }
}

/** Messages of the caller's. Who it is comes first: nobody else's are read. */
async function post(needs: DeskNeeds, visit: Visit): Promise<void> {
  const place = needs.places.take()
  // Shed before anything is read: recording the flood would be part of the flood.
  if (!place) return sayRefusal(needs, visit, new Refusal('overloaded'))
  try {
    const problem = headProblem(visit)
    if (problem) return await recordRefusal(needs, visit, place.admit, refuseAs(problem))
    let known: Known
    try {
      known = await knownOf(needs, visit)
    } catch (thrown) {
      // The pipeline finds the same, on the record.
      return await recordRefusal(needs, visit, place.admit, Refusal.from(thrown))
    }
    if (!known.session && isNamed(visit) && !isModern(visit)) {
      return await recordRefusal(needs, visit, place.admit, refuseAs(noSession))
    }
    const { request, gone: signal } = visit
    try {
      const bytes = await place.receive(partiesOf(known), () =>
        openReceiver({ request, signal, limits: needs.limits }).whole(),
      )
      await answerMessages(needs, { known, bytes, place })
    } catch (thrown) {
      await recordRefusal(needs, visit, place.admit, Refusal.from(thrown))
    }
  } finally {
    place.leave()
  }
}

/** What cannot be read at all is recorded like a call that was refused. */
async function recordRefusal(
  needs: DeskNeeds,
  visit: Visit,
  admit: (parties: readonly string[]) => void,
  refusal: Refusal,
): Promise<void> {
  const { caller, gone: signal } = visit
  try {
    await needs.onCall(decodeRefused({ caller, signal, admit }, refusal))
  } catch (thrown) {
    const found = Refusal.from(thrown)
    // Who asks from where nobody may is told that, whoever it is: other proof would not help.
    const isUnwelcome = problemOf(refusal) === unwelcome && found.code === 'unauthenticated'
    if (isUnwelcome) refusal.record = found.record
    sayRefusal(needs, visit, isUnwelcome ? refusal : found)
  }
}

/** The gateway's own failure: a client that is told 403 would look for other proof. */
function isOurs({ code }: Refusal): boolean {
  return code === 'internal' || code === 'evidence-unavailable'
}

function sayRefusal({ resource }: DeskNeeds, visit: Visit, refusal: Refusal): void {
  const { proof, endpoint } = visit.caller
  const { frame, status } = refusalFrame(refusal, { method: '', modern: false })
  const isScope = refusal.code === 'scope-exceeded' && refusal.facts.scopes !== undefined
  const challenge =
    refusal.code === 'unauthenticated' || isScope
      ? challengeOf(resource, { endpoint, refusal, hadProof: proof !== undefined })
      : undefined
  sayJson(visit, messageOf(undefined, Buffer.from(JSON.stringify(frame))), {
    status: isScope ? 403 : status !== 200 ? status : isOurs(refusal) ? 500 : 403,
    headers: {
      'sallyport-record': refusal.record ?? 'none',
      ...(challenge !== undefined && { 'www-authenticate': challenge }),
      ...(status === 503 && { 'retry-after': '1' }),
    },
  })
}

/** Who it is, and which session it goes on with. Refuses `unauthenticated`, and `scope-exceeded` with the scopes. */
async function knownOf({ followUps, sessions }: DeskNeeds, visit: Visit): Promise<Known> {
  const principal = await followUps.identify(visit.caller)
  const { endpoint } = visit.caller
  const text = named(visit)
  const session = text === undefined ? undefined : sessions.open(text, { principal, endpoint })
  if (!session) return { ...visit, principal, session }
  const caller = { ...visit.caller, sessionName: session.id }
  // Labels and clearances are of the session in which it calls, which is known only now.
  return { ...visit, principal: await followUps.identify(caller), session, caller }
}

function named({ caller }: Visit): string | undefined {
  return caller.headers.find(([name]) => name === 'mcp-session-id')?.[1]
}

function isNamed(visit: Visit): boolean {
  return named(visit) !== undefined
}

/** A caller of the current revision may name a session of another gateway: it means nothing (section on earlier revisions). */
function isModern({ caller }: Visit): boolean {
  return caller.headers.some(([name]) => name === 'mcp-method')
}

/** Media types of the request, and of what it takes. */
function headProblem({ request }: Visit): RpcProblem | undefined {
  const { 'content-type': type = '', 'content-encoding': encoding, accept } = request.headers
  const [mediaType = '', ...parameters] = type.toLowerCase().split(';')
  if (mediaType.trim() !== 'application/json' || encoding !== undefined) {
    return { ...unreadable, status: 415, message: 'A message is application/json, as it is.' }
  }
  const charset = parameters.find((one) => one.trim().startsWith('charset='))
  if (charset !== undefined && !/=\s*"?utf-8"?\s*$/.test(charset)) {
    return { ...unreadable, status: 415, message: 'A message is UTF-8.' }
  }
  const takes = String(accept ?? '*/*')
  if (/application\/(?:json|\*)|text\/(?:event-stream|\*)|\*\/\*/i.test(takes)) return undefined
  const message = 'Answers are application/json or text/event-stream.'
  return { ...unreadable, status: 406, message }
}

const unreadable = { code: rpcCodes.invalidRequest } as const
const unwelcome: RpcProblem = {
  ...unreadable,
  status: 403,
  message: 'This origin or host may not call.',
}
const noSession: RpcProblem = {
  ...unreadable,
  status: 404,
  message: 'There is no such session: begin again with `initialize`.',
}
const noStream: RpcProblem = {
  ...unreadable,
  status: 404,
  message: 'There is no such stream to go on with.',
}

function notAllowed(visit: Visit): void {
  sayStatus(visit, { status: 405, headers: { allow: 'POST' } })
}

function sayFault(visit: Visit, cause: unknown): void {
  const refusal = new Refusal('internal', { cause })
  const { frame } = refusalFrame(refusal, { method: '', modern: false })
  sayJson(visit, messageOf(undefined, Buffer.from(JSON.stringify(frame))), { status: 500 })
}
