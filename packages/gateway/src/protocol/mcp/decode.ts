import type { InForce } from '../../call/in-force.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call, McpExchange, McpOutbound, McpWatch, Reading } from '../../call/stage.ts'
import type { McpFunction } from '../../model/function.ts'
import { isJsonObject } from '../../model/json.ts'
import { type HeaderPair, traceOf } from '../door/request.ts'
import { withAnswers } from './caller/answers.ts'
import { addressOf, readArguments, subscribeMethod } from './caller/arguments.ts'
import { namingAt } from './caller/naming.ts'
import { statedArgumentsProblem } from './caller/stated-arguments.ts'
import type { CallerRequest } from './message/json-rpc.ts'
import { refuseAs } from './message/problem.ts'
import { type McpMatch, mcpFunctions } from './route.ts'

/** What every request of one HTTP request has in common. */
export type Caller = Pick<Call, 'proof' | 'source' | 'audience' | 'scopes' | 'sessionName'> & {
  readonly headers: readonly HeaderPair[]
  /** The connection that is addressed; empty for all of them. */
  readonly endpoint: string
}

/** How the caller is to be dealt with while it waits for people: as `Call`. */
export type Waiting = Pick<
  Call,
  'approvalId' | 'waitMs' | 'respondAsync' | 'repeats' | 'deferred' | 'onHeld' | 'clearanceTerms'
>

export type DecodeGiven = {
  readonly caller: Caller
  readonly request: CallerRequest
  readonly exchange: Omit<McpExchange, 'wantsProgress' | 'traceparent'>
  readonly waiting: Partial<Waiting>
  readonly signal: AbortSignal
  readonly admit: Call['admit']
  /** Told which function the call turned out to be of. */
  readonly onRead?: (fn: McpFunction) => void
  readonly kept?: Call['kept']
  /** Of `resources/subscribe`. */
  readonly watch?: McpWatch | undefined
}

/** One request of a caller's as a `Call`. Nothing is refused here: its reading refuses, on the record. */
export function decode(given: DecodeGiven): Call {
  const { caller } = given
  return bareCall(given, async (rules) => {
    const read = readCall(rules, given)
    given.onRead?.(read.match.fn)
    const { args } = read.reading
    const problem = statedArgumentsProblem(read.match.fn, args.bytes, caller.headers)
    if (problem) throw refuseAs(problem)
    return read.reading
  })
}

/** A call that cannot be read, and why: it is recorded like every other. */
export function decodeRefused(
  given: Pick<DecodeGiven, 'caller' | 'signal' | 'admit'>,
  refusal: Refusal,
): Call {
  return bareCall({ ...given, waiting: {} }, async () => {
    throw refusal
  })
}

function bareCall(
  given: Pick<DecodeGiven, 'caller' | 'waiting' | 'signal' | 'admit' | 'kept'> & {
    readonly request?: CallerRequest
  },
  read: Call['read'],
): Call {
  const { caller, waiting, signal, admit, kept, request } = given
  const { proof, source, audience, scopes, sessionName } = caller
  return {
    protocol: 'mcp',
    ...{ proof, source, sessionName, signal, admit, read },
    ...(audience && { audience }),
    ...(scopes && { scopes }),
    approvalId: undefined,
    waitMs: undefined,
    ...waiting,
    traceId: traceOf(traceparentOf(caller, request)),
    ...(kept && { kept }),
  }
}

/** Of the message (SEP-414), or else of the HTTP request. */
function traceparentOf({ headers }: Caller, request: CallerRequest | undefined) {
  const meta = request?.params._meta
  const own = isJsonObject(meta) ? meta.traceparent : undefined
  return typeof own === 'string' ? own : headers.find(([name]) => name === 'traceparent')?.[1]
}

/** The call that a request is by these rules. */
function readCall(
  rules: InForce,
  { caller, request, exchange, watch }: DecodeGiven,
): { readonly reading: Reading; readonly match: McpMatch } {
  const { method, ...address } = addressOf(request, namingAt(caller.endpoint))
  // Nobody is there to hear of it: a call that was kept.
  if (request.method === subscribeMethod && !watch) throw new Refusal('function-unknown')
  const match = mcpFunctions(rules.rulebook).find({ method, ...address })
  if (!match) throw new Refusal('function-unknown')
  const { args, paramsWith } = withAnswers(
    readArguments(request, method, match, address.name),
    exchange.resumed?.inputResponses,
  )
  const traceparent = traceparentOf(caller, request)
  const outboundWith = (params: Uint8Array, answers: Uint8Array | undefined): McpOutbound => {
    const sent = { protocol: 'mcp', params, headers: [] } as const
    if (watch) return { ...sent, to: 'watch', method: subscribeMethod, watch }
    const own = {
      resumed: exchange.resumed && { ...exchange.resumed, inputResponses: answers },
      wantsProgress: progressTokenOf(request) !== undefined,
      traceparent: traceOf(traceparent) === undefined ? undefined : traceparent,
    }
    return { ...sent, to: 'upstream', method, exchange: { ...exchange, ...own } }
  }
  const reading: Reading = {
    fn: match.fn,
    connection: match.connection,
    args,
    outbound: outboundWith(paramsWith().params, exchange.resumed?.inputResponses),
    rewrite: (masked) => {
      const { params, bytes } = paramsWith(masked)
      return { outbound: outboundWith(params, masked.answers), bytes }
    },
  }
  return { reading, match }
}

/** What the caller wants its progress to be called; undefined: it wants none. */
export function progressTokenOf({ params }: CallerRequest): string | number | undefined {
  const meta = params._meta
  const token = isJsonObject(meta) ? meta.progressToken : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}
