import { limits } from '../../../config/limits.ts'
import { membersOf } from '../message/members.ts'
import type { DressedAnswer } from './result.ts'

/** Where what is said about one request goes: one HTTP response. */
export type Outlet = {
  /** Says that it will take a while, so that nobody in between gives up. */
  readonly begin: () => void
  /** Its caller takes one answer, and no messages before it. */
  readonly isDeaf?: boolean
  /** One message before the answer. Resolves when more may come. */
  readonly notify: (message: Uint8Array) => Promise<void>
  /** The last thing that is said here. */
  readonly finish: (answer: DressedAnswer) => void
  /** Aborted when its caller left before that. */
  readonly gone: AbortSignal
}

export type AskedOfCaller = { readonly method: string; readonly params: Uint8Array }

/**
 * A call that may outlive the HTTP request that it began with: where its upstream wants something of a caller that
 * cannot be sent requests (2026-07-28), the request is answered with what is wanted, and goes on with the retry. It is
 * in memory, so the retry has to come to this instance; who does not come back has left.
 */
export class OpenExchange {
  readonly #asking: (wanted: ReadonlyMap<string, AskedOfCaller>) => Uint8Array | undefined
  readonly #left = new AbortController()
  readonly #wanted = new Map<string, Wanted>()
  #outlet: Outlet | undefined
  #released: () => void = () => {}
  #onOutlet: (() => void)[] = []
  #count = 0
  #isOver = false
  #isStopping = false
  #absence: NodeJS.Timeout | undefined

  /** `asking`: the frame that sends the caller away; undefined: it cannot be said. */
  constructor(asking: (wanted: ReadonlyMap<string, AskedOfCaller>) => Uint8Array | undefined) {
    this.#asking = asking
  }

  /** Aborted when the caller has left. */
  get left(): AbortSignal {
    return this.#left.signal
  }

  /**
   * The request, or a retry of it with the answers it brings. Resolves when nothing more is said there. Undefined where
   * somebody is there already: one retry goes on, and every response is answered.
   */
  attach(outlet: Outlet, answers?: Uint8Array): Promise<void> | undefined {
    if (this.#outlet) return undefined
    clearTimeout(this.#absence)
    this.#outlet = outlet
    const { promise, resolve: released } = Promise.withResolvers<void>()
    this.#released = released
    const leave = () => {
      released()
      if (this.#outlet === outlet) this.#leave()
    }
    if (outlet.gone.aborted) leave()
    else outlet.gone.addEventListener('abort', leave)
    const brought = answers?.[0] === openBrace ? membersOf(answers) : undefined
    for (const [key, { resolve }] of this.#wanted) {
      const answer = brought?.get(key)
      if (!answer) continue
      this.#wanted.delete(key)
      resolve(Buffer.concat([Buffer.from('{"result":'), answer, Buffer.from('}')]))
    }
    // What was not answered is asked again, and what came meanwhile with it.
    if (this.#wanted.size > 0) this.#sendAway()
    this.#wake()
    return promise
  }

  /** Puts one request to the caller. One frame: what it answered, or an error where nobody will. Never rejects. */
  ask(asked: AskedOfCaller, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve) => {
      if (this.#isOver || signal.aborted || this.left.aborted) return resolve(unanswered)
      const key = `ask_${++this.#count}`
      const giveUp = () => {
        this.#wanted.delete(key)
        resolve(unanswered)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.left.addEventListener('abort', giveUp, { once: true })
      this.#wanted.set(key, {
        asked,
        resolve: (frame) => {
          signal.removeEventListener('abort', giveUp)
          this.left.removeEventListener('abort', giveUp)
          resolve(frame)
        },
      })
      this.#sendAway()
    })
  }

  begin(): void {
    this.#outlet?.begin()
  }

  /** To whoever is there, or comes back. Resolves when more may come, or nobody will. */
  async notify(message: Uint8Array): Promise<void> {
    await (await this.#present())?.notify(message)
  }

  async finish(answer: DressedAnswer): Promise<void> {
    const outlet = await this.#present()
    this.#isOver = true
    this.#outlet = undefined
    clearTimeout(this.#absence)
    outlet?.finish(answer)
    this.#released()
    this.#wake()
  }

  /** From here on nobody can come back: who is away has left, and who is there is not sent away. */
  stop(): void {
    this.#isStopping = true
    if (!this.#outlet) this.#leave()
  }

  #sendAway(): void {
    const outlet = this.#outlet
    if (!outlet) return
    const frame = this.#frameOf(new Map([...this.#wanted].map(([key, { asked }]) => [key, asked])))
    if (!frame) {
      for (const { resolve } of this.#wanted.values()) resolve(unanswered)
      this.#wanted.clear()
      return
    }
    this.#outlet = undefined
    this.#absence = setTimeout(() => this.#leave(), limits.mcpAwayMs).unref()
    outlet.finish({ frame, status: 200 })
    this.#released()
  }

  #frameOf(wanted: ReadonlyMap<string, AskedOfCaller>): Uint8Array | undefined {
    return this.#isStopping ? undefined : this.#asking(wanted)
  }

  async #present(): Promise<Outlet | undefined> {
    while (!this.#outlet && !this.#isOver && !this.left.aborted) {
      await new Promise<void>((resolve) => this.#onOutlet.push(resolve))
    }
    return this.#outlet
  }

  #leave(): void {
    if (this.#isOver) return
    clearTimeout(this.#absence)
    this.#left.abort()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#onOutlet
    this.#onOutlet = []
    for (const resolve of waiting) resolve()
  }
}

type Wanted = { readonly asked: AskedOfCaller; readonly resolve: (frame: Uint8Array) => void }

const openBrace = 0x7b

/** Nobody answers: it left, or did not come back. */
export const unanswered: Uint8Array = Buffer.from(
  '{"error":{"code":-32603,"message":"The caller did not answer."}}',
)
