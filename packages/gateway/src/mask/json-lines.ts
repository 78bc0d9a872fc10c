import type { CellReader } from './body/cell-reader.ts'
import { DeltaChannels, type StreamEvent } from './body/delta-channels.ts'
import { hasPieces, unmasked } from './body/delta-pieces.ts'
import { sameOffset } from './body/telling.ts'
import { same } from './body/text-body.ts'
import { Bytes } from './bytes.ts'
import { maskPayload } from './event-stream.ts'
import type { Framing } from './json-body.ts'
import type { JsonMasker } from './json-masker.ts'
import { limits } from './limits.ts'
import { Splice } from './splice.ts'

type Masking = { readonly masker: JsonMasker; readonly out: Splice }

/** `spotted.any` becomes true when the masker leaves alone a string that may go on elsewhere. */
type PieceMasking = Masking & { readonly spotted: { any: boolean } }

/**
 * A JSON text on each line, of which the strings of several lines may be one text, as models stream
 * their answers. A line is held until it is complete, and while its texts may go on; one that is too
 * long for that is a record, and streams by on its own. Blank lines pass.
 */
export function detectedLinesBody(
  reader: CellReader,
  /** Leaves alone what goes on in another line. */
  pieces: PieceMasking,
  /** Reads every string as all of its text. */
  whole: Masking,
): Framing {
  const line = new Bytes(limits.eventBytes)
  const channels = new DeltaChannels(reader)
  const body = new Splice()
  const long = longLine(reader, whole)
  let streaming = false
  /** Where in the body the chunk begins, and the line. */
  let chunkAt = 0
  let lineAt = 0

  const write = (parts: readonly Uint8Array[]) => {
    for (const part of parts) body.write(part)
  }
  /** A line, masked as far as it can be by itself; undefined: it waits for what its texts say. */
  const read = (text: Buffer, end: Uint8Array): Uint8Array | undefined => {
    const at = lineAt
    const blank = isBlank(text)
    if (blank && channels.idle) return text
    const { spotted, masker, out } = pieces
    spotted.any = false
    reader.telling.locate = (offset) => at + offset
    const bytes = blank ? text : maskPayload(text, masker, out)
    reader.telling.locate = sameOffset
    // A longer string is not asked whether it may go on: whether it is the piece of a text is.
    if (text.length > limits.tokenBytes) spotted.any = hasPieces(bytes)
    if (blank || spotted.any) {
      channels.push(heldLine({ text, bytes, end, at }))
      return undefined
    }
    // A record among the lines of a stream: what came before does not go on behind it.
    write(channels.end())
    return bytes
  }
  /** What has come of the line that is open. */
  const add = (chunk: Uint8Array, from: number, to: number) => {
    if (!streaming && line.length + to - from > limits.eventBytes) {
      streaming = true
      write(channels.end())
      const begun = line.take()
      body.write(long.feed(begun, 0, begun.length, lineAt))
    }
    if (streaming) body.write(long.feed(chunk, from, to, chunkAt))
    else line.add(chunk, from, to)
  }
  /** The line that is open ends. */
  const finish = (end: Uint8Array) => {
    if (streaming) {
      streaming = false
      write([long.end(), end])
      return
    }
    const bytes = read(line.take(), end)
    if (bytes !== undefined) write([bytes, end])
  }
  return {
    push: (chunk) => {
      body.begin(chunk)
      const all = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      let from = 0
      for (let at = all.indexOf(lineFeed); at >= 0; at = all.indexOf(lineFeed, from)) {
        if (streaming || line.length > 0 || at - from > limits.eventBytes) {
          add(chunk, from, at)
          finish(newline)
        } else {
          const text = all.subarray(from, at)
          const bytes = read(text, newline)
          if (bytes === text) body.copy(from, at + 1)
          else if (bytes !== undefined) write([bytes, newline])
        }
        from = at + 1
        lineAt = chunkAt + from
      }
      add(chunk, from, chunk.length)
      chunkAt += chunk.length
      write(channels.release())
      return same(body.take(), chunk)
    },
    end: () => {
      body.begin(nothing)
      finish(nothing)
      write(channels.end())
      return body.take()
    },
  }
}

const lineFeed = 0x0a
const newline: Uint8Array = Uint8Array.of(lineFeed)
const nothing: Uint8Array = new Uint8Array(0)

/** A line that streams by. `at`: where in the body the chunk begins. */
function longLine(reader: CellReader, { masker, out }: Masking) {
  return {
    feed: (chunk: Uint8Array, from: number, to: number, at: number): Uint8Array => {
      reader.telling.locate = (offset) => at + offset
      out.begin(chunk)
      masker.feed(chunk, from, to)
      reader.telling.locate = sameOffset
      return out.take()
    },
    end: (): Uint8Array => {
      out.begin(nothing)
      masker.endText()
      return out.take()
    },
  }
}

/** What is held of a line: its own bytes, because the chunk they came in will be gone. */
function heldLine(line: {
  readonly text: Uint8Array
  /** The text, masked. */
  readonly bytes: Uint8Array
  readonly end: Uint8Array
  /** Where in the body it begins. */
  readonly at: number
}): StreamEvent {
  const { end, at } = line
  const text = Uint8Array.from(line.text)
  const bytes = line.bytes === line.text ? text : Uint8Array.from(line.bytes)
  const before = unmasked(text, bytes)
  return {
    bytes: Buffer.concat([bytes, end]),
    payload: isBlank(text)
      ? undefined
      : { bytes, json: true, locate: (offset) => at + before(offset) },
    endsAll: false,
    rewrite: (payload) => Buffer.concat([payload, end]),
  }
}

function isBlank(text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  }
  return true
}
