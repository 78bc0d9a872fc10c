import { hintOf } from '../detect/hints.ts'
import { noBinary } from '../encoding.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { MaskError } from '../plan.ts'
import { ByteWindow } from './byte-window.ts'
import type { CellReader } from './cell-reader.ts'
import { same, textBody } from './text-body.ts'

/** Makes the framing of one part, which begins `at` in the body; undefined: such a part cannot be read. */
export type PartFraming = (mediaType: string, at: number) => Framing | undefined

/**
 * `multipart/*` (RFC 2046 section 5.1, RFC 7578): the headers of each part are text, its body is read
 * as its own media type says. The name of a form's field says what its text is.
 */
export function multipartBody(
  reader: CellReader,
  boundary: string,
  framingOf: PartFraming,
): Framing {
  const delimiter = Buffer.from(`--${boundary}`)
  const window = new ByteWindow()
  /** Between two delimiters: before the first or after the last one, in the headers, in the body. */
  let where: 'around' | 'head' | 'body' = 'around'
  let part: Framing = textBody(reader)
  const heads = textBody(reader)
  /** Where in the body the window begins. */
  let windowAt = 0
  /** The next byte begins a line. */
  let lineStart = true

  const take = (parts: Uint8Array[], bytes: Buffer, count: number) => {
    if (count === 0) return
    // What the window gave out stays as it is.
    parts.push(part.push(bytes.subarray(0, count)))
    lineStart = bytes[count - 1] === lineFeed
    drop(count)
  }
  const drop = (count: number) => {
    window.drop(count)
    windowAt += count
  }
  /** Reads one more piece; false when more bytes are needed. */
  const step = (parts: Uint8Array[], last: boolean): boolean => {
    const bytes = window.bytes
    if (where === 'head') return readHead(parts, bytes)
    const at = delimiterAt(bytes, delimiter, lineStart)
    if (at < 0) {
      // The delimiter may have begun; and the line end before it belongs to it.
      take(parts, bytes, last ? bytes.length : Math.max(0, bytes.length - delimiter.length - 4))
      return false
    }
    const lineEnd = bytes.indexOf(lineFeed, at)
    if (lineEnd < 0 && !last) {
      if (bytes.length - at > delimiter.length + lineBytesMax) throw tooLong()
      return false
    }
    const end = lineEnd < 0 ? bytes.length : lineEnd + 1
    const closes = areDashes(bytes, at + delimiter.length)
    const before = at - lineBreakBefore(bytes, at)
    take(parts, bytes, before)
    parts.push(part.end(), bytes.subarray(before, end))
    drop(end - before)
    where = closes ? 'around' : 'head'
    if (closes) part = textBody(reader, { at: windowAt })
    lineStart = true
    return window.length > 0
  }
  const readHead = (parts: Uint8Array[], bytes: Buffer): boolean => {
    const end = headEnd(bytes)
    if (end < 0) {
      if (bytes.length > limits.partHeadBytes) throw tooLong()
      return false
    }
    const head = bytes.subarray(0, end)
    heads.begin(windowAt)
    parts.push(heads.push(head), heads.end())
    drop(end)
    const made = partBody(reader, head.toString('latin1'), framingOf, windowAt)
    if (made === undefined) throw new MaskError('A part of the body cannot be read.')
    part = made
    where = 'body'
    lineStart = true
    return true
  }
  const run = (last: boolean): Uint8Array => {
    const parts: Uint8Array[] = []
    while (step(parts, last));
    if (last) {
      if (where === 'head') throw new MaskError('A part of the body is cut off.')
      parts.push(part.end())
    }
    return Buffer.concat(parts)
  }
  return {
    push: (chunk) => {
      window.add(chunk, 0, chunk.length)
      return same(run(false), chunk)
    },
    end: () => run(true),
  }
}

const lineFeed = 0x0a
/** Two dashes behind a delimiter: it is the last one. */
const areDashes = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 0x2d && bytes[at + 1] === 0x2d
/** White space behind a delimiter; more is an attack on whoever looks for its end. */
const lineBytesMax = 128

function tooLong(): MaskError {
  return new MaskError('The head of a part is too long to be read.')
}

/** Where a line begins with the delimiter; -1 when none does. */
function delimiterAt(bytes: Buffer, delimiter: Buffer, lineStart: boolean): number {
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + 1)) {
    if (at === 0 ? lineStart : bytes[at - 1] === lineFeed) return at
  }
  return -1
}

/** How many bytes the line end before the delimiter has. */
function lineBreakBefore(bytes: Buffer, at: number): number {
  if (at === 0) return 0
  return at > 1 && bytes[at - 2] === 0x0d ? 2 : 1
}

/** Behind the empty line that ends the headers; -1 when it has not come yet. */
function headEnd(bytes: Buffer): number {
  if (bytes[0] === lineFeed) return 1
  if (bytes[0] === 0x0d && bytes[1] === lineFeed) return 2
  // Nothing is looked for behind a head's greatest length: the rest of a body may hold many parts.
  const head = bytes.subarray(0, limits.partHeadBytes + 4)
  for (let at = head.indexOf(lineFeed); at >= 0; at = head.indexOf(lineFeed, at + 1)) {
    if (head[at + 1] === lineFeed) return at + 2
    const crlf = head[at - 1] === 0x0d && head[at + 1] === 0x0d && head[at + 2] === lineFeed
    if (crlf) return at + 3
  }
  return -1
}

function partBody(
  reader: CellReader,
  raw: string,
  framingOf: PartFraming,
  at: number,
): Framing | undefined {
  // A header may be folded over lines (RFC 5322 section 2.2.3).
  const head = raw.replace(/\r?\n(?=[ \t])/g, '')
  const encoding = /^content-transfer-encoding:[ \t]*([\w-]+)/im.exec(head)?.[1]?.toLowerCase()
  if (encoding !== undefined && !['7bit', '8bit', 'binary'].includes(encoding)) return undefined
  const mediaType = /^content-type:[ \t]*([^\r\n]*)/im.exec(head)?.[1] ?? ''
  const name = /^content-disposition:[^\r\n]*;[ \t]*name="?([^"\r\n;]*)/im.exec(head)?.[1]
  if (mediaType === '' || /^text\/plain\b/i.test(mediaType)) {
    const bytes = Buffer.from(name ?? '')
    return noBinary(textBody(reader, { hint: hintOf(bytes, 0, bytes.length), path: '$[*]', at }))
  }
  return framingOf(mediaType, at)
}
