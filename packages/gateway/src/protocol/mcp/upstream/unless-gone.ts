import { Refusal } from '../../../call/refusal.ts'

/**
 * What was promised, unless one of these is aborted first: then it refuses `caller-left`, and whoever else waits for the
 * same goes on waiting. Anything else that goes wrong is a refusal too.
 */
export function unlessGone<T>(promised: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new Refusal('caller-left'))
    const over = () => {
      for (const signal of signals) signal.removeEventListener('abort', leave)
    }
    if (signals.some(({ aborted }) => aborted)) leave()
    for (const signal of signals) signal.addEventListener('abort', leave)
    promised.then(
      (value) => {
        over()
        resolve(value)
      },
      (thrown: unknown) => {
        over()
        reject(Refusal.from(thrown))
      },
    )
  })
}
