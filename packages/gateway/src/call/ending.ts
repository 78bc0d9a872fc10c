import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Approved, Outcome, Recorded, RecordPosition, Stage } from './stage.ts'

/**
 * A call that did not reach its reply ends here, whatever stage it reached: a denial when nothing was
 * forwarded, an outcome when something may have been. Durable before the caller hears of it; when even
 * that is impossible the caller still gets a "no", and the intent without an ending stays visible.
 */
export async function recordEnding(gate: Gate, at: Stage, thrown: unknown): Promise<Refusal> {
  const refusal = refusalOf(at, thrown)
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

/** Writes down how a call that may have had its effect ended; after that it holds no clearance any more. */
export async function appendOutcome(
  gate: Gate,
  at: Recorded,
  outcome: Outcome,
): Promise<RecordPosition> {
  const position = await gate.appendOutcome(at, outcome)
  letGo(gate, at)
  return position
}

/** Why it ended. A call that was cut off because what allowed it was revoked looks as if its caller had left. */
export function refusalOf(at: Stage, thrown: unknown): Refusal {
  const refusal = Refusal.from(thrown)
  if (refusal.code !== 'caller-left' || !('approval' in at)) return refusal
  const { facts } = refusal
  const { signal } = at.call
  const cleared = at.approval?.revoked
  if (cleared?.aborted === true && signal.reason === cleared.reason) {
    return new Refusal('clearance-revoked', { facts })
  }
  const isUngranted = at.grantsRevoked.aborted && !signal.aborted
  return isUngranted ? new Refusal('grant-revoked', { facts }) : refusal
}

async function append(gate: Gate, at: Stage, refusal: Refusal): Promise<RecordPosition> {
  if (at.stage === 'recorded') {
    return appendOutcome(gate, at, {
      ending: refusal.code === 'caller-left' ? 'aborted' : refusal.code,
      head: undefined,
      findings: [],
      received: undefined,
      returned: undefined,
      streamed: undefined,
    })
  }
  const position = await gate.appendDenial(at, refusal)
  if (at.stage === 'approved') letGo(gate, at)
  return position
}

function letGo(
  gate: Gate,
  { approval, id, outbound }: Pick<Approved, 'approval' | 'id' | 'outbound'>,
): void {
  if (!approval) return
  const isWatch = outbound.protocol === 'mcp' && outbound.to === 'watch'
  gate.clearanceDone(approval, id, isWatch ? outbound.watch.until : undefined)
}
