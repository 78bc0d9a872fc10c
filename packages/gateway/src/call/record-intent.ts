import type { Gate } from './gate.ts'
import { confirmProof } from './identify.ts'
import { Refusal } from './refusal.ts'
import { refuseReplaced } from './refuse-replaced.ts'
import type { Approved, Recorded } from './stage.ts'

/**
 * Evidence before effect. When this returns, the intent survives a crash. If we crash right after, the
 * restart finds an intent without an ending and says so (`reconcile.indeterminate`); it never guesses.
 * Nothing that waits comes between the last look at the proof and at the rules, and the intent: an intent that is
 * written after other rules came into force was judged by those, however long its arguments took to be masked.
 */
export async function recordIntent(gate: Gate, at: Approved): Promise<Recorded> {
  if (at.call.signal.aborted) throw new Refusal('caller-left')
  if (at.grantsRevoked.aborted) throw new Refusal('grant-revoked')
  await confirmProof(gate, at.call)
  refuseReplaced(gate, at)
  try {
    return { ...at, stage: 'recorded', intent: await gate.appendIntent(at) }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal('evidence-unavailable', { cause })
  }
}
