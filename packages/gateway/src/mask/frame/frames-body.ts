import { Bytes } from '../bytes.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { essenceOf } from '../media-type.ts'
import { MaskError } from '../plan.ts'
import type { FrameMasker } from './frame-masker.ts'

/**
 * The frames of an MCP result: one (`application/json`), or a line each (`application/x-ndjson`). Each is held until it
 * is complete. Undefined for another media type: nobody can say what it is.
 */
export function framesBody(mediaType: string, masker: FrameMasker): Framing | undefined {
  const type = essenceOf(mediaType)
  const lines = type === 'application/x-ndjson'
  if (!lines && type !== 'application/json') return undefined
  const frame = new Bytes(limits.frameBytes)
  const finish = (): Uint8Array => {
    const bytes = frame.take()
    return bytes.length === 0 ? bytes : masker.mask(bytes)
  }
  return {
    push: (chunk) => {
      const parts: Uint8Array[] = []
      let from = 0
      for (let at = lines ? chunk.indexOf(lineFeed) : -1; at >= 0; ) {
        gather(frame, chunk, from, at)
        parts.push(finish(), newline)
        from = at + 1
        at = chunk.indexOf(lineFeed, from)
      }
      gather(frame, chunk, from, chunk.length)
      return parts.length === 0 ? nothing : Buffer.concat(parts)
    },
    end: finish,
  }
}

function gather(frame: Bytes, chunk: Uint8Array, from: number, to: number): void {
  frame.add(chunk, from, to)
  if (frame.overflown) throw new MaskError('A frame is too long to be masked.')
}

const lineFeed = 0x0a
const newline: Uint8Array = Uint8Array.of(lineFeed)
const nothing: Uint8Array = new Uint8Array(0)
