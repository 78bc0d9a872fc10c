import { limits } from '../mask/limits.ts'
import {
  type Finding,
  MaskError,
  type Masker,
  type MaskerAside,
  type Recognise,
} from '../mask/plan.ts'
import type { Pace } from './pace.ts'
import { Refusal } from './refusal.ts'

/**
 * The masking of one body, wherever it is done: it begins here, and what turns out to be long goes on in another thread,
 * where there is one. That thread is given again what came so far, and has to make the same of it. One step at a time.
 */
export class BodyMasking {
  readonly #masker: Masker
  readonly #pace: Pace
  /** So many are to come, where the upstream said so. */
  readonly #expectedBytes: number
  #arrivedBytes = 0
  /** What was masked here, and what came of it, while it may still go on elsewhere. */
  #begun: { readonly pieces: Uint8Array[]; readonly released: Uint8Array[] } | undefined
  #aside: MaskerAside | undefined
  #findings: () => readonly Finding[]

  constructor(masker: Masker, pace: Pace, expectedBytes = 0) {
    this.#masker = masker
    this.#pace = pace
    this.#expectedBytes = expectedBytes
    this.#begun = masker.aside && { pieces: [], released: [] }
    this.#findings = masker.findings
  }

  /** So many more have come, of which pieces are pushed next. */
  async arrived(bytes: number): Promise<void> {
    this.#arrivedBytes += bytes
    const { aside } = this.#masker
    if (aside === undefined || this.#begun === undefined) return
    if (Math.max(this.#arrivedBytes, this.#expectedBytes) <= aside.overBytes) return
    const { pieces, released } = this.#begun
    this.#begun = undefined
    this.#aside = aside.open()
    if (this.#aside === undefined) return
    if (pieces.length > 0) {
      const again = await whileItLasts(this.#aside.push(pieces))
      if (Buffer.compare(again, Buffer.concat(released)) !== 0) throw maskedOtherwise()
    }
    this.#findings = this.#aside.findings
  }

  /** As many bytes as are a piece now. */
  pieceBytes(): number {
    return this.#aside === undefined ? this.#pace.pieceBytes() : limits.pieceBytesMax
  }

  /** What may be released after this piece. Rejects with `MaskError`, or refuses `result-withheld`. */
  async push(piece: Uint8Array): Promise<Uint8Array> {
    if (this.#aside !== undefined) return whileItLasts(this.#aside.push([piece]))
    const released = await this.#pace.paced(() => this.#masker.push(piece), piece.length)
    this.#begun?.pieces.push(piece)
    this.#begun?.released.push(released)
    return released
  }

  /** The rest. Asks the recogniser where the rules say so: without its answer nothing goes out. */
  async end(recognise: Recognise | undefined): Promise<Uint8Array> {
    if (this.#masker.ask !== undefined) await this.#ask(recognise)
    if (this.#aside !== undefined) return whileItLasts(this.#aside.end())
    return this.#pace.paced(this.#masker.end)
  }

  findings(): readonly Finding[] {
    return this.#findings()
  }

  /** The work of both threads. */
  micros(): number {
    return this.#pace.taken() + (this.#aside?.micros() ?? 0)
  }

  /** Lets go of what is kept of it elsewhere. */
  drop(): void {
    this.#aside?.drop()
  }

  async #ask(recognise: Recognise | undefined): Promise<void> {
    if (recognise === undefined) {
      const detail = 'No recogniser is configured, and the rules ask one.'
      throw new Refusal('result-withheld', { detail })
    }
    try {
      if (this.#aside !== undefined) await whileItLasts(this.#aside.ask(recognise))
      else await this.#masker.ask?.(recognise, this.#pace.paced)
    } catch (thrown) {
      if (!(thrown instanceof MaskError)) throw thrown
      const detail = 'The recogniser that the rules ask gave no answer.'
      throw new Refusal('result-withheld', { detail, cause: thrown })
    }
  }
}

/** Of a body that was under way when its thread ended nothing more goes out. */
async function whileItLasts<Made>(step: Promise<Made>): Promise<Made> {
  try {
    return await step
  } catch (thrown) {
    if (thrown instanceof MaskError) throw thrown
    const detail = 'It was being masked when what masks it failed.'
    throw new Refusal('result-withheld', { detail, cause: thrown })
  }
}

/** A fault of ours: what is out already was masked, and which of the two is right nobody knows. */
function maskedOtherwise(): Refusal {
  const cause = new Error('the masking thread makes something else of the same bytes')
  return new Refusal('result-withheld', { detail: 'It could not be masked reliably.', cause })
}
