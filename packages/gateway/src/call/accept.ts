import type { Gate } from './gate.ts'
import type { Accepted, Call } from './stage.ts'

/** Gives the call its id and its beginning. Nothing in it has been checked yet. */
export function accept(gate: Gate, call: Call): Accepted {
  return { stage: 'accepted', id: gate.newId(), startedAt: gate.now(), call }
}
