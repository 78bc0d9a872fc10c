import { type Finding, MaskError, type Masker, type Recognised } from '../mask/plan.ts'
import type { Looks, MaskAsked, MaskSaid } from './mask-message.ts'

type Step = Exclude<MaskAsked, { readonly kind: 'arguments' | 'open' | 'drop' }>

/** One result, in the thread that masks it: each step is answered once. */
export class ResultUnderWay {
  readonly #say: (said: MaskSaid) => void
  #masker: Masker | undefined
  #open: (() => Masker | undefined) | undefined
  #micros = 0
  #counted = 0
  #recognised: ((answers: readonly (readonly Recognised[])[]) => void) | undefined

  /** `open`: called with the first step, which is answered if it fails. */
  constructor(open: () => Masker | undefined, say: (said: MaskSaid) => void) {
    this.#open = open
    this.#say = say
  }

  take(step: Step): void {
    if (step.kind === 'push') {
      this.#release((masker) => joined(step.pieces.map((piece) => masker.push(piece))))
    } else if (step.kind === 'end') this.#release((masker) => masker.end())
    else if (step.kind === 'ask') void this.#ask()
    else this.#recognised?.(step.answers)
  }

  #release(work: (masker: Masker) => Uint8Array): void {
    this.#answer(() => this.#timed(() => work(this.#opened())))
  }

  /** Between its question and the answer to it others have their turn. */
  async #ask(): Promise<void> {
    try {
      await this.#opened().ask?.(
        (question) => {
          const { promise, resolve } = Promise.withResolvers<readonly (readonly Recognised[])[]>()
          this.#recognised = resolve
          this.#say({ kind: 'question', question, ...this.#looks() })
          return promise
        },
        async (step) => this.#timed(step),
      )
    } catch (thrown) {
      this.#fail(thrown)
      return
    }
    this.#answer(() => nothing)
  }

  #opened(): Masker {
    this.#masker ??= this.#open?.()
    this.#open = undefined
    if (this.#masker === undefined) throw new MaskError('the result cannot be masked')
    return this.#masker
  }

  #answer(work: () => Uint8Array): void {
    try {
      // A copy: what the masker lets out it may still look at, and what is handed over is gone.
      const bytes = new Uint8Array(work())
      this.#say({ kind: 'released', bytes, ...this.#looks() })
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #fail(thrown: unknown): void {
    this.#say({ kind: 'problem', problem: problemOf(thrown), ...this.#looks() })
  }

  #timed<Made>(work: () => Made): Made {
    const from = performance.now()
    try {
      return work()
    } finally {
      this.#micros += (performance.now() - from) * 1_000
    }
  }

  #looks(): Looks {
    const micros = Math.round(this.#micros)
    const findings: readonly Finding[] = this.#masker?.findings() ?? []
    const counted = findings.reduce((sum, { count }) => sum + count, 0)
    if (counted === this.#counted) return { micros }
    this.#counted = counted
    return { micros, findings }
  }
}

/** What is told of what went wrong. A fault's own words could hold what it failed on. */
export function problemOf(thrown: unknown): string {
  return thrown instanceof MaskError ? thrown.message : 'masking failed'
}

const nothing: Uint8Array = new Uint8Array(0)

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}
