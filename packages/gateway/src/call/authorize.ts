import type { Decision, Question } from '../model/decision.ts'
import type { Held } from '../model/function-hold.ts'
import { decidingParties } from '../model/principal.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Authorized, Resolved } from './stage.ts'

/**
 * Policy's answer, and the scope of the key that was used. Default deny. What policy permits is still refused while
 * the function waits for its owner, who was told.
 */
export function authorize(gate: Gate, at: Resolved): Authorized {
  const { scope } = at.principal
  if (scope && !scope.some((entry) => covers(entry, at.fn.id))) throw new Refusal('scope-exceeded')
  const decidedAt = gate.now()
  const decision = decide(gate, at, decidedAt, [])
  if (decision.effect === 'forbid') throw denied(decision, decidedAt)
  if (at.held) throw quarantined(at.held)
  return { ...at, stage: 'authorized', decision, decidedAt }
}

/** Asks policy about this call as it stands, with these groups' approval and its parties' timed grants in hand. */
export function decide(
  gate: Pick<Gate, 'timedGrants'>,
  at: Omit<Resolved, 'stage'>,
  time: number,
  approvedBy: readonly string[],
): Decision {
  const question = questionOf(at, time, approvedBy)
  const given = gate.timedGrants(
    question.parties.map(({ id }) => id),
    at.fn.id,
  )
  if (given.length === 0) return at.rules.decide(question)
  const timed = given
    .filter(({ when }) => when.length === 0 || at.rules.fits(at.fn, when, question))
    .map(({ party, id }) => ({ party, id }))
  return at.rules.decide({ ...question, timed })
}

/** What policy is asked about this call. */
export function questionOf(
  at: Omit<Resolved, 'stage'>,
  time: number,
  approvedBy: readonly string[],
): Question {
  return {
    parties: decidingParties(at.principal),
    subject: at.principal.subject,
    functionId: at.fn.id,
    args: at.args.values,
    ...(at.args.exactNumber && { exactNumber: at.args.exactNumber }),
    session: at.principal.session,
    labels: at.labels,
    time,
    source: at.call.source,
    approvedBy,
  }
}

/** Also for an intent that came too late: see log/append.ts. */
export function quarantined({ why }: Partial<Held>, cause?: unknown): Refusal {
  return new Refusal('function-quarantined', {
    ...(why && { detail: heldBecause[why], facts: { why } }),
    ...(cause !== undefined && { cause }),
  })
}

const heldBecause: Readonly<Record<Held['why'], string>> = {
  drift: 'Its upstream describes it otherwise than it was registered.',
  gone: 'Its upstream does not describe it any more.',
  new: 'Nobody has registered it yet.',
  unread: 'Its upstream was asked whether it is what was registered, and gave no readable answer.',
}

/** The refusal for a forbid: which policies determined it, in their own words, never any argument. */
export function denied(
  decision: Extract<Decision, { effect: 'forbid' }>,
  decidedAt: number,
): Refusal {
  const said = decision.reasons.flatMap((reason) => (reason.text ? [reason.text] : []))
  const broken = decision.errors.length
    ? [`These policies could not be evaluated with these arguments: ${decision.errors.join(', ')}.`]
    : []
  const silent = decision.reasons.length + broken.length === 0
  return new Refusal('policy-denied', {
    decidedAt,
    detail: silent ? 'No grant permits it.' : [...said, ...broken].join(' '),
    facts: {
      policies: decision.reasons.map((reason) => reason.policy),
      ...(decision.errors.length > 0 && { errors: decision.errors }),
    },
  })
}

/** `crm.*` covers every function of the connection; anything else only itself. */
export function covers(entry: string, functionId: string): boolean {
  return entry.endsWith('.*') ? functionId.startsWith(entry.slice(0, -1)) : entry === functionId
}
