import type { Change, StoreChange } from '../store.ts'

/** What listeners are told of a change: which things have another state now, and no value of it. */
export function changesOf(change: Change): readonly StoreChange[] {
  switch (change.kind) {
    case 'approval.open':
    case 'deferral.open':
      return [{ kind: 'approval', id: change.approval.id }]
    case 'deferral.update':
      return [{ kind: 'approval', id: change.deferral.approval }]
    case 'approval.update': {
      const { approval, clearance } = change
      const issued = clearance ? [{ kind: 'clearance', id: clearance.id } as const] : []
      return [{ kind: 'approval', id: approval.id }, ...issued]
    }
    case 'clearance.update':
    case 'break-glass.open':
      return [{ kind: 'clearance', id: change.clearance.id }]
    case 'principal.lock':
      return [{ kind: 'principal', id: change.lock.principal }]
    case 'principal.unlock':
      return [{ kind: 'principal', id: change.principal }]
    case 'rulebook.put':
      return [{ kind: 'rulebook', id: change.digest }]
    case 'grant.update':
      return [{ kind: 'grant', id: change.standing.grant }]
    case 'review.update': {
      const { item, standing } = change
      const restated = standing ? [{ kind: 'grant', id: standing.standing.grant } as const] : []
      return [{ kind: 'campaign', id: item.campaign }, ...restated]
    }
    case 'campaign.open':
    case 'campaign.update':
      return [{ kind: 'campaign', id: change.campaign.id }]
    case 'timed.update':
      return [{ kind: 'timed', id: change.timed.id }]
    case 'function.hold':
      return [{ kind: 'function', id: change.hold.function }]
    default:
      return []
  }
}

/** Calls everybody who listens. A listener that throws is its own problem, and nobody else's. */
export function openListeners(): {
  readonly onChange: (listener: (change: StoreChange) => void) => () => void
  readonly tell: (change: StoreChange) => void
} {
  const listeners = new Set<(change: StoreChange) => void>()
  return {
    onChange: (listener) => {
      const own = (change: StoreChange) => listener(change)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell: (change) => {
      for (const listener of listeners) queueMicrotask(() => listener(change))
    },
  }
}
