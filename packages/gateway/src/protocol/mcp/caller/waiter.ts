import type { Refusal } from '../../../call/refusal.ts'
import type { McpResumed } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import type { Waiting } from '../decode.ts'
import { type Era, invalidParams } from '../message/eras.ts'
import { type CallerRequest, frameOf } from '../message/json-rpc.ts'
import { membersOf } from '../message/members.ts'
import type { RpcProblem } from '../message/problem.ts'
import { pendingStep, waitsFor } from './approval-said.ts'
import type { RequestState, RequestStates, StateBound } from './request-state.ts'
import { declaresTasks, type Tasks } from './tasks.ts'

/** How one request's caller is kept waiting, by what its revision and its capabilities allow. */
export type Waiter = {
  /** For the call. */
  readonly waiting: Partial<Waiting>
  /** Answers that its caller brought back for the upstream. */
  readonly resumed: McpResumed | undefined
  /** The exchange that was kept open for this retry. */
  readonly exchange: string | undefined
  /** What it is told instead of a refusal, or beside it. */
  readonly refused: (refusal: Refusal) => Promise<InsteadOf>
  /**
   * An `input_required` result for the caller, from what it is asked and the upstream's own state of that; or undefined
   * where that is too long to be brought back.
   */
  readonly asking: (asked: {
    readonly requests: ReadonlyMap<string, Asked>
    readonly upstreamState?: string | undefined
    readonly exchange?: string
  }) => Uint8Array | undefined
}

type InsteadOf = {
  /** Of the request; absent: it is refused. */
  readonly result?: JsonObject
  /** What a model should do next. */
  readonly nextStep?: string
}

type Asked = { readonly method: string; readonly params: Uint8Array }

export type WaiterGiven = {
  readonly request: CallerRequest
  readonly era: Era
  /** The connection that is addressed; empty for all of them. */
  readonly endpoint: string
  readonly principal: Principal
}

export type WaiterNeeds = {
  readonly states: RequestStates
  readonly tasks: Pick<Tasks, 'created'>
  /** Where a person reads about a question; undefined: nobody said where people are reached. */
  readonly approvalUrl: (approvalId: string) => string | undefined
}

/** Reads what the caller brought back. A state that was not sealed for exactly this request is a problem. */
export function waiterOf(needs: WaiterNeeds, given: WaiterGiven): Waiter | RpcProblem {
  return given.era.modern ? modernWaiter(needs, given, given.era) : holdingWaiter(given)
}

/** It is held; after that a model is told how to go on. */
function holdingWaiter({ era: { modern } }: WaiterGiven): Waiter {
  return {
    waiting: { waitMs: limits.mcpHoldMs, repeats: true },
    resumed: undefined,
    exchange: undefined,
    refused: async ({ code }) =>
      code === 'approval-required' && !modern ? { nextStep: pendingStep({ isModern: false }) } : {},
    asking: () => undefined,
  }
}

/**
 * Where its client understands tasks, and the function is deferrable, the call becomes one. Otherwise it comes back
 * with a state, and waits here each time.
 */
function modernWaiter(
  needs: WaiterNeeds,
  given: WaiterGiven,
  { capabilities }: { readonly capabilities: JsonObject },
): Waiter | RpcProblem {
  const { request, principal } = given
  const { method, params, members } = request
  if (!mayComeBack.has(method)) return holdingWaiter(given)
  const bound = boundOf(given)
  const text = params.requestState
  const state = typeof text === 'string' ? needs.states.open(text, bound) : undefined
  if (text !== undefined && !state) return unknownState
  const { approval, exchange } = state ?? {}
  const answers = carriedAnswers(state, members.get('inputResponses'))
  const asked = state?.asked
  const carried = { ...(asked && { asked }), ...(answers && { answers }) }
  const hasTasks = declaresTasks(capabilities) && !state
  let isDeferred = false
  return {
    waiting: {
      respondAsync: true,
      repeats: true,
      ...(approval && { approvalId: approval.id, waitMs: limits.mcpHoldMs }),
      ...(hasTasks && method === 'tools/call' && { deferred: 'if-deferrable' }),
      onHeld: ({ deferred }) => {
        isDeferred = deferred
      },
    },
    resumed: asked && {
      inputResponses: answers === undefined ? undefined : Buffer.from(answers),
      requestState: asked.upstreamState,
    },
    exchange,
    refused: async (refusal) => {
      if (refusal.code !== 'approval-required') return {}
      const id = String(refusal.facts.approval)
      if (isDeferred) {
        const created = await needs.tasks.created(id, principal)
        if (created) return { result: created }
      }
      const rounds = approval?.id === id ? approval.rounds + 1 : 0
      const next = needs.states.seal({ ...carried, approval: { id, rounds } }, bound)
      if (next === undefined || rounds > limits.mcpApprovalRounds) {
        return { nextStep: pendingStep({ isModern: true }) }
      }
      const url = isDeclared(capabilities.elicitation, 'url') ? needs.approvalUrl(id) : undefined
      const result = {
        resultType: 'input_required',
        _meta: { 'io.sallyport/approval': id },
        ...(url !== undefined && { inputRequests: { [ownKey]: whereToLook(id, url) } }),
        requestState: next,
      }
      return { result }
    },
    asking: ({ requests, upstreamState, exchange }) => {
      const state: RequestState = {
        asked: {
          inputs: [...requests.keys()],
          ...(upstreamState !== undefined && { upstreamState }),
        },
        ...(exchange !== undefined && { exchange }),
      }
      const sealed = needs.states.seal(state, bound)
      return sealed === undefined ? undefined : inputRequired(requests, sealed)
    },
  }
}

/** 2026-07-28, basic/patterns/mrtr: the only requests that are answered with `input_required`. */
const mayComeBack: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** Of the question that the gateway itself puts. No answer to it is looked at: a client cannot approve anything. */
const ownKey = 'sallyport_approval'

const unknownState = invalidParams(
  'requestState was not given for this request, to this caller, or it is too old.',
)

function whereToLook(id: string, url: string): JsonObject {
  const message = `${waitsFor(id, [])} Nothing has to be entered here; who may approve it can do so there.`
  return { method: 'elicitation/create', params: { mode: 'url', message, url } }
}

function boundOf({ request, endpoint, principal }: WaiterGiven): StateBound {
  const { method, params, members } = request
  const named = params[method === 'resources/read' ? 'uri' : 'name']
  return {
    ...{ principal, endpoint, method },
    name: typeof named === 'string' ? named : '',
    args: members.get('arguments') ?? new Uint8Array(),
  }
}

/** Those answers that were asked for, as one JSON object; of an earlier round where this one brings none. */
function carriedAnswers(
  state: RequestState | undefined,
  brought: Uint8Array | undefined,
): string | undefined {
  if (!state?.asked || state.answers !== undefined) return state?.answers
  if (brought?.[0] !== 0x7b) return undefined
  const { inputs } = state.asked
  const given = [...(membersOf(brought) ?? [])].filter(([key]) => inputs.includes(key))
  const parts = given.map(([key, bytes]) => `${JSON.stringify(key)}:${Buffer.from(bytes)}`)
  return `{${parts.join(',')}}`
}

function inputRequired(requests: ReadonlyMap<string, Asked>, state: string): Uint8Array {
  const parts = [...requests].flatMap(([key, { method, params }], at) => [
    Buffer.from(`${at === 0 ? '' : ','}${JSON.stringify(key)}:{"method":"${method}","params":`),
    params,
    Buffer.from('}'),
  ])
  const result = Buffer.concat([
    Buffer.from('{"resultType":"input_required","inputRequests":{'),
    ...parts,
    Buffer.from(`},"requestState":"${state}"}`),
  ])
  return frameOf('result', result)
}

function isDeclared(capability: JsonObject[string] | undefined, name: string): boolean {
  return isJsonObject(capability) && isJsonObject(capability[name])
}
