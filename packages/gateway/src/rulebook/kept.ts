// More than this are made again rather than kept.
const keptMax = 10_000

/** What was made for this key before, or is now. */
export function kept<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const before = known.get(key)
  if (before !== undefined) return before
  const made = make()
  if (known.size >= keptMax) known.clear()
  known.set(key, made)
  return made
}
