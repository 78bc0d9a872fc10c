import type { Approval } from '../model/approval.ts'
import type { Approvals } from '../store/store.ts'

export type Denials = {
  readonly add: (approval: Approval) => void
  /** The id of a fresh denial of the call with this digest. */
  readonly find: (digest: string) => Promise<string | undefined>
}

/**
 * Denials of the last while, so that an agent that was told no does not ask people again at once.
 * Kept in memory and filled from the store on first use. A denial made through another process is
 * not known here until a restart: people are then asked once more, nothing is let through.
 */
export function rememberDenials(
  store: Approvals,
  { now, coolDownMs }: { readonly now: () => number; readonly coolDownMs: number },
): Denials {
  const denials = new Map<string, { readonly id: string; readonly until: number }>()
  const add = (approval: Approval) => {
    const at = approval.votes.find(({ verdict }) => verdict === 'deny')?.at ?? approval.createdAt
    const until = at + coolDownMs
    if (until <= now()) return
    const oldest = denials.size >= denialsMax ? denials.keys().next() : undefined
    if (oldest && !oldest.done) denials.delete(oldest.value)
    denials.set(approval.digest, { id: approval.id, until })
  }
  let filled: Promise<void> | undefined
  const fill = async () => {
    for (const approval of await store.approvals({ state: 'DENIED', limit: filledMax })) {
      add(approval)
    }
  }
  return {
    add,
    find: async (digest) => {
      filled ??= fill().catch((thrown: unknown) => {
        filled = undefined
        throw thrown
      })
      await filled
      const denial = denials.get(digest)
      if (!denial) return undefined
      if (denial.until > now()) return denial.id
      denials.delete(digest)
      return undefined
    },
  }
}

/** About 200 bytes each. The oldest is forgotten first: that call may be asked about again. */
const denialsMax = 10_000
/** One page. Denials beyond it are older, and forgotten by a restart. */
const filledMax = 200
