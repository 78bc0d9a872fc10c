import { randomBytes } from 'node:crypto'
import { type AskedOfCaller, unanswered } from './open-exchange.ts'

/** Requests of ours that callers of an older revision have not answered: they answer with a POST of its own. */
export type CallerRequests = {
  /**
   * Sends one by `send` and waits. One frame; never rejects. `owner`: names the session and whose it is: nobody else
   * can answer. Where no answer is wanted any more it is over when that is sent too: who asks and takes back, again and
   * again, waits for a caller that reads slowly.
   */
  readonly put: (
    asked: AskedOfCaller,
    given: {
      readonly owner: string
      readonly send: (message: Uint8Array) => Promise<void>
      readonly signal: AbortSignal
    },
  ) => Promise<Uint8Array>
  /** Once for each. False: this owner was not asked that, or has answered. */
  readonly answered: (owner: string, id: string | number, frame: Uint8Array) => boolean
}

export function openCallerRequests(): CallerRequests {
  const waiting = new Map<
    string,
    { readonly owner: string; readonly resolve: (frame: Uint8Array) => void }
  >()
  return {
    put: ({ method, params }, { owner, send, signal }) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(unanswered)
        const id = `sallyport-${randomBytes(16).toString('base64url')}`
        let sent: Promise<void> = Promise.resolve()
        const giveUp = () => {
          waiting.delete(id)
          // Who is asked should know that no answer is wanted any more.
          const told = sent.then(() => send(cancelled(id)))
          void told.catch(() => undefined).then(() => resolve(unanswered))
        }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.set(id, {
          owner,
          resolve: (frame) => {
            signal.removeEventListener('abort', giveUp)
            resolve(frame)
          },
        })
        const head = `{"jsonrpc":"2.0","id":"${id}","method":${JSON.stringify(method)},"params":`
        sent = send(Buffer.concat([Buffer.from(head), params, Buffer.from('}')]))
      }),
    answered: (owner, id, frame) => {
      const found = waiting.get(String(id))
      if (typeof id !== 'string' || found?.owner !== owner) return false
      waiting.delete(id)
      found.resolve(frame)
      return true
    },
  }
}

function cancelled(requestId: string): Uint8Array {
  const params = { requestId, reason: 'The answer is not needed any more.' }
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }))
}
