import { limits } from '../../../config/limits.ts'
import { composeAnswer } from '../message/compose.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { Receiver } from './conversation.ts'

/**
 * The requests that are under way in one conversation, and to which of them belongs what its server says without
 * saying to which: over the pipes of a child, or over the stream of a session.
 */
export class UnderWay {
  /** By id, the newest last. */
  readonly #receivers = new Map<number, Receiver>()
  readonly #isShared: boolean
  readonly #answer: (message: Uint8Array) => void
  #strays = 0

  /** `isShared`: of several callers, so that nothing may be taken for one of them. */
  constructor({
    isShared,
    answer,
  }: {
    readonly isShared: boolean
    readonly answer: (message: Uint8Array) => void
  }) {
    this.#isShared = isShared
    this.#answer = answer
  }

  get size(): number {
    return this.#receivers.size
  }

  add(id: number, receiver: Receiver): void {
    this.#receivers.set(id, receiver)
  }

  /** False: it was over already. */
  remove(id: number): boolean {
    return this.#receivers.delete(id)
  }

  /** All of them, which are over from now on. */
  clear(): readonly Receiver[] {
    const all = [...this.#receivers.values()]
    this.#receivers.clear()
    return all
  }

  /** Hands on one message. False when there were too many in a row that belonged to nobody. */
  take(message: UpstreamMessage): boolean {
    this.#strays += 1
    if (message.kind === 'request') this.#takeRequest(message)
    else this.#handOn(message)
    return this.#strays <= limits.mcpStrays
  }

  #handOn(message: Exclude<UpstreamMessage, { kind: 'request' }>): void {
    if (message.kind === 'result' || message.kind === 'error') {
      // An id that was answered already, was never given, or is of another type is nobody's.
      this.#giveTo(message.id, message)
    } else if (message.method === 'notifications/progress') {
      this.#giveTo(message.values.progressToken, message)
    } else if (message.method === 'notifications/cancelled') {
      for (const receiver of [...this.#receivers.values()]) receiver.take(message)
    } else this.#newest()?.take(message)
  }

  #giveTo(id: unknown, message: UpstreamMessage): void {
    const receiver = typeof id === 'number' ? this.#receivers.get(id) : undefined
    if (receiver === undefined) return
    this.#strays = 0
    receiver.take(message)
  }

  /** It belongs to no request that can be told, so only where all are of one caller is it anybody's. */
  #takeRequest(request: Extract<UpstreamMessage, { kind: 'request' }>): void {
    const newest = this.#newest()
    if (request.method === 'ping') this.#answer(composeAnswer(request.id, emptyResult))
    else if (newest === undefined) this.#answer(composeAnswer(request.id, nobodyThere))
    else newest.take(request)
  }

  #newest(): Receiver | undefined {
    return this.#isShared ? undefined : [...this.#receivers.values()].at(-1)
  }
}

const emptyResult: Uint8Array = Buffer.from('{"result":{}}')
const nobodyThere: Uint8Array = Buffer.from(
  '{"error":{"code":-32601,"message":"Nobody is there who could be asked."}}',
)
