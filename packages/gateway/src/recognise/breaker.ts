/** Whether somebody else's server is asked at all. */
export type Breaker = {
  /** False: it failed too often, and is left alone for a while. Who is told true says how it went. */
  readonly mayTry: () => boolean
  readonly succeeded: () => void
  readonly failed: () => void
}

/**
 * Opens after `failures` in a row, so that calls fail at once instead of each waiting out its timeout. After
 * `restMs` one call tries; the others go on failing until it has succeeded.
 */
export function openBreaker(needs: {
  readonly failures: number
  readonly restMs: number
  readonly now: () => number
}): Breaker {
  const { failures, restMs, now } = needs
  let inARow = 0
  let openUntil = 0
  return {
    mayTry: () => {
      if (inARow < failures) return true
      if (now() < openUntil) return false
      // This call tries for all; should it never come back, the next tries after another rest.
      openUntil = now() + restMs
      return true
    },
    succeeded: () => {
      inARow = 0
    },
    failed: () => {
      inARow += 1
      if (inARow >= failures) openUntil = now() + restMs
    },
  }
}
