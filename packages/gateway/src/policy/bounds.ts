import type { GrantUsed } from '../model/decision.ts'
import type { PolicySource } from '../model/rulebook.ts'

/** The longest time between two reviews of a grant, in days: none goes a year without a look. */
export const reviewDaysMax = 366

/** What bounds a grant, from its annotations. Those that cannot be read are left out; see annotations.ts. */
export function grantOf({ id, annotations }: PolicySource): GrantUsed {
  const { owner, fields, expires, review } = annotations
  const expiresAt = expires === undefined ? undefined : parseExpiry(expires)
  const reviewDays = review === undefined ? undefined : parseReviewDays(review)
  return {
    id,
    ...(owner !== undefined && { owner }),
    ...(fields !== undefined && { fields: splitList(fields) }),
    // An expiry nobody can read has passed.
    ...(expires !== undefined && { expiresAt: expiresAt ?? 0 }),
    ...(reviewDays !== undefined && { reviewDays }),
  }
}

/** The groups that all have to approve, from `@approval`; empty when the guardrail is not approvable. */
export function approverGroupsOf({ effect, annotations }: PolicySource): readonly string[] {
  const { approval } = annotations
  return effect === 'forbid' && approval !== undefined ? splitList(approval) : []
}

/** `90d` to 90. */
export function parseReviewDays(text: string): number | undefined {
  const days = /^([1-9]\d{0,3})d$/.exec(text)?.[1]
  return days !== undefined && Number(days) <= reviewDaysMax ? Number(days) : undefined
}

/** RFC 3339 date or date-time to Unix milliseconds. A date ends the grant as that day begins, in UTC. */
export function parseExpiry(text: string): number | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))?$/.exec(
      text,
    )
  if (!match) return undefined
  const [, year, month, day] = match.map(Number)
  // Date rolls 30 February over into March; that is no date.
  const midnight = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0))
  if (midnight.getUTCMonth() + 1 !== month || midnight.getUTCDate() !== day) return undefined
  const ms = Date.parse(text.toUpperCase())
  return Number.isNaN(ms) ? undefined : ms
}

/** Splits at the commas outside brackets and quotes: a JSONPath may hold commas of its own. */
export function splitList(text: string): readonly string[] {
  const parts = text.match(/(?:\[(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\]'"])*\]|[^,[])+/g) ?? []
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}
