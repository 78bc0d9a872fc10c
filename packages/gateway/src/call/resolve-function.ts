import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Identified, Resolved } from './stage.ts'

/** Which function this is, and with which arguments, by the rules in force now. */
export async function resolveFunction(gate: Gate, at: Identified): Promise<Resolved> {
  const rules = gate.rules()
  if (!rules) throw new Refusal('rulebook-missing')
  const reading = await at.call.read(rules)
  return { ...at, ...reading, stage: 'resolved', rules }
}
