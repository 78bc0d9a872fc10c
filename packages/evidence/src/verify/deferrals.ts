import type { LeafRecord } from '../record.ts'
import type { Scene, SeenLeaf } from './watch.ts'

type Changed = Extract<LeafRecord, { type: 'deferral.changed' }>

export type Deferrals = { readonly see: (leaf: SeenLeaf, record: Changed) => void }

/**
 * A deferred call is made once: it runs before it ends, ends once, and is forgotten after that. What it was allowed
 * is told by the records of the call that was made.
 */
export function openDeferrals({ report, isWhole }: Scene): Deferrals {
  const states = new Map<string, string>()
  return {
    see: ({ index }, { call, state }) => {
      report.examined('approvals')
      // Where only a part is shown, what it was before may not be.
      const before = states.get(call) ?? (isWhole && !hasForgotten(states) ? 'WAITING' : undefined)
      const isNext = before === undefined ? isKnown(state) : next[before]?.includes(state)
      if (isNext !== true) report.find('deferral-state', { record: index })
      states.delete(call)
      states.set(call, state)
      const [oldest] = states.keys()
      if (states.size > statesMax && oldest !== undefined) states.delete(oldest)
    },
  }
}

const ended = ['FORGOTTEN']
const next: Readonly<Record<string, readonly string[]>> = {
  WAITING: ['RUNNING', 'CANCELLED'],
  RUNNING: ['DONE', 'FAILED', 'UNKNOWN'],
  DONE: ended,
  FAILED: ended,
  UNKNOWN: ended,
  CANCELLED: ended,
}

function isKnown(state: string): boolean {
  return Object.values(next).some((states) => states.includes(state))
}

/** Far more than wait at a time; the one that changed longest ago makes room. */
const statesMax = 100_000

function hasForgotten(states: ReadonlyMap<string, string>): boolean {
  return states.size >= statesMax
}
