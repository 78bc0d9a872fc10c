import type { Ledger } from '../store/store.ts'

/**
 * Says at a fixed interval that this emitter is alive, so that silence is a gap an auditor sees. `elapsed` is
 * by the monotonic clock: together with the leaf's time it shows when the wall clock jumped. A beat that
 * cannot be written is left out; the log is then not alive, and the gap says so.
 */
export function startHeartbeat(
  ledger: Ledger,
  { intervalMs, now }: { readonly intervalMs: number; readonly now: () => number },
): { readonly stop: () => Promise<void> } {
  const started = performance.now()
  let beating: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    const elapsed = Math.round(performance.now() - started)
    const time = new Date(now()).toISOString()
    const record = { type: 'heartbeat', time, elapsed, interval: intervalMs } as const
    beating = ledger.commit({ record, payloads: [] }).catch(() => {})
  }, intervalMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await beating
    },
  }
}
