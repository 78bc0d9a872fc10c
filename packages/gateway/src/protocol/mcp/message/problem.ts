import { Refusal, type RefusalCode } from '../../../call/refusal.ts'
import type { JsonObject } from '../../../model/json.ts'

/** What is wrong with a message, in the words of JSON-RPC (section 5.1) and MCP (basic/index, error codes). */
export type RpcProblem = {
  readonly code: number
  /** Of the HTTP answer. */
  readonly status: number
  readonly message: string
  readonly data?: JsonObject
  /** What it is called where it is recorded, if it is neither malformed nor unknown. */
  readonly refusal?: RefusalCode
}

/** The codes that MCP defines since 2026-07-28, and JSON-RPC's own. */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /** Before 2026-07-28. */
  resourceNotFound: -32002,
  /** 2025-11-25, client/elicitation: the caller has to open what stands in the error's `data`. */
  urlElicitation: -32042,
} as const

/** A problem as a refusal, so that it is recorded like every other; `problemOf` gives it back. */
export function refuseAs(problem: RpcProblem): Refusal {
  const isUnknown = problem.code === rpcCodes.methodNotFound
  const code = problem.refusal ?? (isUnknown ? 'function-unknown' : 'request-malformed')
  const refusal = new Refusal(code, { detail: problem.message })
  problems.set(refusal, problem)
  return refusal
}

export function problemOf(refusal: Refusal): RpcProblem | undefined {
  return problems.get(refusal)
}

const problems = new WeakMap<Refusal, RpcProblem>()
