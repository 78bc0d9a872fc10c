import type { FollowUps } from '../../../call/follow-up.ts'
import { Refusal } from '../../../call/refusal.ts'
import type { JsonObject } from '../../../model/json.ts'
import { callerOf } from '../../../model/principal.ts'
import type { Place } from '../../door/places.ts'
import { decodeRefused } from '../decode.ts'
import { type Era, eraOf, invalidParams } from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { type RpcProblem, refuseAs, rpcCodes } from '../message/problem.ts'
import { refusalFrame } from '../refusal.ts'
import { type AnswerNeeds, answerCall } from './answer-call.ts'
import { isCallMethod, subscribeMethod } from './arguments.ts'
import { namingAt } from './naming.ts'
import type { Outlet } from './open-exchange.ts'
import { answerByOwn, type OwnNeeds } from './own-answers.ts'
import type { DressedAnswer } from './result.ts'
import { isSubscribable, type SubscribeNeeds, subscribe } from './subscribe.ts'
import { declaresTasks, isTaskMethod, type Tasks, tasksExtension } from './tasks.ts'
import { type Known, ownerOf, partiesOf } from './visit.ts'
import { answerWait, isWait } from './wait-tool.ts'

export type RequestNeeds = AnswerNeeds &
  OwnNeeds &
  SubscribeNeeds & { readonly tasks: Tasks; readonly followUps: FollowUps }

export type RequestGiven = {
  readonly known: Known
  readonly request: CallerRequest
  readonly place: Place
  readonly outlet: Outlet
  /** Told what the caller presents from now on. */
  readonly onSession: (text: string) => void
}

/** One request, from its first check to its answer. A method nobody knows is refused, on the record. Never rejects. */
export async function answerRequest(needs: RequestNeeds, given: RequestGiven): Promise<void> {
  const { known, request, outlet } = given
  const found = eraOf(request, known.caller.headers)
  if ('code' in found) {
    const modern = found.code !== rpcCodes.unsupportedVersion
    return refuse(needs, given, { problem: found, modern })
  }
  const era = found.modern ? found : { ...found, ...sessionRevision(known) }
  const { endpoint, source } = known.caller
  const { principal, session } = known
  if (endpoint !== '' && !needs.connectionOf(endpoint)) {
    return refuse(needs, given, { problem: noEndpoint, modern: era.modern })
  }
  const isCall = isCallMethod(request.method) || request.method === subscribeMethod
  if (isWait(request) || !isCall) {
    // A call is counted by the pipeline; what is answered here may take as long, and counts the same.
    try {
      given.place.admit(partiesOf(known))
    } catch (thrown) {
      return refuseAt(needs, given, { refusal: Refusal.from(thrown), modern: era.modern })
    }
  }
  const own = await answerByOwn(needs, { request, era, principal, source, endpoint, session })
  if (own && 'problem' in own) {
    return refuse(needs, given, { problem: own.problem, modern: era.modern })
  }
  if (own) {
    if (own.session !== undefined) given.onSession(own.session)
    return outlet.finish({ frame: frameOf({ result: own.result }), status: 200 })
  }
  if (isTaskMethod(request.method) && era.modern) {
    const { method, params } = request
    if (!declaresTasks(era.capabilities)) {
      return refuse(needs, given, { problem: tasksUndeclared, modern: true })
    }
    const frame = await needs.tasks.answer({ method, params, endpoint }, principal)
    if ('code' in frame) return refuse(needs, given, { problem: frame, modern: true })
    return outlet.finish({ frame, status: 200 })
  }
  if (request.method === 'subscriptions/listen' && era.modern) {
    const { capabilities } = era
    const problem = await subscribe(needs, known, { request, place: given.place, capabilities })
    return problem && refuse(needs, given, { problem, modern: true })
  }
  if (isWait(request)) return wait(needs, given, era)
  if (isOfSubscribing(request.method) && !era.modern) return subscribeOnce(needs, given, era)
  if (!isCallMethod(request.method)) {
    const problem = unknownMethod(request.method, era)
    return refuse(needs, given, { problem, modern: era.modern })
  }
  await answerCall(needs, callGiven(needs, given, era), outlet)
}

function isOfSubscribing(method: string): boolean {
  return method === subscribeMethod || method === 'resources/unsubscribe'
}

/** 2025-11-25, server/resources, subscriptions: what is heard of comes on the session's own stream. */
async function subscribeOnce(needs: RequestNeeds, given: RequestGiven, era: Era): Promise<void> {
  const { known, request, outlet } = given
  const { uri } = request.params
  const owner = ownerOf(known)
  const modern = false
  if (owner === undefined) return refuse(needs, given, { problem: noStream, modern })
  if (!isSubscribable(uri)) {
    return refuse(needs, given, { problem: invalidParams('`uri` names a resource.'), modern })
  }
  if (request.method !== subscribeMethod) {
    needs.subscriptions.end(owner, uri)
    return outlet.finish({ frame: frameOf({ result: {} }), status: 200 })
  }
  const call = callGiven(needs, given, era)
  const { endpoint } = known.caller
  const wish = { owner, caller: callerOf(known.principal).id, uri, endpoint }
  const capabilities = call.capabilities
  const subscribing = needs.subscriptions.begin({ ...wish, capabilities })
  if (!subscribing) return refuse(needs, given, { problem: tooManySubscriptions, modern })
  await answerCall(needs, { ...call, subscribing }, outlet)
}

const noStream: RpcProblem = {
  code: rpcCodes.invalidRequest,
  status: 400,
  message: 'Who has no session has no stream to hear of a resource on.',
}

const tooManySubscriptions: RpcProblem = {
  code: rpcCodes.internal,
  status: 200,
  message: 'This caller has as many subscriptions as it may.',
  refusal: 'overloaded',
}

async function wait(needs: RequestNeeds, given: RequestGiven, { modern }: Era): Promise<void> {
  const { known, request, outlet } = given
  const { caller, principal } = known
  try {
    const asked = {
      request,
      principal,
      endpoint: caller.endpoint,
      asker: caller,
      signal: AbortSignal.any([outlet.gone, known.stopping]),
    }
    const result = await answerWait(needs.followUps, asked)
    if (isProblem(result)) return refuse(needs, given, { problem: result, modern })
    outlet.finish({ frame: frameOf({ result }), status: 200 })
  } catch (thrown) {
    outlet.finish(written(refusalFrame(Refusal.from(thrown), { method: request.method, modern })))
  }
}

function isProblem(answer: JsonObject | RpcProblem): answer is RpcProblem {
  return 'code' in answer
}

function callGiven(
  { sessions }: RequestNeeds,
  { known, request, place, outlet }: RequestGiven,
  era: Era,
) {
  const { caller, principal, session } = known
  const logLevel = era.modern
    ? era.logLevel
    : // Before it says anything a client may be sent all that matters (2025-11-25, server/utilities/logging).
      ((session && sessions.logLevel(session)) ?? 'info')
  return {
    ...{ caller, request, era, principal, logLevel },
    // Where nothing is heard before the answer, nothing can be asked there.
    capabilities: era.modern
      ? era.capabilities
      : ((outlet.isDeaf ? undefined : session?.capabilities) ?? {}),
    naming: namingAt(caller.endpoint),
    owner: ownerOf(known),
    admit: place.admit,
  }
}

function sessionRevision({ session }: Known): Pick<Era, 'revision'> | undefined {
  return session && { revision: session.revision }
}

function refuse(
  needs: RequestNeeds,
  given: RequestGiven,
  { problem, modern }: { readonly problem: RpcProblem; readonly modern: boolean },
): Promise<void> {
  return refuseAt(needs, given, { refusal: refuseAs(problem), modern })
}

/** On the record, like a call. */
async function refuseAt(
  { onCall }: RequestNeeds,
  { known, request, place, outlet }: RequestGiven,
  { refusal, modern }: { readonly refusal: Refusal; readonly modern: boolean },
): Promise<void> {
  const { caller } = known
  const call = decodeRefused({ caller, signal: outlet.gone, admit: place.admit }, refusal)
  try {
    await onCall(call)
  } catch (thrown) {
    outlet.finish(written(refusalFrame(Refusal.from(thrown), { method: request.method, modern })))
  }
}

/** SEP-2663: methods of an extension are for those who declare it. */
const tasksUndeclared: RpcProblem = {
  code: rpcCodes.missingCapability,
  status: 400,
  message: 'The caller did not declare the extension that this method is of.',
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
}

const noEndpoint: RpcProblem = {
  code: rpcCodes.methodNotFound,
  status: 404,
  message: 'There is no MCP connection at this address.',
}

/** 2026-07-28, basic/transports/streamable-http: 404 beside the code. */
function unknownMethod(method: string, { modern }: Era): RpcProblem {
  const isPlain = /^[\w/.-]{1,100}$/.test(method)
  return {
    code: rpcCodes.methodNotFound,
    status: modern ? 404 : 200,
    message: isPlain ? `Method not found: ${method}` : 'Method not found',
  }
}

function written({ frame, ...head }: ReturnType<typeof refusalFrame>): DressedAnswer {
  return { ...head, frame: frameOf(frame) }
}

function frameOf(frame: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(frame))
}
