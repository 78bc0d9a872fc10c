import type { Approval } from '../model/approval.ts'

export type Quota = {
  readonly isFull: (caller: string) => boolean
  readonly opened: (approval: Approval) => void
  readonly settled: (approval: Approval) => void
}

/**
 * How many questions wait for people, of one caller and in all, so that no agent buries its approvers.
 * Counts what was opened through this process since it started: after a restart it is lenient, never
 * strict.
 */
export function openQuota({
  now,
  pendingMax,
}: {
  readonly now: () => number
  readonly pendingMax: number
}): Quota {
  const open = new Map<string, Pick<Approval, 'actors' | 'subject' | 'decideBy'>>()
  const forgetExpired = () => {
    for (const [id, { decideBy }] of open) if (decideBy <= now()) open.delete(id)
  }
  const isFull = (caller: string) => {
    if (open.size >= pendingMax) return true
    if (open.size < pendingPerCallerMax) return false
    let theirs = 0
    for (const approval of open.values()) if (callerOf(approval) === caller) theirs += 1
    return theirs >= pendingPerCallerMax
  }
  return {
    isFull: (caller) => {
      if (!isFull(caller)) return false
      forgetExpired()
      return isFull(caller)
    },
    opened: (approval) => {
      open.set(approval.id, approval)
    },
    settled: ({ id }) => {
      open.delete(id)
    },
  }
}

function callerOf({ actors, subject }: Pick<Approval, 'actors' | 'subject'>): string {
  return actors[0] ?? subject
}

/** A caller that waits for this many answers has asked enough. */
const pendingPerCallerMax = 20
