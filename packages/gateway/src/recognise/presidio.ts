import { z } from 'zod'
import type { Recognise, Recognised, RecogniserQuestion } from '../mask/plan.ts'
import { openBreaker } from './breaker.ts'

/** There is no answer. The message says why, without a word of any text. */
export class RecogniserError extends Error {
  override readonly name = 'RecogniserError'
}

/**
 * Asks a Presidio analyzer (`POST /analyze`, with a list of texts) in batches, one after the other. Each batch
 * has `timeoutMs`; after `breakerFailures` failures in a row none is sent for `breakerRestMs`. An answer that
 * is not wholly understood is none: what cannot be recognised is not passed.
 */
export function openPresidio(options: {
  /** Where it listens, without `/analyze`. */
  readonly url: string
  readonly timeoutMs: number
  readonly batchTexts: number
  readonly batchChars: number
  readonly answerBytesMax: number
  /** Values that it may see in one batch. */
  readonly resultsMax: number
  readonly breakerFailures: number
  readonly breakerRestMs: number
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number
}): Recognise {
  const { breakerFailures: failures, breakerRestMs: restMs, now } = options
  const breaker = openBreaker({ failures, restMs, now })
  const url = `${options.url.replace(/\/+$/, '')}/analyze`
  return async (asked) => {
    const found: (readonly Recognised[])[] = []
    for (const texts of batchesOf(asked.texts, options)) {
      if (!breaker.mayTry())
        throw new RecogniserError('the recogniser failed before, and is left alone')
      try {
        found.push(...(await analyse(url, { ...asked, texts }, options)))
      } catch (thrown) {
        breaker.failed()
        throw thrown
      }
      breaker.succeeded()
    }
    return found
  }
}

/** In order; no batch is empty, and a text that is longer than a batch has one of its own. */
function* batchesOf(
  texts: readonly string[],
  { batchTexts, batchChars }: { readonly batchTexts: number; readonly batchChars: number },
): Generator<readonly string[], void> {
  let batch: string[] = []
  let chars = 0
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= batchTexts || chars + text.length > batchChars)) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(text)
    chars += text.length
  }
  if (batch.length > 0) yield batch
}

async function analyse(
  url: string,
  asked: RecogniserQuestion,
  limits: {
    readonly timeoutMs: number
    readonly answerBytesMax: number
    readonly resultsMax: number
  },
): Promise<readonly (readonly Recognised[])[]> {
  const { texts, language, entities, confidence } = asked
  const body = JSON.stringify({
    text: texts,
    language,
    entities,
    score_threshold: confidence / 100,
  })
  const answer = await post(url, body, limits)
  const read = answers.safeParse(answer)
  if (!read.success || read.data.length !== texts.length) throw notUnderstood()
  const results = read.data.reduce((sum, { length }) => sum + length, 0)
  if (results > limits.resultsMax) {
    throw new RecogniserError('the recogniser saw more than is taken from it')
  }
  return read.data.map((results, index) => {
    const utf16 = utf16Offsets(texts[index] ?? '')
    return results
      .map(({ entity_type: entity, start, end, score }) => {
        const place = { start: utf16(start), end: utf16(end) }
        if (place.start === undefined || place.end === undefined || end <= start)
          throw notUnderstood()
        return { entity, start: place.start, end: place.end, confidence: Math.round(score * 100) }
      })
      .filter((one) => entities.includes(one.entity) && one.confidence >= confidence)
      .toSorted((one, other) => one.start - other.start || other.end - one.end)
  })
}

const notUnderstood = () => new RecogniserError('the recogniser answered what is no analysis')

/** What `/analyze` answers to a list of texts: a list of results for each. */
const answers = z.array(
  z.array(
    z.object({
      entity_type: z.string().min(1).max(200),
      start: z.int().min(0),
      end: z.int().min(0),
      score: z.number().min(0).max(1),
    }),
  ),
)

/** Presidio counts code points, we count UTF-16 code units. Undefined: beyond the text. */
function utf16Offsets(text: string): (codePoints: number) => number | undefined {
  const offsets: number[] = [0]
  let offset = 0
  for (const char of text) {
    offset += char.length
    offsets.push(offset)
  }
  return (codePoints) => offsets[codePoints]
}

async function post(
  url: string,
  body: string,
  { timeoutMs, answerBytesMax }: { readonly timeoutMs: number; readonly answerBytesMax: number },
): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await textOf(response, answerBytesMax)
    // What it says besides the status may quote the texts.
    if (response.status !== 200)
      throw new RecogniserError(`the recogniser answered ${response.status}`)
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof RecogniserError) throw thrown
    if (thrown instanceof SyntaxError) throw notUnderstood()
    const late = thrown instanceof Error && thrown.name === 'TimeoutError'
    throw new RecogniserError(
      late ? 'the recogniser took too long' : 'the recogniser is not reached',
    )
  }
}

async function textOf(response: Response, bytesMax: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    // Leaving the loop cancels the rest.
    if (length > bytesMax) throw new RecogniserError('the recogniser answered more than is read')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
