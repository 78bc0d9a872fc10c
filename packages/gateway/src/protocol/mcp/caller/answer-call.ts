import { Refusal } from '../../../call/refusal.ts'
import type { Call, HeldQuestion } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { McpConnection } from '../../../model/connection.ts'
import type { McpFunction } from '../../../model/function.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import type { OnCall } from '../../protocol.ts'
import { type Caller, decode, decodeRefused, progressTokenOf } from '../decode.ts'
import { encode } from '../encode.ts'
import { keepCall } from '../kept-call.ts'
import { type Era, invalidParams } from '../message/eras.ts'
import { inputRequestsOf } from '../message/input-required.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { membersOf } from '../message/members.ts'
import { type RpcProblem, refuseAs } from '../message/problem.ts'
import { refusalFrame } from '../refusal.ts'
import { waitsFor } from './approval-said.ts'
import { askCaller } from './ask-caller.ts'
import type { CallerRequests } from './caller-requests.ts'
import type { Naming } from './naming.ts'
import type { AskedOfCaller, OpenExchange, Outlet } from './open-exchange.ts'
import type { OpenExchanges } from './open-exchanges.ts'
import type { DressedAnswer } from './result.ts'
import type { Subscribing } from './subscriptions.ts'
import { type Waiter, type WaiterNeeds, waiterOf } from './waiter.ts'

export type AnswerNeeds = WaiterNeeds & {
  readonly onCall: OnCall
  readonly exchanges: OpenExchanges
  readonly callerRequests: CallerRequests
  readonly connectionOf: (id: string) => McpConnection | undefined
  /** What the gateway says of itself. */
  readonly serverInfo: JsonObject
}

export type CallGiven = {
  readonly caller: Caller
  readonly request: CallerRequest
  readonly era: Era
  readonly principal: Principal
  /** As the caller declared them, with this request or when its session began. */
  readonly capabilities: JsonObject
  readonly logLevel: string | undefined
  readonly naming: Naming
  /** Names the session and whose it is; undefined: there is none, so nothing can be asked of it in between. */
  readonly owner: string | undefined
  readonly admit: Call['admit']
  /** Of `resources/subscribe`: what there is to be kept once it was answered. */
  readonly subscribing?: Subscribing
}

/**
 * One request that is a call, from what was read of it to the last thing that is said about it. Resolves when the call
 * is over; a retry that goes on with one that is open resolves at once. Never rejects.
 */
export async function answerCall(
  needs: AnswerNeeds,
  given: CallGiven,
  outlet: Outlet,
): Promise<void> {
  const waiter = waiterOf(needs, { ...given, endpoint: given.caller.endpoint })
  if ('code' in waiter) {
    given.subscribing?.drop()
    return refuse(needs, given, outlet, waiter)
  }
  if (waiter.exchange !== undefined) {
    const open = needs.exchanges.find(waiter.exchange)
    if (!open) return refuse(needs, given, outlet, exchangeOver)
    // Its HTTP response is open until then, and has its place.
    const heard = open.attach(outlet, given.request.members.get('inputResponses'))
    return heard ?? refuse(needs, given, outlet, exchangeTaken)
  }
  const { id, exchange } = needs.exchanges.open((requests, id) =>
    waiter.asking({ requests, exchange: id }),
  )
  void exchange.attach(outlet)
  try {
    await exchange.finish(await answerOf(needs, given, { waiter, exchange }))
  } finally {
    given.subscribing?.drop()
    needs.exchanges.close(id)
  }
}

const exchangeTaken = invalidParams('Another retry of this call is under way.')
const exchangeOver = invalidParams('What this answers is over: make the call again.')

/** On the record, like every other call. */
async function refuse(
  { onCall }: AnswerNeeds,
  { caller, request, era, admit }: CallGiven,
  outlet: Outlet,
  problem: RpcProblem,
): Promise<void> {
  try {
    await onCall(decodeRefused({ caller, signal: outlet.gone, admit }, refuseAs(problem)))
  } catch (thrown) {
    const { method } = request
    outlet.finish(written(refusalFrame(Refusal.from(thrown), { method, modern: era.modern })))
  }
}

type Under = { readonly waiter: Waiter; readonly exchange: OpenExchange }

async function answerOf(
  needs: AnswerNeeds,
  given: CallGiven,
  { waiter, exchange }: Under,
): Promise<DressedAnswer> {
  const { request, era, naming, logLevel, caller, admit } = given
  const { method } = request
  const progressToken = progressTokenOf(request)
  let fn: McpFunction | undefined
  const held = heldSigns(era, progressToken, (message) => exchange.notify(message))
  const call = decode({
    ...{ caller, request, admit },
    signal: exchange.left,
    waiting: {
      ...waiter.waiting,
      onHeld: (question) => {
        waiter.waiting.onHeld?.(question)
        if (!era.modern) exchange.begin()
        held.start(question)
      },
    },
    exchange: {
      ...{ capabilities: given.capabilities, logLevel, resumed: waiter.resumed },
      takesInputRequired: era.modern,
      ask: (asked) => askCaller(askGivenOf(needs, given, exchange), asked),
    },
    onRead: (read) => {
      fn = read
      given.subscribing?.onRead(read)
    },
    watch: given.subscribing?.watch,
    kept: () => keepCall(caller, request),
  })
  try {
    const reply = await needs.onCall(call)
    held.stop()
    const notify = (message: Uint8Array) => exchange.notify(message)
    const connection = fn?.connection ?? ''
    const { serverInfo } = needs
    const dressing = { method, modern: era.modern, naming, connection, serverInfo }
    const answer = await encode(reply, { dressing, progressToken, logLevel, notify })
    const { subscribing } = given
    if (subscribing && membersOf(answer.frame)?.has('result')) subscribing.keep()
    return await passOnAsking(needs, given, { waiter, answer, fn, signal: exchange.left })
  } catch (thrown) {
    held.stop()
    const refusal = Refusal.from(thrown)
    const { result, nextStep } = await waiter.refused(refusal)
    if (result) return written({ frame: { result }, status: 200 })
    const hasResultSchema = fn?.resultSchema !== undefined
    const { uri } = request.params
    const asked = { method, modern: era.modern, hasResultSchema, nextStep }
    const named = typeof uri === 'string' ? { ...asked, uri } : asked
    return written(refusalFrame(refusal, named))
  }
}

function askGivenOf(
  { onCall, callerRequests }: AnswerNeeds,
  { caller, principal, capabilities, era, owner }: CallGiven,
  exchange: OpenExchange,
) {
  const send = (message: Uint8Array) => exchange.notify(message)
  const put = (asked: AskedOfCaller, signal: AbortSignal) => {
    if (era.modern) return exchange.ask(asked, signal)
    return callerRequests.put(asked, { owner: owner ?? '', send, signal })
  }
  // Who has no session has nowhere to send an answer to.
  const known = era.modern || owner !== undefined ? capabilities : {}
  return { onCall, caller, principal, capabilities: known, put }
}

/**
 * What an upstream of the current revision asks of a caller of the same: each request is a call of its own, whose answer
 * comes with the retry and is then part of its arguments. One that is refused ends it all: its upstream would ask again.
 */
async function passOnAsking(
  needs: AnswerNeeds,
  { caller, principal, capabilities, request, era }: CallGiven,
  given: {
    readonly waiter: Waiter
    readonly answer: DressedAnswer
    readonly fn: McpFunction | undefined
    readonly signal: AbortSignal
  },
): Promise<DressedAnswer> {
  const { waiter, answer, fn, signal } = given
  if (!answer.asks) return answer
  const wanted = inputRequestsOf(answer.asks)
  const requests = new Map<string, AskedOfCaller>()
  for (const [key, { method, params }] of wanted?.requests ?? []) {
    const put = async (asked: AskedOfCaller) => {
      requests.set(key, asked)
      return comesWithRetry
    }
    const { onCall } = needs
    const connection = fn && needs.connectionOf(fn.connection)
    const asked = connection && { connection, method, params, signal }
    if (asked) await askCaller({ onCall, caller, principal, capabilities, put }, asked)
  }
  const isWhole = wanted !== undefined && requests.size === wanted.requests.size
  const frame = isWhole && waiter.asking({ requests, upstreamState: wanted.requestState })
  if (frame) return { frame, status: 200 }
  const refusal = new Refusal('upstream-failed', {
    detail: 'It asked the caller for something that it may not ask for.',
  })
  return written(refusalFrame(refusal, { method: request.method, modern: era.modern }))
}

const comesWithRetry: Uint8Array = Buffer.from('{"result":{}}')

/** Signs of life while people are waited for: a client that hears of progress does not give up. */
function heldSigns(
  { modern }: Era,
  progressToken: string | number | undefined,
  notify: (message: Uint8Array) => Promise<void>,
) {
  let timer: NodeJS.Timeout | undefined
  let count = 0
  const start = ({ id, groups }: HeldQuestion) => {
    if (modern || progressToken === undefined) return
    const tell = () => {
      // It has to grow, and stay below whatever the upstream begins with.
      const progress = ++count / 1_000
      const params = { progressToken, progress, message: waitsFor(id, groups) }
      const message = { jsonrpc: '2.0', method: 'notifications/progress', params }
      void notify(Buffer.from(JSON.stringify(message)))
    }
    tell()
    timer = setInterval(tell, limits.mcpProgressMs)
  }
  return { start, stop: () => clearInterval(timer) }
}

function written({
  frame,
  status,
}: {
  readonly frame: JsonObject
  readonly status: number
}): DressedAnswer {
  return { frame: Buffer.from(JSON.stringify(frame)), status }
}
