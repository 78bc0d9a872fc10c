import type { JsonMasker } from './json-masker.ts'
import { MaskError } from './plan.ts'
import type { Splice } from './splice.ts'

/** One form of body: how its bytes make up the JSON texts that are masked. */
export type Framing = {
  readonly push: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
}

const newline = 0x0a

/** One JSON text (RFC 8259). No bytes at all are fine: a reply without content has none. */
export function jsonBody(masker: JsonMasker, out: Splice): Framing {
  let empty = true
  return {
    push: (chunk) => {
      empty &&= chunk.length === 0
      out.begin(chunk)
      masker.feed(chunk, 0, chunk.length)
      return out.take()
    },
    end: () => {
      out.begin(new Uint8Array(0))
      if (!masker.endText() && !empty) throw new MaskError('The body holds no JSON text.')
      return out.take()
    },
  }
}

/** A JSON text on each line; blank lines pass. */
export function jsonLinesBody(masker: JsonMasker, out: Splice): Framing {
  return {
    push: (chunk) => {
      out.begin(chunk)
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let from = 0
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
        masker.feed(chunk, from, at)
        masker.endText()
        out.copy(at, at + 1)
        from = at + 1
      }
      masker.feed(chunk, from, chunk.length)
      return out.take()
    },
    end: () => {
      out.begin(new Uint8Array(0))
      masker.endText()
      return out.take()
    },
  }
}

/** A body that must stay empty: without a media type nobody can say how to read it. */
export function emptyBody(): Framing {
  return {
    push: (chunk) => {
      if (chunk.length > 0) throw new MaskError('The body has no media type.')
      return chunk
    },
    end: () => new Uint8Array(0),
  }
}
