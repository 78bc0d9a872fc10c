import { limits } from '../config/limits.ts'
import type { Publication } from '../store/publication.ts'
import type { Store } from '../store/store.ts'

/** Whose task it is to publish: of several gateways that share a store, one has it at a time. */
export type IntegratorLease = {
  /** `kept`: it was ours all the while. `taken`: it is ours again, and another may have published meanwhile. */
  readonly take: () => Promise<'kept' | 'taken' | 'elsewhere'>
  /** What a swap has to show; undefined while another gateway has the task, as far as is known. */
  readonly fence: () => number | undefined
  /** Asks the store. */
  readonly isKept: () => Promise<boolean>
  /** Runs `work`, which may take longer than a lease, and renews that meanwhile. */
  readonly keeping: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Lets another gateway have it at once. */
  readonly release: () => Promise<void>
}

/** Another integrator took this log over: this one may not publish. */
export class Fenced extends Error {
  override readonly name = 'Fenced'
  constructor(cause?: unknown) {
    super('another integrator has taken over this log', { cause })
  }
}

/** Claims it. In a home of one gateway, whoever lost it has lost it for good: `take` rejects with `Fenced`. */
export async function openLease(needs: {
  readonly store: Publication & Pick<Store, 'instances'>
  /** Who this is, for people who look at the database. */
  readonly holder: string
}): Promise<IntegratorLease> {
  const { store, holder } = needs
  const lease = { leaseMs: limits.integratorLeaseMs }
  const isAlone = store.instances === 'one'
  let fence = await store.claimIntegrator(holder, lease)

  const isKept = async () => fence !== undefined && (await store.renewIntegrator(fence, lease))
  return {
    fence: () => fence,
    isKept,
    take: async () => {
      if (await isKept()) return 'kept'
      if (isAlone) throw new Fenced()
      fence = undefined
      fence = await store.claimIntegrator(holder, lease)
      return fence === undefined ? 'elsewhere' : 'taken'
    },
    keeping: async (work) => {
      if (isAlone) return work()
      const timer = setInterval(() => void isKept().catch(() => false), lease.leaseMs / 3)
      try {
        return await work()
      } finally {
        clearInterval(timer)
      }
    },
    release: async () => {
      const held = fence
      if (held === undefined || isAlone) return
      fence = undefined
      await store.releaseIntegrator(held)
    },
  }
}
