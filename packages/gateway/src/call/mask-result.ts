import { scrubText } from '../mask/echo.ts'
import { MaskError, type Masker } from '../mask/plan.ts'
import { decidingParties } from '../model/principal.ts'
import type { Credential } from '../model/secret.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Masked, Raw, Recorded, ReplyHead } from './stage.ts'

/**
 * Hides in the result what the rules hide, and the upstream's credential wherever it is echoed. What
 * cannot be masked is withheld, never passed.
 */
export function maskResult(gate: Gate, at: Recorded, credential: Credential, raw: Raw): Masked {
  const source = raw.body[Symbol.asyncIterator]()
  let masker: Masker
  let looked: Masked['looked']
  try {
    ;({ masker, looked } = timed(gate, maskerFor(gate, at, credential, raw)))
  } catch (thrown) {
    // Nobody will read this body, and an unread one would keep its connection to the upstream.
    void source.return?.()
    throw thrown
  }
  const kept = new Kept(gate.limits.heldResultBytes)
  return {
    state: 'masked',
    head: scrubHead(raw.head, credential),
    body: { [Symbol.asyncIterator]: () => maskedChunks(gate, source, masker, kept) },
    findings: masker.findings,
    looked,
    received: () => kept.bytes(),
  }
}

function maskerFor(gate: Gate, at: Recorded, credential: Credential, raw: Raw): Masker {
  const { isClosed = false } = raw
  // Whether it brings the credential back nobody can see: no rule allows that.
  if (isClosed && credential.echoes.length > 0) throw closedResult()
  try {
    const masker = at.rules
      .resultMasking(at.fn, { fields: at.fields, parties: decidingParties(at.principal) })
      .masker({
        mediaType: raw.head.mediaType,
        fragment: raw.fragment || isClosed,
        key: gate.maskKey,
        echoes: credential.echoes,
      })
    if (masker) return masker
  } catch (thrown) {
    if (!(thrown instanceof MaskError)) throw thrown
    throw new Refusal('result-withheld', { cause: thrown })
  }
  if (isClosed) throw closedResult()
  throw new Refusal('result-withheld', {
    detail: raw.fragment
      ? 'It is only a part of a result, and a part cannot be masked as the rules require.'
      : 'Its media type or charset cannot be masked as the rules require.',
  })
}

function closedResult(): Refusal {
  return new Refusal('result-withheld', {
    detail:
      'It is encoded in a way that is not opened, so it cannot be masked as the rules require.',
  })
}

/** The same masker, and how long it has taken. */
function timed(
  { micros }: Pick<Gate, 'micros'>,
  masker: Masker,
): { readonly masker: Masker; readonly looked: Masked['looked'] } {
  const { digest } = masker
  if (digest === undefined) return { masker, looked: () => undefined }
  let taken = 0
  const during = (step: () => Uint8Array): Uint8Array => {
    const from = micros()
    const out = step()
    taken += micros() - from
    return out
  }
  return {
    masker: {
      ...masker,
      push: (chunk) => during(() => masker.push(chunk)),
      end: () => during(masker.end),
    },
    looked: () => ({ digest, micros: taken }),
  }
}

/** A hand-written iterator, so that `return()` lets go of the upstream even when nothing was read. */
function maskedChunks(
  gate: Pick<Gate, 'recognise'>,
  source: AsyncIterator<Uint8Array>,
  masker: Masker,
  kept: Kept,
): AsyncIterator<Uint8Array> {
  let over = false
  return {
    async next() {
      if (over) return { done: true, value: undefined }
      try {
        const { done, value } = await source.next()
        over = done === true
        if (over) await ask(gate, masker)
        else kept.add(value)
        const chunk = over ? masker.end() : masker.push(value)
        return over && chunk.length === 0 ? { done: true, value: undefined } : { value: chunk }
      } catch (thrown) {
        over = true
        await source.return?.()
        throw thrown instanceof MaskError ? withheld(thrown) : thrown
      }
    },
    async return() {
      over = true
      await source.return?.()
      return { done: true, value: undefined }
    },
  }
}

/** Has the recogniser asked where the rules say so: without its answer nothing goes out. */
async function ask({ recognise }: Pick<Gate, 'recognise'>, masker: Masker): Promise<void> {
  if (masker.ask === undefined) return
  if (recognise === undefined) {
    const detail = 'No recogniser is configured, and the rules ask one.'
    throw new Refusal('result-withheld', { detail })
  }
  try {
    await masker.ask(recognise)
  } catch (thrown) {
    if (!(thrown instanceof MaskError)) throw thrown
    const detail = 'The recogniser that the rules ask gave no answer.'
    throw new Refusal('result-withheld', { detail, cause: thrown })
  }
}

function withheld(cause: MaskError): Refusal {
  return new Refusal('result-withheld', {
    detail: 'It is not what its media type says, so it could not be masked.',
    cause,
  })
}

function scrubHead(head: ReplyHead, credential: Credential): ReplyHead {
  if (credential.echoes.length === 0) return head
  const all = head.headers.map(([, value]) => value).join('\n')
  if (scrubText(all, credential.echoes) === all) return head
  const clean = head.headers.map(
    ([name, value]) => [name, scrubText(value, credential.echoes)] as const,
  )
  return { ...head, headers: clean }
}

/** The result as received, for the record, while it stays within the limit. */
class Kept {
  readonly #limit: number
  #chunks: Uint8Array[] | undefined = []
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.length
    if (this.#size > this.#limit) this.#chunks = undefined
    this.#chunks?.push(chunk)
  }

  bytes(): Uint8Array | undefined {
    if (!this.#chunks) return undefined
    const [only] = this.#chunks
    return this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks)
  }
}
