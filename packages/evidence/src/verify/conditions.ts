import type { Cedar } from './cedar.ts'
import { type Question, requestFor } from './replay.ts'

export type Conditions = {
  /**
   * Whether every expression is true of the call asked about at this moment (RFC 3339). What cannot be evaluated is
   * not true; undefined where Cedar cannot take them, or has been given too many already.
   */
  readonly hold: (when: readonly string[], question: Question, time: string) => boolean | undefined
}

/**
 * Asks the auditor's own Cedar what a clearance demands of the calls that use it, or a review of those by a grant.
 * `name`: nobody else's, or Cedar would take the one's conditions for the other's.
 */
export function openConditions(cedar: Cedar, name: string): Conditions {
  const known = new Map<string, string>()
  const idOf = (when: readonly string[]) => {
    const key = JSON.stringify(when)
    const id = known.get(key) ?? `${name} ${known.size}`
    if (known.size < conditionsMax) known.set(key, id)
    return known.has(key) ? id : undefined
  }
  return {
    hold: (when, question, time) => {
      const id = idOf(when)
      const request = requestFor({ ...question, time, approvedBy: [] })
      if (id === undefined || !request) return undefined
      const policies = when.map((expression, n) => ({
        id: `${n}`,
        effect: 'permit' as const,
        text: `permit (principal, action, resource) when { (${expression}) };`,
        approverGroups: [],
      }))
      const answer = cedar.ask(id, { ...question.content, policies }, request)
      // A permit that is true is named; so all of them are true when all are named.
      return answer && new Set(answer.determining).size === when.length
    },
  }
}

/** Cedar keeps each set of policies it was given: more than people agree on in any log they read. */
const conditionsMax = 1000
