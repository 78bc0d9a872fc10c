import { scrubText } from '../mask/echo.ts'
import { MaskError, type Masker } from '../mask/plan.ts'
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
  try {
    masker = maskerFor(gate, at, credential, raw)
  } catch (thrown) {
    // Nobody will read this body, and an unread one would keep its connection to the upstream.
    void source.return?.()
    throw thrown
  }
  const kept = new Kept(gate.limits.heldResultBytes)
  return {
    state: 'masked',
    head: scrubHead(raw.head, credential),
    body: { [Symbol.asyncIterator]: () => maskedChunks(source, masker, kept) },
    findings: masker.findings,
    received: () => kept.bytes(),
  }
}

function maskerFor(gate: Gate, at: Recorded, credential: Credential, raw: Raw): Masker {
  try {
    const masker = at.rules.resultMasking(at.fn, at.fields).masker({
      mediaType: raw.head.mediaType,
      fragment: raw.fragment,
      key: gate.maskKey,
      echoes: credential.echoes,
    })
    if (masker) return masker
  } catch (thrown) {
    if (!(thrown instanceof MaskError)) throw thrown
    throw new Refusal('result-withheld', { cause: thrown })
  }
  throw new Refusal('result-withheld', {
    detail: raw.fragment
      ? 'It is only a part of a result, and a part cannot be masked as the rules require.'
      : 'Its media type or charset cannot be masked as the rules require.',
  })
}

/** A hand-written iterator, so that `return()` lets go of the upstream even when nothing was read. */
function maskedChunks(
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
        if (!over) kept.add(value)
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
