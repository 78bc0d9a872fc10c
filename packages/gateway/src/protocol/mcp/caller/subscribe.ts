import type { FollowUps } from '../../../call/follow-up.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { invalidParams } from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { type RpcProblem, rpcCodes } from '../message/problem.ts'
import type { Listeners } from './listeners.ts'
import type { Known } from './visit.ts'

export type SubscribeNeeds = {
  readonly listeners: Listeners
  readonly followUps: Pick<FollowUps, 'identify'>
}

/** A legacy caller's own stream (2025-11-25, basic/transports, listening for messages). False: there are too many. */
export function listenToSession({ listeners, followUps }: SubscribeNeeds, known: Known): boolean {
  const { response, principal, headers, caller } = known
  return listeners.open({
    ...{ response, principal, headers },
    confirm: () => followUps.identify(caller),
    first: [],
    changed: kinds.map(([, method]) => ({ jsonrpc: '2.0', method })),
    last: [],
  })
}

/**
 * `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions). Resources are not watched: reading each is a call.
 * Undefined: the stream is open.
 */
export function subscribe(
  { listeners, followUps }: SubscribeNeeds,
  known: Known,
  { id, params }: CallerRequest,
): RpcProblem | undefined {
  const { notifications } = params
  if (!isJsonObject(notifications)) return invalidParams('`notifications` says what is wanted.')
  const wanted = kinds.filter(([name]) => notifications[name] === true)
  const _meta: JsonObject = { 'io.modelcontextprotocol/subscriptionId': id }
  const notify = (method: string, said: JsonObject = {}) => {
    return { jsonrpc: '2.0', method, params: { _meta, ...said } }
  }
  const agreed = { notifications: Object.fromEntries(wanted.map(([name]) => [name, true])) }
  const { response, principal, headers, caller } = known
  const isOpen = listeners.open({
    ...{ response, principal, headers },
    confirm: () => followUps.identify(caller),
    first: [notify('notifications/subscriptions/acknowledged', agreed)],
    changed: wanted.map(([, method]) => notify(method)),
    last: [{ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta } }],
  })
  return isOpen ? undefined : tooMany
}

export const tooMany: RpcProblem = {
  code: rpcCodes.internal,
  status: 503,
  message: 'Too many streams are open.',
  refusal: 'overloaded',
}

const kinds = [
  ['toolsListChanged', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'notifications/resources/list_changed'],
] as const
