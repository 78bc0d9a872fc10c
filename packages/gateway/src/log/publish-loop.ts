import { type Integrator, LogRefused } from './integrate.ts'
import { Fenced } from './integrator-lease.ts'

export type PublishLoop = {
  /** Something was stored. Costs nothing when it is known already. */
  readonly nudge: () => void
  /** Why publishing fails now, and for how long (milliseconds); undefined while it works. */
  readonly failing: () => { readonly why: string; readonly forMs: number } | undefined
  /** How often an attempt failed since the start. */
  readonly failures: () => number
  /** Ends publishing for good: what is thrown is why, as if an attempt had met it. */
  readonly refuse: (thrown: LogRefused) => Promise<void>
  /** Runs `work` while nothing is being published. */
  readonly between: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Waits for what is under way; nothing is published of itself after. Says whether anything may be. */
  readonly close: () => Promise<{ readonly refused: boolean }>
}

/**
 * Publishes soon after the first new leaf: a timer that is armed by it, and nothing to do when idle. After a
 * failure it tries again by itself, less and less often, until it works.
 */
export function openPublishLoop(options: {
  readonly integrator: Pick<Integrator, 'run'>
  /** From the first new leaf to the beginning of a growth. */
  readonly delayMs: number
  readonly retryMs: number
  readonly retryMsMax: number
  /** When nothing is stored: how often to look all the same; absent: never. */
  readonly idleMs?: number | undefined
  readonly onPublished: () => Promise<void>
  readonly onFailure: (thrown: unknown) => void
  readonly onRecovery: () => void
}): PublishLoop {
  const { integrator, delayMs, retryMs, retryMsMax } = options
  let timer: NodeJS.Timeout | undefined
  let idle: NodeJS.Timeout | undefined
  let closed = false
  let refused = false
  let nudged = false
  let failures = 0
  let failed: { readonly why: string; readonly since: number; readonly times: number } | undefined
  /** Everything that touches what is published goes through this one queue. */
  let last: Promise<unknown> = Promise.resolve()

  const between: PublishLoop['between'] = (work) => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  const arm = (ms: number) => {
    if (timer !== undefined || closed || refused) return
    timer = setTimeout(() => void between(attempt), ms)
  }
  const rest = () => {
    if (options.idleMs === undefined || closed || refused) return
    idle = setTimeout(() => void between(attempt), options.idleMs)
  }
  const attempt = async () => {
    if (refused) return
    clearTimeout(idle)
    nudged = false
    try {
      await integrator.run()
      await options.onPublished()
      if (failed) options.onRecovery()
      failed = undefined
      timer = undefined
      if (nudged) arm(delayMs)
    } catch (thrown) {
      fail(thrown)
    }
    rest()
  }
  const fail = (thrown: unknown) => {
    const times = (failed?.times ?? 0) + 1
    const why = thrown instanceof Error ? thrown.message : 'unknown'
    if (why !== failed?.why) options.onFailure(thrown)
    failed = { why, since: failed?.since ?? performance.now(), times }
    failures++
    timer = undefined
    // Trying again would not make it true, or ours.
    const isFenced = thrown instanceof Fenced && options.idleMs === undefined
    if (isFenced || thrown instanceof LogRefused) refused = true
    arm(Math.min(retryMs * 2 ** Math.min(times - 1, 20), retryMsMax))
  }
  return {
    nudge: () => {
      nudged = true
      arm(delayMs)
    },
    failing: () => failed && { why: failed.why, forMs: performance.now() - failed.since },
    failures: () => failures,
    refuse: (thrown) =>
      between(async () => {
        if (refused) return
        clearTimeout(timer)
        fail(thrown)
      }),
    between,
    close: async () => {
      closed = true
      clearTimeout(timer)
      clearTimeout(idle)
      await last
      return { refused }
    },
  }
}
