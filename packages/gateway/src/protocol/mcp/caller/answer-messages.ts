import { Refusal } from '../../../call/refusal.ts'
import type { Place, Places } from '../../door/places.ts'
import { decodeRefused } from '../decode.ts'
import {
  type Batch,
  type CallerMessage,
  type CallerNotification,
  type CallerRequest,
  readMessages,
  type Unreadable,
} from '../message/json-rpc.ts'
import { type RpcProblem, refuseAs, rpcCodes } from '../message/problem.ts'
import type { MessageId } from '../message/upstream-message.ts'
import { refusalFrame } from '../refusal.ts'
import { answerRequest, type RequestNeeds } from './answer-request.ts'
import type { Cancellations } from './cancellations.ts'
import type { OpenStreams } from './open-streams.ts'
import { gatheringOutlet, outletFor, streamFor } from './outlet.ts'
import type { DressedAnswer } from './result.ts'
import { messageOf, sayJson, sayStatus } from './speak.ts'
import { type Known, ownerOf } from './visit.ts'

export type MessagesNeeds = RequestNeeds & {
  readonly places: Places
  readonly streams: OpenStreams
  readonly cancellations: Cancellations
}

type Given = { readonly known: Known; readonly place: Place }

/** Answers the body of one POST. Resolves when nothing more is said about it. */
export async function answerMessages(
  needs: MessagesNeeds,
  { bytes, ...given }: Given & { readonly bytes: Uint8Array },
): Promise<void> {
  const message = readMessages(bytes)
  if (message.kind === 'request') return answerOne(needs, given, message)
  if (message.kind === 'batch') return answerBatch(needs, given, message)
  const problem = heard(needs, given.known, message)
  if (!problem) return sayStatus(given.known, { status: 202 })
  const { frame, ...head } = await refused(needs, given, problem)
  const id = message.kind === 'unreadable' ? message.id : undefined
  sayJson(given.known, messageOf(id, frame), head)
}

async function answerOne(
  needs: MessagesNeeds,
  { known, place }: Given,
  request: CallerRequest,
): Promise<void> {
  const headers: Record<string, string> = { ...known.headers }
  const own = { ...known, headers }
  if (request.method === 'subscriptions/listen') {
    // It has a stream of another kind, if any.
    const outlet = outletFor(own, { id: request.id, over: () => undefined })
    return answerRequest(needs, { known: own, request, place, outlet, onSession: () => undefined })
  }
  const { cancelled, over } = needs.cancellations.begin(ownerOf(known), request.id)
  const stream = streamFor(own, needs.streams)
  const outlet = outletFor(own, { id: request.id, stream, cancelled, over })
  const onSession = (text: string) => {
    headers['mcp-session-id'] = text
  }
  await answerRequest(needs, { known: own, request, place, outlet, onSession })
}

/** What wants no answer: taken, or why not. */
function heard(
  { cancellations, callerRequests }: MessagesNeeds,
  known: Known,
  message: Exclude<CallerMessage, CallerRequest> | Unreadable,
): RpcProblem | undefined {
  const owner = ownerOf(known)
  if (message.kind === 'unreadable') {
    return { code: message.code, status: 400, message: message.detail }
  }
  if (message.kind === 'response') {
    const isWanted = callerRequests.answered(owner ?? '', message.id, message.frame)
    return isWanted ? undefined : unasked
  }
  const id = cancelledId(message)
  if (id !== undefined && owner !== undefined) cancellations.cancel(owner, id)
  return undefined
}

function cancelledId({ method, params }: CallerNotification): MessageId | undefined {
  const { requestId } = params
  if (method !== 'notifications/cancelled') return undefined
  return typeof requestId === 'string' || typeof requestId === 'number' ? requestId : undefined
}

const unasked: RpcProblem = {
  code: rpcCodes.invalidRequest,
  status: 400,
  message: 'Nobody asked this caller what this answers.',
}

/** Several messages at once (2025-03-26, basic): each for itself, and their answers together. */
async function answerBatch(needs: MessagesNeeds, given: Given, batch: Batch): Promise<void> {
  const { known, place } = given
  if (!mayBatch(known)) {
    const { frame, ...head } = await refused(needs, given, noBatch)
    return sayJson(known, messageOf(undefined, frame), head)
  }
  const stream = streamFor(known, needs.streams)
  const answers = await Promise.all(
    batch.messages.map((message, at) => {
      // The first has the place of the HTTP request.
      const own = at === 0 ? place : needs.places.take()
      const answer = answerElement(needs, { known, place: own, stream }, message)
      return at === 0 ? answer : answer.finally(() => own?.leave())
    }),
  )
  const said = answers.filter((one) => one !== undefined)
  if (said.length === 0 && !stream.isBegun) return sayStatus(known, { status: 202 })
  const body = Buffer.from(`[${said.map((one) => Buffer.from(one).toString('utf8')).join(',')}]`)
  if (!stream.isBegun) return sayJson(known, body, { status: 200 })
  void stream.send(body)
  stream.end()
}

async function answerElement(
  needs: MessagesNeeds,
  given: Omit<Given, 'place'> & {
    readonly place: Place | undefined
    readonly stream: ReturnType<typeof streamFor>
  },
  message: CallerMessage | Unreadable,
): Promise<Uint8Array | undefined> {
  const { known, place, stream } = given
  if (!place) {
    const { frame } = refusalFrame(new Refusal('overloaded'), { method: '', modern: false })
    const id = 'id' in message ? message.id : undefined
    return messageOf(id, Buffer.from(JSON.stringify(frame)))
  }
  if (message.kind !== 'request' || message.method === 'initialize') {
    const problem = message.kind === 'request' ? aloneOnly : heard(needs, known, message)
    if (!problem) return undefined
    const { frame } = await refused(needs, { known, place }, problem)
    return messageOf('id' in message ? message.id : undefined, frame)
  }
  const { cancelled, over } = needs.cancellations.begin(ownerOf(known), message.id)
  return new Promise((resolve) => {
    const finish = ({ frame }: DressedAnswer) => {
      over()
      resolve(messageOf(message.id, frame))
    }
    const outlet = gatheringOutlet(known, { stream, cancelled, finish })
    void answerRequest(needs, {
      ...{ known, place, outlet, request: message },
      onSession: () => undefined,
    })
  })
}

/** Revisions before and after it have no batches. A caller that says nothing speaks that one. */
function mayBatch({ session, caller }: Known): boolean {
  const stated = caller.headers.find(([name]) => name === 'mcp-protocol-version')?.[1]
  return (stated ?? session?.revision ?? '2025-03-26') === '2025-03-26'
}

const noBatch: RpcProblem = {
  code: rpcCodes.invalidRequest,
  status: 400,
  message: 'This revision has no batches: send one message at a time.',
}

const aloneOnly: RpcProblem = {
  code: rpcCodes.invalidRequest,
  status: 400,
  message: '`initialize` is no part of a batch.',
}

/** On the record, like a call. */
async function refused(
  { onCall }: MessagesNeeds,
  { known, place }: Given,
  problem: RpcProblem,
): Promise<DressedAnswer> {
  const { caller, gone: signal } = known
  const { admit } = place
  const thrown = await onCall(decodeRefused({ caller, signal, admit }, refuseAs(problem))).catch(
    (one: unknown) => one,
  )
  const { frame, ...head } = refusalFrame(Refusal.from(thrown), { method: '', modern: false })
  return { ...head, frame: Buffer.from(JSON.stringify(frame)) }
}
