/** Held calls, by the approval they wait for. In this process only; others are found by looking. */
export function openWaiting(): {
  readonly on: (id: string) => {
    /** Resolves when woken, after `ms`, or when `signal` aborts. */
    readonly within: (ms: number, signal: AbortSignal) => Promise<void>
    readonly forget: () => void
  }
  readonly wake: (id: string) => void
} {
  const sleepers = new Map<string, Set<() => void>>()
  return {
    on: (id) => {
      let woken = false
      let rouse: () => void = () => undefined
      const wakeUp = () => {
        woken = true
        rouse()
      }
      const others = sleepers.get(id) ?? new Set()
      sleepers.set(id, others.add(wakeUp))
      return {
        within: (ms, signal) =>
          new Promise<void>((resolve) => {
            if (woken || signal.aborted) return resolve()
            const done = () => {
              clearTimeout(timer)
              signal.removeEventListener('abort', done)
              resolve()
            }
            const timer = setTimeout(done, ms)
            signal.addEventListener('abort', done)
            rouse = done
          }),
        forget: () => {
          others.delete(wakeUp)
          if (others.size === 0 && sleepers.get(id) === others) sleepers.delete(id)
        },
      }
    },
    wake: (id) => {
      for (const wakeUp of sleepers.get(id) ?? []) wakeUp()
    },
  }
}
