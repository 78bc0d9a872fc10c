import { isJsonObject, type JsonObject } from './json.ts'

/** What a rulebook says about reviews, as far as the checks read it. Times are milliseconds. */
export type ReviewFacts = {
  /** Whether staleness changes what a call may do. */
  readonly isEnforced: boolean
  /** By tier. */
  readonly cadenceMs: Readonly<Record<string, number>>
  /** By tier: how long after it is stale a grant still counts. */
  readonly graceMs: Readonly<Record<string, number>>
  /** How long a grant that nobody certified yet is trusted. */
  readonly initialMs: number
  /** The approver group that stands for an owner. */
  readonly ownerFlow: (owner: string) => string
}

/** Reads the `reviews` of a rulebook's content; one that has none says what the gateway's defaults say. */
export function reviewFacts(reviews: unknown): ReviewFacts {
  const { mode, tiers, initialMs, owners } = isJsonObject(reviews) ? reviews : {}
  return {
    isEnforced: mode !== 'report',
    cadenceMs: { ...cadences, ...ofTiers(tiers, 'cadenceMs') },
    graceMs: { ...graces, ...ofTiers(tiers, 'graceMs') },
    initialMs: typeof initialMs === 'number' ? initialMs : 30 * dayMs,
    ownerFlow: (owner) => {
      const one = isJsonObject(owners) ? owners[owner] : undefined
      const groups = isJsonObject(one) && Array.isArray(one.groups) ? one.groups : []
      return groups.length === 1 ? String(groups[0]) : owner
    },
  }
}

function ofTiers(tiers: unknown, name: string): Readonly<Record<string, number>> {
  const said: readonly (readonly [string, unknown])[] = Object.entries(
    isJsonObject(tiers) ? tiers : {},
  ).map(([tier, rule]) => [tier, isJsonObject(rule) ? rule[name] : undefined])
  const given = said.filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(given)
}

const dayMs = 86_400_000
const cadences = {
  critical: 30 * dayMs,
  high: 90 * dayMs,
  medium: 180 * dayMs,
  low: 365 * dayMs,
}
const graces = { critical: 7 * dayMs, high: 14 * dayMs, medium: 30 * dayMs, low: 60 * dayMs }

/** What the review of a grant depends on beside its text. */
export type PermitFacts = {
  /** `@review`, milliseconds; undefined: as its tier says. */
  readonly reviewMs: number | undefined
  /** Party id of the one person it is given to by name. */
  readonly holder: string | undefined
  /** Whose yes a call needs while its review is overdue. */
  readonly owner: string | undefined
  /** `@expires`, Unix milliseconds; undefined: it has none. */
  readonly expiresAt: number | undefined
}

export function permitFacts(annotations: JsonObject, text: string): PermitFacts {
  const days = /^(\d{1,4})d$/.exec(typeof annotations.review === 'string' ? annotations.review : '')
  const holder = /\bprincipal == User :: ("(?:[^"\\]|\\.)*") ,/.exec(text)?.[1]
  return {
    reviewMs: days ? Number(days[1]) * dayMs : undefined,
    holder: holder === undefined ? undefined : unquoted(holder),
    owner: typeof annotations.owner === 'string' ? annotations.owner : undefined,
    expiresAt: typeof annotations.expires === 'string' ? expiryOf(annotations.expires) : undefined,
  }
}

/** RFC 3339; a date ends the grant as that day begins, in UTC. */
function expiryOf(text: string): number | undefined {
  const ms = Date.parse(text.toUpperCase())
  return Number.isNaN(ms) ? undefined : ms
}

export function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    // Cedar's own escapes, which no id needs.
    return undefined
  }
}
