import type { CellReader } from './body/cell-reader.ts'
import { DeltaChannels, type StreamEvent } from './body/delta-channels.ts'
import { deltaPieces, unmasked } from './body/delta-pieces.ts'
import { sameOffset } from './body/telling.ts'
import { Bytes } from './bytes.ts'
import { maskPayload } from './event-stream.ts'
import type { Framing } from './json-body.ts'
import type { JsonMasker } from './json-masker.ts'
import { limits } from './limits.ts'
import type { Splice } from './splice.ts'

type Masking = { readonly masker: JsonMasker; readonly out: Splice }

/**
 * A JSON text on each line, of which the strings of several lines may be one text, as models stream
 * their answers. A line is held until it is complete, and while its texts may go on; one that is too
 * long for that is a record, and streams by on its own. Blank lines pass.
 */
export function detectedLinesBody(
  reader: CellReader,
  /** Leaves alone what goes on in another line. */
  pieces: Masking,
  /** Reads every string as all of its text. */
  whole: Masking,
): Framing {
  const line = new Bytes(limits.eventBytes)
  let channels = new DeltaChannels(reader)
  let streaming = false
  /** Where in the body the chunk begins, and the line. */
  let chunkAt = 0
  let lineAt = 0

  const stream = (chunk: Uint8Array, from: number, to: number, at: number): Uint8Array => {
    reader.telling.locate = (offset) => at + offset
    whole.out.begin(chunk)
    whole.masker.feed(chunk, from, to)
    reader.telling.locate = sameOffset
    return whole.out.take()
  }
  const finish = (ends: boolean): readonly Uint8Array[] => {
    if (streaming) {
      streaming = false
      whole.out.begin(nothing)
      whole.masker.endText()
      return [whole.out.take(), ends ? newline : nothing]
    }
    return channels.push(readLine(line.take(), ends, { ...pieces, reader, at: lineAt }))
  }
  /** What has come of the line that is open. */
  const add = (chunk: Uint8Array, from: number, to: number): readonly Uint8Array[] => {
    if (streaming) return [stream(chunk, from, to, chunkAt)]
    if (line.length + to - from <= limits.eventBytes) {
      line.add(chunk, from, to)
      return []
    }
    streaming = true
    const before = channels.end()
    channels = new DeltaChannels(reader)
    const begun = line.take()
    return [...before, stream(begun, 0, begun.length, lineAt), stream(chunk, from, to, chunkAt)]
  }
  return {
    push: (chunk) => {
      const parts: Uint8Array[] = []
      let from = 0
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
        parts.push(...add(chunk, from, at), ...finish(true))
        from = at + 1
        lineAt = chunkAt + from
      }
      parts.push(...add(chunk, from, chunk.length))
      chunkAt += chunk.length
      const all = Buffer.concat(parts)
      return all.equals(chunk) ? chunk : all
    },
    end: () => Buffer.concat([...finish(false), ...channels.end()]),
  }
}

const lineFeed = 0x0a
const newline: Uint8Array = Uint8Array.of(lineFeed)
const nothing: Uint8Array = new Uint8Array(0)

function readLine(
  text: Buffer,
  ends: boolean,
  { masker, out, reader, at }: Masking & { readonly reader: CellReader; readonly at: number },
): StreamEvent {
  const written = (payload: Uint8Array) => (ends ? Buffer.concat([payload, newline]) : payload)
  if (isBlank(text)) {
    return { bytes: written(text), payload: undefined, endsAll: false, rewrite: written }
  }
  reader.telling.locate = (offset) => at + offset
  const bytes = maskPayload(text, masker, out)
  reader.telling.locate = sameOffset
  const before = unmasked(text, bytes)
  const locate = (offset: number) => at + before(offset)
  // A record among the lines of a stream: what came before does not go on behind it.
  const endsAll = deltaPieces(bytes).pieces.length === 0
  return {
    bytes: written(bytes),
    payload: { bytes, json: true, locate },
    endsAll,
    rewrite: written,
  }
}

function isBlank(text: Uint8Array): boolean {
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}
