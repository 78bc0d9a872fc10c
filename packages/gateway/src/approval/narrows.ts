import type { ClearanceTerms } from '../model/clearance.ts'

/**
 * Whether `to` allows strictly less than `from`: one call instead of several, fewer uses, less time, more
 * conditions (all of which hold). Of a window no session is made, nor the other way round: which of them is
 * less depends on the caller.
 */
export function narrows(from: ClearanceTerms, to: ClearanceTerms): boolean {
  if (from.kind === 'call') return false
  if (to.kind === 'call') return true
  if (to.kind !== from.kind || !isCount(to.uses) || !isCount(to.forMs)) return false
  const isWithin =
    to.uses <= from.uses &&
    to.forMs <= from.forMs &&
    from.when.every((condition) => to.when.includes(condition))
  const isLess =
    to.uses < from.uses ||
    to.forMs < from.forMs ||
    to.when.some((condition) => !from.when.includes(condition))
  return isWithin && isLess
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
