import { accept } from './accept.ts'
import { authorize } from './authorize.ts'
import { awaitApproval } from './await-approval.ts'
import { checkReview } from './check-review.ts'
import { recordEnding } from './ending.ts'
import type { Gate } from './gate.ts'
import { guardArguments } from './guard-arguments.ts'
import { identify } from './identify.ts'
import { maskResult } from './mask-result.ts'
import { recordIntent } from './record-intent.ts'
import { recordOutcome } from './record-outcome.ts'
import { resolveFunction } from './resolve-function.ts'
import type { Call, Reply, Stage } from './stage.ts'

/**
 * One call through the gateway, top to bottom. This is the whole story: no step can be skipped or
 * moved, because each takes the type that only the step before it returns. Assigning to `at` narrows
 * it, so the next line compiles only if this one ran; the `catch` reads how far the call came.
 *
 * `forward` takes a `Recorded` call, so nothing leaves the house before its intent is durable; only
 * a witnessed `Reply` can be returned, so nothing is released before its outcome is (or, for a stream,
 * before each stretch of it is committed to).
 *
 * Throws only `Refusal`, after the refusal itself has been recorded.
 */
export async function govern(gate: Gate, call: Call): Promise<Reply> {
  let at: Stage = accept(gate, call)
  try {
    at = await identify(gate, at)
    at = await resolveFunction(gate, at)
    at = authorize(gate, at)
    at = checkReview(gate, at)
    at = await guardArguments(gate, at)
    at = await awaitApproval(gate, at)
    at = await recordIntent(gate, at)
    const credential = await gate.credential(at)
    const raw = await gate.forward(at, credential)
    if (raw.stated !== undefined) gate.onWire(at.connection.id, raw.stated)
    const masked = maskResult(gate, at, credential, raw)
    return await recordOutcome(gate, at, masked)
  } catch (thrown) {
    throw await recordEnding(gate, at, thrown)
  }
}
