/**
 * How many calls of one caller are held, so that none fills the gateway with calls that only wait.
 * `take` returns how to let go again, or undefined when this caller has as many as it may.
 */
export function openHolding(perCallerMax: number): {
  readonly take: (caller: string) => (() => void) | undefined
} {
  const held = new Map<string, number>()
  const change = (caller: string, by: number) => {
    const count = (held.get(caller) ?? 0) + by
    if (count > 0) held.set(caller, count)
    else held.delete(caller)
  }
  return {
    take: (caller) => {
      if ((held.get(caller) ?? 0) >= perCallerMax) return undefined
      change(caller, 1)
      return () => change(caller, -1)
    },
  }
}
