import { limits } from '../config/limits.ts'
import { MaskError } from '../mask/plan.ts'

/** The time that all rules of a rulebook have for one text. */
export type SearchTime = {
  /** Another text, or the same once more. */
  readonly begin: () => void
  /** Throws `MaskError` once it is used up. */
  readonly check: () => void
  /** The same, and cheap enough for each match: it looks every few times only. */
  readonly checkOften: () => void
}

/**
 * Each search is linear, but there may be as many as the text has characters, and a pattern such as `x.*y|x` reads to
 * the end of the text in each. Counted is the time of this thread, so that neither a busy machine nor what other threads
 * do withholds anything.
 */
export function searchTime(usedMs: () => number = threadMs): SearchTime {
  let began = 0
  let times = 0
  const check = () => {
    if (usedMs() - began <= limits.ruleSearchMs) return
    throw new MaskError('The rules of the rulebook take too long for a text.')
  }
  return {
    begin: () => {
      began = usedMs()
    },
    check,
    checkOften: () => {
      times += 1
      if (times % timesTogether === 0) check()
    },
  }
}

/** Asking for the time takes a microsecond, as long as a search for a match that is near. */
const timesTogether = 16

/** What this thread has used of a processor. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
