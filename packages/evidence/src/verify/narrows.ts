import type { Terms } from '../record.ts'

/**
 * Whether `to` allows strictly less than `from`: one call instead of several, fewer uses, less time, more
 * conditions. Of a window no session is made, nor the other way round.
 */
export function narrows(from: Terms, to: Terms): boolean {
  if (from.kind === 'call') return false
  if (to.kind === 'call') return true
  if (to.kind !== from.kind) return false
  const [before, after] = [boundsOf(from), boundsOf(to)]
  const isWithin =
    after.uses <= before.uses &&
    after.for <= before.for &&
    before.when.every((condition) => after.when.includes(condition))
  const isLess =
    after.uses < before.uses ||
    after.for < before.for ||
    after.when.some((condition) => !before.when.includes(condition))
  return isWithin && isLess
}

/** What is not said of an offer of several calls is the least there is. */
function boundsOf({ uses = 1, for: forMs = 0, when = [] }: Terms) {
  return { uses, for: forMs, when }
}
