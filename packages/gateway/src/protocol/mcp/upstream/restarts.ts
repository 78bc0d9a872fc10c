import { setTimeout as wait } from 'node:timers/promises'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'

type Crashed = { count: number; notBefore: number }

/** Which child processes crashed, so that one that always does is not started for every call. */
export class Restarts {
  readonly #crashed = new Map<string, Crashed>()

  /** Waits until it may be started again, or refuses where that takes longer than a call should wait. */
  async turn(key: string): Promise<void> {
    const waitMs = (this.#crashed.get(key)?.notBefore ?? 0) - performance.now()
    if (waitMs <= 0) return
    if (waitMs <= limits.mcpRestartWaitMs) return wait(waitMs)
    const detail = 'Its process ended by itself; it is started again in a while.'
    throw new Refusal('upstream-unreachable', { detail })
  }

  crashed(key: string): void {
    const count = (this.#crashed.get(key)?.count ?? 0) + 1
    const waitMs = Math.min(limits.mcpRestartMs * 2 ** (count - 1), limits.mcpRestartMsMax)
    // The newest last: what is forgotten first crashed longest ago.
    this.#crashed.delete(key)
    this.#crashed.set(key, { count, notBefore: performance.now() + waitMs })
    const [oldest] = this.#crashed.keys()
    if (this.#crashed.size > limits.mcpSessions && oldest !== undefined) {
      this.#crashed.delete(oldest)
    }
  }

  answered(key: string): void {
    this.#crashed.delete(key)
  }
}
