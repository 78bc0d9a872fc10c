import { decidingParties } from '../model/principal.ts'
import type { Gate, InForce } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Identified, Resolved } from './stage.ts'

/**
 * Which function this is, and with which arguments, by the rules in force now. A body may take minutes to
 * arrive: when the rules were replaced meanwhile, what arrived is read again by the new ones, so that
 * nothing withdrawn in that time is still granted.
 */
export async function resolveFunction(gate: Gate, at: Identified): Promise<Resolved> {
  // Before anything of the body is held: a stranger has no share, and nobody has more than one.
  at.call.admit(decidingParties(at.principal).map(({ id }) => id))
  let rules = rulesOf(gate)
  for (;;) {
    const reading = await at.call.read(rules)
    const held = await gate.isHeld(reading.fn.id)
    const now = rulesOf(gate)
    if (now.rulebook.digest === rules.rulebook.digest) {
      return { ...at, ...reading, stage: 'resolved', rules, held }
    }
    rules = now
  }
}

function rulesOf(gate: Gate): InForce {
  const rules = gate.rules()
  if (!rules) throw new Refusal('rulebook-missing')
  return rules
}
