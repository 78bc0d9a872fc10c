import type { GrantStanding } from '../model/certification.ts'
import type { GrantUse } from '../store/reviews.ts'
import type { PartyUse, Usage } from './grant-view.ts'

export const dayMs = 86_400_000

/** Uses of each grant. */
export function usageBy(uses: readonly GrantUse[]): ReadonlyMap<string, readonly GrantUse[]> {
  return Map.groupBy(uses, ({ grant }) => grant)
}

/**
 * How often it was used. Where counting began later than the days that are asked about, a number that would read
 * as "not used" is left out: what nobody counted is unknown.
 */
export function usageOf(
  uses: readonly GrantUse[],
  { standing, at }: { readonly standing: GrantStanding | undefined; readonly at: number },
): Usage {
  const calls = (days: number) => callsSince(uses, { standing, at, days })
  return {
    countedSince: standing?.firstSeenAt,
    ...{ calls7: calls(7), calls30: calls(30), calls90: calls(90) },
    lastAt: uses.length === 0 ? undefined : Math.max(...uses.map(({ lastAt }) => lastAt)),
  }
}

export function callsSince(
  uses: readonly GrantUse[],
  asked: {
    readonly standing: GrantStanding | undefined
    readonly at: number
    readonly days: number
  },
): number | undefined {
  const { standing, at, days } = asked
  const from = Math.floor(at / dayMs) - days
  const calls = uses.reduce((sum, { day, calls }) => (day >= from ? sum + calls : sum), 0)
  // Counted from the day on which it was first seen: fewer days than asked for say nothing about the rest.
  const isWhole = standing !== undefined && standing.firstSeenAt <= at - days * dayMs
  return calls > 0 || isWhole ? calls : undefined
}

/** By whom, most calls first. */
export function usersOf(uses: readonly GrantUse[], at: number): readonly PartyUse[] {
  const from30 = Math.floor(at / dayMs) - 30
  return [...Map.groupBy(uses, ({ party }) => party)]
    .map(([party, rows]) => ({
      party,
      functions: [...new Set(rows.map((row) => row.function))].sort(),
      calls30: rows.reduce((sum, { day, calls }) => (day >= from30 ? sum + calls : sum), 0),
      calls90: rows.reduce((sum, { calls }) => sum + calls, 0),
      lastAt: Math.max(...rows.map(({ lastAt }) => lastAt)),
    }))
    .toSorted((one, other) => other.calls90 - one.calls90)
}
