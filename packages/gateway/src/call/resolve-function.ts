import { decidingParties } from '../model/principal.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'
import type { Call, Identified, Reading, Resolved } from './stage.ts'

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
    const labels = await labelsOf(gate, { rules, principal: at.principal })
    const now = rulesOf(gate)
    if (now.rulebook.digest === rules.rulebook.digest) {
      return {
        ...at,
        ...reading,
        call: settled(at.call, reading),
        stage: 'resolved',
        rules,
        held,
        labels,
      }
    }
    rules = now
  }
}

/** What the session is labelled with now. Without it nothing can be decided. */
export async function labelsOf(
  gate: Pick<Gate, 'sessionLabels'>,
  { rules, principal }: Pick<Resolved, 'rules' | 'principal'>,
): Promise<readonly string[]> {
  if (rules.labelsBrought === undefined) return []
  try {
    return await gate.sessionLabels(principal.session)
  } catch (cause) {
    throw new Refusal('evidence-unavailable', { cause })
  }
}

/** Whether it may be deferred is a fact of the function, which its room could not know. */
function settled(call: Call, { fn }: Reading): Call {
  return call.deferred === 'if-deferrable' ? { ...call, deferred: fn.deferrable } : call
}

function rulesOf(gate: Gate): InForce {
  const rules = gate.rules()
  if (!rules) throw new Refusal('rulebook-missing')
  if (gate.rulesEnding()) throw new Refusal('rulebook-replaced')
  return rules
}
