import { Bytes } from '../bytes.ts'
import type { Framing } from '../json-body.ts'
import type { JsonMasker } from '../json-masker.ts'
import { limits } from '../limits.ts'
import { MaskError } from '../plan.ts'
import type { Splice } from '../splice.ts'
import type { CellReader } from './cell-reader.ts'
import { DeltaChannels, type StreamEvent } from './delta-channels.ts'
import { unmasked } from './delta-pieces.ts'
import { same } from './text-body.ts'
import { ElementBegin, ListEnd } from './value-ends.ts'

/**
 * A JSON text, or an answer of Gemini that is one array of what would be its events: told by its first bytes,
 * because an array of records that waits for its next element would make every list wait.
 */
export function jsonOrElements(plain: Framing, elements: () => Framing): Framing {
  let begun: Uint8Array = nothing
  let chosen: Framing | undefined
  return {
    push: (chunk) => {
      if (chosen !== undefined) return chosen.push(chunk)
      const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, beginBytes))
      const first = text.toString('latin1').replace(/\s/g, '')
      if (bytes.length < beginBytes && answerBegins.startsWith(first)) {
        begun = Uint8Array.from(bytes)
        return nothing
      }
      chosen = first.startsWith(answerBegins) ? elements() : plain
      begun = nothing
      return chosen.push(bytes)
    },
    end: () => {
      chosen ??= plain
      const rest = begun.length > 0 && chosen === plain ? plain.push(begun) : nothing
      return Buffer.concat([rest, chosen.end()])
    },
  }
}

const nothing: Uint8Array = new Uint8Array(0)
const answerBegins = '[{"candidates":'
/** Of blanks before and between there are few. */
const beginBytes = 256

/** An array of which the texts of several elements may be one text. `masker` leaves those alone. */
export function elementsBody(
  reader: CellReader,
  { masker, out }: { readonly masker: JsonMasker; readonly out: Splice },
): Framing {
  const channels = new DeltaChannels(reader)
  const original = new Bytes(limits.eventBytes)
  const masked = new Bytes(limits.eventBytes)
  const begin = new ElementBegin()
  let end: ListEnd | undefined
  /** Where in the body the chunk begins, and the element. */
  let chunkAt = 0
  let elementAt = 0

  const feed = (chunk: Uint8Array, from: number, to: number): Uint8Array => {
    reader.telling.begin = chunkAt
    masker.feed(chunk, from, to)
    reader.telling.begin = 0
    return out.take()
  }
  const between = (chunk: Uint8Array, from: number, to: number) => {
    const bytes = Uint8Array.from(feed(chunk, from, to))
    if (bytes.length > 0) channels.push(asItIs(bytes))
  }
  const within = (chunk: Uint8Array, from: number, to: number) => {
    original.add(chunk, from, to)
    const bytes = feed(chunk, from, to)
    masked.add(bytes, 0, bytes.length)
    if (original.overflown || masked.overflown) {
      throw new MaskError('An element of an answer is too long to be masked.')
    }
  }
  const step = (chunk: Uint8Array, from: number): number => {
    if (end === undefined) {
      const at = begin.find(chunk, from)
      between(chunk, from, at < 0 ? chunk.length : at)
      if (at < 0) return chunk.length
      elementAt = chunkAt + at
      end = new ListEnd()
      return at
    }
    const to = end.find(chunk, from)
    within(chunk, from, to < 0 ? chunk.length : to)
    if (to < 0) return chunk.length
    end = undefined
    channels.push(elementEvent(original.take(), masked.take(), elementAt))
    return to
  }
  return {
    push: (chunk) => {
      out.begin(chunk)
      for (let from = 0; from < chunk.length; ) from = step(chunk, from)
      chunkAt += chunk.length
      return same(Buffer.concat(channels.release()), chunk)
    },
    end: () => {
      out.begin(nothing)
      if (!masker.endText()) throw new MaskError('The body holds no JSON text.')
      if (end !== undefined) throw new MaskError('An answer holds more than its elements.')
      return Buffer.concat([...channels.end(), out.take()])
    },
  }
}

const asItIs = (bytes: Uint8Array): StreamEvent => ({
  ...{ bytes, payload: undefined, endsAll: false, rewrite: () => bytes },
})

/** Its payload is an array of this one element: paths lead through it as they do in the body. */
function elementEvent(original: Uint8Array, masked: Uint8Array, at: number): StreamEvent {
  // Where members may be dropped, the comma before an element waits for it.
  const lead = masked.indexOf(0x7b)
  if (lead < 0) return asItIs(masked)
  const [before, element] = [masked.subarray(0, lead), masked.subarray(lead)]
  const bytes = inArray(element)
  const locate = unmasked(inArray(original), bytes)
  return {
    bytes: masked,
    payload: { bytes, json: true, locate: (offset) => at + locate(offset) - 1 },
    endsAll: false,
    rewrite: (payload) => Buffer.concat([before, payload.subarray(1, -1)]),
  }
}

const inArray = (element: Uint8Array): Uint8Array => Buffer.concat([open, element, close])
const open: Uint8Array = Buffer.from('[')
const close: Uint8Array = Buffer.from(']')
