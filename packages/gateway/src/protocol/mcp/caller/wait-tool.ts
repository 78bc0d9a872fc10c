import type { FollowUps, Question } from '../../../call/follow-up.ts'
import type { Call } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import { invalidParams } from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import type { RpcProblem } from '../message/problem.ts'
import { waitedResult, waitToolName } from './approval-said.ts'
import { isInReach } from './in-reach.ts'

/** As it is listed. */
export const waitTool: JsonObject = {
  name: waitToolName,
  title: 'Wait for an approval',
  description:
    'Waits until people have answered whether a call may be made, for up to 45 seconds. Give it the approval_id of the refusal; when it says that the call is approved, repeat the identical call.',
  inputSchema: {
    type: 'object',
    properties: { approval_id: { type: 'string', description: 'The approval_id of the refusal.' } },
    required: ['approval_id'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
}

/** Whether a request is to the gateway's own tool: no function is, whatever it is called. */
export function isWait({ method, params }: CallerRequest): boolean {
  return method === 'tools/call' && params.name === waitToolName
}

export type WaitAsked = {
  readonly request: CallerRequest
  readonly principal: Principal
  /** The connection that is addressed; empty for all of them. */
  readonly endpoint: string
  /** Looked at again before it is said how things stand. */
  readonly asker: Pick<Call, 'proof' | 'sessionName' | 'audience' | 'scopes'>
  /** Aborted when the caller leaves or the gateway stops. */
  readonly signal: AbortSignal
}

/**
 * Waits for the answer to a question of this caller's own. Nothing of it is a call: it decides nothing and reaches no
 * upstream. Refuses `unauthenticated` when the proof does not count any more.
 */
export async function answerWait(
  followUps: FollowUps,
  { request, principal, endpoint, asker, signal }: WaitAsked,
): Promise<JsonObject | RpcProblem> {
  const { arguments: args } = request.params
  const id = isJsonObject(args) ? args.approval_id : undefined
  if (typeof id !== 'string' || id.length > idChars) {
    return invalidParams('`approval_id` is the one that the refusal said.')
  }
  const until = performance.now() + limits.mcpHoldMs
  for (;;) {
    // Registered before the look, so that nothing between the two is slept through.
    const woken = followUps.watch(id)
    try {
      const question: Question | undefined = await followUps.question(id, principal)
      if (!question || !isInReach(question, { principal, endpoint })) {
        return invalidParams('There is no such approval of yours.')
      }
      const leftMs = until - performance.now()
      if (question.state !== 'PENDING' || leftMs <= 0 || signal.aborted) {
        return waitedResult(question)
      }
      await woken.within(leftMs, signal)
      await followUps.identify(asker)
    } finally {
      woken.forget()
    }
  }
}

/** An id of ours has forty. */
const idChars = 64
