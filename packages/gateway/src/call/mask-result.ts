import { scrubText } from '../mask/echo.ts'
import { type Finding, MaskError, type Masker, type ResultMasking } from '../mask/plan.ts'
import { decidingParties } from '../model/principal.ts'
import type { Credential } from '../model/secret.ts'
import { BodyMasking } from './body-masking.ts'
import type { Gate } from './gate.ts'
import { openPace } from './pace.ts'
import { Refusal } from './refusal.ts'
import type { Masked, Raw, Recorded, ReplyHead } from './stage.ts'

/**
 * Hides in the result what the rules hide, and the upstream's credential wherever it is echoed. What
 * cannot be masked is withheld, never passed.
 */
export function maskResult(gate: Gate, at: Recorded, credential: Credential, raw: Raw): Masked {
  const source = raw.body[Symbol.asyncIterator]()
  let masker: Masker
  let head: ReturnType<typeof maskHead>
  try {
    const masking = at.rules.resultMasking(at.fn, {
      fields: at.fields,
      parties: decidingParties(at.principal),
    })
    masker = maskerFor(gate, masking, credential, raw)
    head = maskHead(gate, masking, scrubHead(raw.head, credential))
  } catch (thrown) {
    // Nobody will read this body, and an unread one would keep its connection to the upstream.
    void source.return?.()
    throw thrown
  }
  const { digest } = masker
  const masking = new BodyMasking(masker, openPace(gate), raw.bytes)
  const kept = new Kept(gate.limits.heldResultBytes)
  return {
    state: 'masked',
    head: head.masked,
    body: { [Symbol.asyncIterator]: () => maskedChunks(gate, source, { masking, kept }) },
    findings: () => [...head.findings, ...masking.findings()],
    looked: () => (digest === undefined ? undefined : { digest, micros: masking.micros() }),
    received: () => kept.bytes(),
  }
}

function maskerFor(gate: Gate, masking: ResultMasking, credential: Credential, raw: Raw): Masker {
  const { isClosed = false } = raw
  // Whether it brings the credential back nobody can see: no rule allows that.
  if (isClosed && credential.echoes.length > 0) throw closedResult()
  try {
    const masker = masking.masker({
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

/**
 * A hand-written iterator, so that `return()` lets go of the upstream even when nothing was read. A long chunk is
 * masked, and comes out, in pieces: other calls have their turn between them.
 */
function maskedChunks(
  { recognise }: Pick<Gate, 'recognise'>,
  source: AsyncIterator<Uint8Array>,
  { masking, kept }: { readonly masking: BodyMasking; readonly kept: Kept },
): AsyncIterator<Uint8Array> {
  let over = false
  let unread = nothing
  /** Whether there is nothing more to mask. */
  const read = async (): Promise<boolean> => {
    if (unread.length > 0) return false
    const { done, value } = await source.next()
    if (done) return true
    kept.add(value)
    await masking.arrived(value.length)
    unread = value
    return false
  }
  return {
    async next() {
      if (over) return { done: true, value: undefined }
      try {
        const ended = await read()
        if (ended) {
          over = true
          const rest = await masking.end(recognise)
          return rest.length === 0 ? { done: true, value: undefined } : { value: rest }
        }
        const piece = unread.subarray(0, masking.pieceBytes())
        unread = unread.subarray(piece.length)
        return { value: await masking.push(piece) }
      } catch (thrown) {
        over = true
        masking.drop()
        await source.return?.()
        throw thrown instanceof MaskError ? withheld(thrown) : thrown
      }
    },
    async return() {
      over = true
      masking.drop()
      await source.return?.()
      return { done: true, value: undefined }
    },
  }
}

const nothing: Uint8Array = new Uint8Array(0)

function withheld(cause: MaskError): Refusal {
  return new Refusal('result-withheld', {
    detail: 'It is not what its media type says, so it could not be masked.',
    cause,
  })
}

/** What is found in the headers counts as found in the result. */
function maskHead(
  { maskKey: key }: Pick<Gate, 'maskKey'>,
  masking: ResultMasking,
  head: ReplyHead,
): { readonly masked: ReplyHead; readonly findings: readonly Finding[] } {
  if (masking.headers === undefined || head.headers.length === 0) {
    return { masked: head, findings: [] }
  }
  try {
    const { headers, findings } = masking.headers(head.headers, { key })
    return { masked: { ...head, headers }, findings }
  } catch (thrown) {
    if (!(thrown instanceof MaskError)) throw thrown
    const detail = 'Its headers cannot be masked as the rules require.'
    throw new Refusal('result-withheld', { detail, cause: thrown })
  }
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
