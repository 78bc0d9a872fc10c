/** A moment as lists show it, in UTC to the second: `2026-01-07 12:00:05`. */
export function moment(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}

/** A length of time in its two largest units: `340ms`, `4.2s`, `3m 20s`, `2h 5m`. */
export function lengthOf(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ]
  let rest = ms
  const parts: string[] = []
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}

/** From one RFC 3339 time to another, milliseconds. */
export function between(start: string, end: string): number {
  return Date.parse(end) - Date.parse(start)
}
