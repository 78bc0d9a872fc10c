import type { Approval } from '../model/approval.ts'
import type { AdminNeeds } from './needs.ts'
import { openPlaces } from './places.ts'

/**
 * Resolves when the approval is no longer pending at this revision, when the time is over, when whoever waits
 * leaves, or when the gateway closes. Refuses `overloaded` with as many waiting as may: in all, or for `party`.
 */
export type Waits = (
  approval: Pick<Approval, 'id' | 'revision'>,
  options: { readonly party: string; readonly waitMs: number; readonly left: AbortSignal },
) => Promise<void>

/** For clients that cannot read an event stream. What the store tells only makes the wait short. */
export function openWaits({ store, desk, limits }: AdminNeeds, closing: AbortSignal): Waits {
  const places = openPlaces(limits)
  return async ({ id, revision }, { party, waitMs, left }) => {
    const leave = places(party)
    const ends = AbortSignal.any([left, closing, AbortSignal.timeout(waitMs)])
    let told = Promise.withResolvers<void>()
    const tell = () => told.resolve()
    const stop = store.onChange((change) => {
      if (change.id === id || change.kind === 'missed') tell()
    })
    ends.addEventListener('abort', tell)
    try {
      while (!ends.aborted) {
        told = Promise.withResolvers<void>()
        const approval = await desk.find(id)
        if (approval?.state !== 'PENDING' || approval.revision !== revision) return
        const timer = setTimeout(tell, pollMs)
        await told.promise
        clearTimeout(timer)
      }
    } finally {
      leave()
      stop()
      ends.removeEventListener('abort', tell)
    }
  }
}

const pollMs = 1_000
