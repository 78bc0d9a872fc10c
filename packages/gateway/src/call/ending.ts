import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Stage } from './stage.ts'

/**
 * A call that did not reach its reply ends here, whatever stage it reached: a denial when nothing was
 * forwarded, an outcome when something may have been. Durable before the caller hears of it; when even
 * that is impossible the caller still gets a "no", and the intent without an ending stays visible.
 */
export async function recordEnding(gate: Gate, at: Stage, thrown: unknown): Promise<Refusal> {
  const refusal = Refusal.from(thrown)
  gate.logFault(at, refusal)
  try {
    const { origin, index } = await append(gate, at, refusal)
    refusal.record = `${origin}#${index}`
    refusal.callId = at.id
    return refusal
  } catch (cause) {
    const unrecorded = new Refusal('evidence-unavailable', { cause })
    unrecorded.callId = at.id
    gate.logFault(at, unrecorded)
    return unrecorded
  }
}

function append(gate: Gate, at: Stage, refusal: Refusal) {
  if (at.stage !== 'recorded') return gate.appendDenial(at, refusal)
  return gate.appendOutcome(at, {
    ending: refusal.code === 'caller-left' ? 'aborted' : refusal.code,
    head: undefined,
    findings: [],
    received: undefined,
    returned: undefined,
    streamed: undefined,
  })
}
