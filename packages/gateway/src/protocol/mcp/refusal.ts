import { type Refusal, type RefusalCode, refusals } from '../../call/refusal.ts'
import type { JsonObject } from '../../model/json.ts'
import { problemOf, type RpcProblem, rpcCodes } from './message/problem.ts'

/**
 * This protocol's "no" for every code; a new one does not compile until it is answered here. `result`: of a tool, a
 * result that says so (`isError`), because a model reads results and no errors (2025-11-25, server/tools, error
 * handling); of anything else the JSON-RPC error beside it.
 */
export const answersOf: Readonly<Record<RefusalCode, RefusalAnswer>> = {
  unauthenticated: { code: -31401, status: 401, as: 'error' },
  'request-malformed': { code: rpcCodes.invalidRequest, status: 400, as: 'error' },
  'request-too-large': { code: rpcCodes.invalidRequest, status: 413, as: 'error' },
  'function-unknown': { code: rpcCodes.invalidParams, status: 200, as: 'error' },
  'scope-exceeded': { code: -31403, status: 200, as: 'result' },
  'policy-denied': { code: -31403, status: 200, as: 'result' },
  'review-lapsed': { code: -31403, status: 200, as: 'result' },
  'grant-revoked': { code: -31403, status: 200, as: 'result' },
  'function-quarantined': { code: -31403, status: 200, as: 'result' },
  'duties-conflict': { code: -31403, status: 200, as: 'result' },
  'arguments-invalid': { code: rpcCodes.invalidParams, status: 200, as: 'result' },
  'approval-required': { code: -31403, status: 200, as: 'result' },
  'approval-denied': { code: -31403, status: 200, as: 'result' },
  'approval-unusable': { code: -31403, status: 200, as: 'result' },
  'approval-impossible': { code: -31403, status: 200, as: 'result' },
  'clearance-revoked': { code: -31403, status: 200, as: 'result' },
  'evidence-unavailable': { code: rpcCodes.internal, status: 200, as: 'error' },
  'credential-unavailable': { code: rpcCodes.internal, status: 200, as: 'result' },
  'upstream-unreachable': { code: rpcCodes.internal, status: 200, as: 'result' },
  'upstream-timeout': { code: rpcCodes.internal, status: 200, as: 'result' },
  'upstream-failed': { code: rpcCodes.internal, status: 200, as: 'result' },
  'result-withheld': { code: rpcCodes.internal, status: 200, as: 'result' },
  'caller-left': { code: rpcCodes.internal, status: 499, as: 'error' },
  overloaded: { code: -31503, status: 503, as: 'error' },
  'rulebook-missing': { code: -31503, status: 503, as: 'error' },
  'rulebook-replaced': { code: -31503, status: 503, as: 'error' },
  internal: { code: rpcCodes.internal, status: 200, as: 'error' },
}

/** Codes of our own stand outside of what JSON-RPC reserves (2026-07-28, basic/index, error codes). */
type RefusalAnswer = {
  readonly code: number
  /** Of the HTTP answer, unless an event stream has begun. */
  readonly status: number
  readonly as: 'result' | 'error'
}

/** What a refusal says to a machine. Public facts only. */
export function refusalFacts({ code, detail, facts, record, callId }: Refusal): JsonObject {
  return {
    refusal: code,
    title: refusals[code],
    ...(detail !== undefined && { detail }),
    ...facts,
    ...(callId !== undefined && { call: callId }),
    ...(record !== undefined && { record }),
  }
}

/** A refusal as the frame that answers a request, and the HTTP status that goes with it. */
export function refusalFrame(
  refusal: Refusal,
  asked: {
    readonly method: string
    readonly modern: boolean
    /** The tool says what its results look like, so a client would find fault with anything else there. */
    readonly hasResultSchema?: boolean
    /** What to do now, in a sentence. */
    readonly nextStep?: string | undefined
    /** Of a resource that the caller named: told back where nobody knows it (2026-07-28, server/resources, SEP-2164). */
    readonly uri?: string | undefined
  },
): { readonly frame: JsonObject; readonly status: number; readonly record?: string } {
  const { record } = refusal
  return { ...answerTo(refusal, asked), ...(record !== undefined && { record }) }
}

function answerTo(
  refusal: Refusal,
  asked: Parameters<typeof refusalFrame>[1],
): { readonly frame: JsonObject; readonly status: number } {
  const { code, status, as } = answersOf[refusal.code]
  const facts: JsonObject = {
    ...refusalFacts(refusal),
    ...(refusal.facts.approval !== undefined && { approval_id: refusal.facts.approval }),
    ...(asked.nextStep !== undefined && { next_step: asked.nextStep }),
  }
  const problem = problemOf(refusal)
  if (problem) return { frame: errorFrame(problem, facts), status: problem.status }
  if (as === 'result' && asked.method === 'tools/call') {
    return { frame: { result: toolError(facts, asked) }, status: 200 }
  }
  const isResource = refusal.code === 'function-unknown' && asked.method === 'resources/read'
  const said = isResource && !asked.modern ? rpcCodes.resourceNotFound : code
  const message = [refusals[refusal.code], refusal.detail].filter(Boolean).join(' ')
  const data = isResource && asked.uri !== undefined ? { uri: asked.uri } : {}
  return { frame: errorFrame({ code: said, status, message, data }, facts), status }
}

/** `data` of the problem is what its code prescribes; ours is beside it. */
function errorFrame({ code, message, data }: RpcProblem, facts: JsonObject): JsonObject {
  return { error: { code, message, data: { ...facts, ...data } } }
}

function toolError(
  facts: JsonObject,
  { modern, hasResultSchema }: { readonly modern: boolean; readonly hasResultSchema?: boolean },
): JsonObject {
  return {
    ...(modern && { resultType: 'complete' }),
    content: [{ type: 'text', text: refusalText(facts) }],
    ...(hasResultSchema !== true && { structuredContent: facts }),
    isError: true,
    _meta: { 'io.sallyport/refusal': facts },
  }
}

/** For a model: what happened, why, and what is left to do. */
function refusalText({ refusal, title, ...facts }: JsonObject): string {
  const told = Object.entries(facts).filter(
    ([, value]) => !Array.isArray(value) || value.length > 0,
  )
  const lines = told.map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value)
    return `${name.replaceAll('_', ' ')}: ${text}`
  })
  return [`Refused by the gateway (${String(refusal)}): ${String(title)}`, ...lines].join('\n')
}
