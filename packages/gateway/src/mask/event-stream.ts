import type { CellReader } from './body/cell-reader.ts'
import { DeltaChannels, type StreamEvent } from './body/delta-channels.ts'
import { unmasked } from './body/delta-pieces.ts'
import type { RawCell } from './body/raw-cell.ts'
import { sameOffset } from './body/telling.ts'
import { traitsOf } from './body/traits.ts'
import { Bytes } from './bytes.ts'
import type { Framing } from './json-body.ts'
import type { JsonMasker } from './json-masker.ts'
import { limits } from './limits.ts'
import { MaskError } from './plan.ts'
import type { Splice } from './splice.ts'

/**
 * Server-sent events (WHATWG HTML, section 9.2.6): the `data` lines of one event, joined by line feeds,
 * are one JSON text. An event is held until it is complete; one in which nothing changes goes out
 * byte for byte. The last event may lack its blank line, and is masked all the same, because not every
 * client discards it.
 */
export function eventStreamBody(
  masker: JsonMasker,
  out: Splice,
  detecting?: { readonly reader: CellReader; readonly declared: boolean },
): Framing {
  const block = new Bytes(limits.eventBytes)
  const channels = detecting && new DeltaChannels(detecting.reader)
  let lineEmpty = true
  let afterReturn = false
  /** Where in the body the event begins. */
  let at = 0

  const finish = (): Uint8Array => {
    const bytes = block.take()
    block.clear()
    if (channels === undefined || detecting === undefined) return maskEvent(bytes, masker, out)
    const begins = at
    at += bytes.length
    channels.push(readEvent(bytes, { masker, out, ...detecting, at: begins }))
    return nothing
  }
  const add = (chunk: Uint8Array, from: number, to: number) => {
    block.add(chunk, from, to)
    if (block.overflown) throw new MaskError('An event is too long to be masked.')
  }

  return {
    push: (chunk) => {
      const parts: Uint8Array[] = []
      let from = 0
      for (let to = 0; to < chunk.length; to += 1) {
        const byte = chunk[to]
        const endsLine = byte === lineFeed || byte === carriageReturn
        const secondHalf = byte === lineFeed && afterReturn
        afterReturn = byte === carriageReturn
        if (secondHalf) {
          // The rest of the line ending that has just completed an event belongs to that event.
          if (from === to && block.length === 0) {
            if (channels === undefined) parts.push(newline)
            else channels.push(lineEnding)
            from = to + 1
            at += 1
          }
          continue
        }
        if (endsLine && lineEmpty) {
          add(chunk, from, to + 1)
          parts.push(finish())
          from = to + 1
        }
        lineEmpty = endsLine
      }
      add(chunk, from, chunk.length)
      return sameBytes(channels?.release() ?? parts, chunk)
    },
    end: () => {
      const last = finish()
      return channels === undefined ? last : joined([last, ...channels.end()])
    },
  }
}

const nothing: Uint8Array = new Uint8Array(0)
const newline: Uint8Array = Buffer.from('\n')
/** Behind an event that may be held. */
const lineEnding: StreamEvent = {
  ...{ bytes: newline, payload: undefined, endsAll: false, rewrite: () => newline },
}
const lineFeed = 0x0a
const carriageReturn = 0x0d

type Line = { readonly text: string; readonly ending: string }

function maskEvent(block: Buffer, masker: JsonMasker, out: Splice): Uint8Array {
  const event = parseEvent(block)
  if (event.payload === '' || event.payload === '[DONE]') return block
  const bytes = Buffer.from(event.payload, 'latin1')
  const masked = maskPayload(bytes, masker, out)
  return masked === bytes ? block : rewrite(event, masked)
}

type Event = {
  readonly lines: readonly Line[]
  readonly values: readonly (string | undefined)[]
  readonly payload: string
}

function parseEvent(block: Buffer): Event {
  // latin1 keeps every byte, whatever it is, through the text and back.
  const lines = linesOf(block.toString('latin1'))
  const values = lines.map(dataOf)
  return { lines, values, payload: values.filter((value) => value !== undefined).join('\n') }
}

/** One JSON text, masked; the same bytes where nothing changes. */
export function maskPayload(bytes: Buffer, masker: JsonMasker, out: Splice): Uint8Array {
  out.begin(bytes)
  masker.feed(bytes, 0, bytes.length)
  const masked = out.take()
  out.begin(nothing)
  if (!masker.endText()) throw new MaskError('An event holds no JSON text.')
  const rest = out.take()
  return rest.length === 0 ? masked : Buffer.concat([masked, rest])
}

type Reading = {
  readonly masker: JsonMasker
  readonly out: Splice
  readonly reader: CellReader
  readonly declared: boolean
  /** Where in the body the event begins. */
  readonly at: number
}

/** An event as the channels take it: masked as far as it can be by itself. */
function readEvent(block: Buffer, given: Reading): StreamEvent {
  const from = plainDataAt(block)
  if (from > 0) {
    // Most events are one line of data. What else there may be is only asked for where something changes.
    return readPayload(block.subarray(from, -2), given, {
      whole: block,
      inBody: (offset) => given.at + from + offset,
      rewrite: (payload) => rewrite(parseEvent(block), payload),
    })
  }
  const { reader } = given
  const parsed = parseEvent(block)
  let lineAt = given.at
  const lines = parsed.lines.map((line, at) => {
    const begins = lineAt
    lineAt += line.text.length + line.ending.length
    if (parsed.values[at] !== undefined) return line
    reader.telling.locate = (offset) => begins + offset
    return { ...line, text: readLine(line.text, reader) }
  })
  reader.telling.locate = sameOffset
  const inBody = (offset: number) => given.at + inBlock(parsed, offset)
  const event = { ...parsed, lines }
  const bytes = Buffer.from(event.payload, 'latin1')
  const changed = lines.some(({ text }, at) => text !== parsed.lines[at]?.text)
  return readPayload(bytes, given, {
    whole: changed ? rewrite(event, bytes) : block,
    inBody,
    rewrite: (payload) => rewrite(event, payload),
  })
}

/** Where the one line of data begins that is all of the event; -1: the event is written in another way. */
function plainDataAt(block: Buffer): number {
  const { length } = block
  for (let at = 0; at < plainData.length; at += 1) {
    if (block[at] !== plainData[at]) return -1
  }
  if (block.indexOf(lineFeed) !== length - 2 || block[length - 1] !== lineFeed) return -1
  return block.includes(carriageReturn) ? -1 : plainData.length
}

const plainData: Uint8Array = Buffer.from('data: ')

function readPayload(
  bytes: Buffer,
  { masker, out, reader, declared }: Reading,
  event: {
    /** The event with this payload. */
    readonly whole: Uint8Array
    /** Where in the body a byte of the payload stands. */
    readonly inBody: (offset: number) => number
    readonly rewrite: (payload: Uint8Array) => Uint8Array
  },
): StreamEvent {
  const { whole, inBody, rewrite } = event
  const endsAll = bytes.equals(doneMark)
  if (endsAll || bytes.length === 0) {
    return { bytes: whole, endsAll, rewrite, payload: undefined }
  }
  if (!declared && !isJson(bytes)) {
    return { bytes: whole, endsAll, rewrite, payload: { bytes, json: false, locate: inBody } }
  }
  reader.telling.locate = inBody
  const masked = maskPayload(bytes, masker, out)
  reader.telling.locate = sameOffset
  const before = unmasked(bytes, masked)
  const payload = { bytes: masked, json: true, locate: (at: number) => inBody(before(at)) }
  return { bytes: masked === bytes ? whole : rewrite(masked), endsAll, rewrite, payload }
}

const doneMark: Uint8Array = Buffer.from('[DONE]')

/** From a byte of the payload to where it stands in the event. */
function inBlock({ lines, values }: Event, offset: number): number {
  let [payloadAt, blockAt] = [0, 0]
  for (const [at, { text, ending }] of lines.entries()) {
    const value = values[at]
    if (value !== undefined) {
      if (offset <= payloadAt + value.length) {
        return blockAt + text.length - value.length + offset - payloadAt
      }
      payloadAt += value.length + 1
    }
    blockAt += text.length + ending.length
  }
  return blockAt
}

/** An event that is no JSON is a piece of text. */
function isJson(payload: Buffer): boolean {
  const first = payload[0]
  if (first !== 0x7b && first !== 0x5b && first !== 0x22) return false
  try {
    JSON.parse(payload.toString())
    return true
  } catch {
    return false
  }
}

/** A comment, or another field: a text of its own. */
function readLine(text: string, reader: CellReader): string {
  if (text === '') return text
  const bytes = Buffer.from(text, 'latin1')
  const cell: RawCell = {
    bytes,
    from: 0,
    to: bytes.length,
    kind: 'line',
    hint: 0,
    traits: 0,
    digits: 0,
    escapes: 'none',
    place: { path: () => '$', open: undefined },
  }
  for (const byte of bytes) {
    const ofByte = traitsOf[byte] ?? 0
    cell.traits |= ofByte
    cell.digits += ofByte & 1
  }
  let read = ''
  let at = 0
  for (const { start, end, text: stand } of reader.read(cell)) {
    read += text.slice(at, start) + Buffer.from(stand).toString('latin1')
    at = end
  }
  return at === 0 ? text : read + text.slice(at)
}

function linesOf(block: string): Line[] {
  const lines: Line[] = []
  for (const [whole, text = '', ending = ''] of block.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)) {
    if (whole !== '') lines.push({ text, ending })
  }
  return lines
}

const passing = new Set(['', 'event', 'id', 'retry'])

/** The value of a `data` line; undefined for another line that may pass. */
function dataOf({ text }: Line): string | undefined {
  if (text === '') return undefined
  const colon = text.indexOf(':')
  const field = colon < 0 ? text : text.slice(0, colon)
  if (field === 'data') return colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
  // A lenient client could read ` data` or a byte order mark before it as `data`.
  if (!passing.has(field)) throw new MaskError('An event has an unknown field.')
  return undefined
}

/** The masked payload stands where the first `data` line stood. */
function rewrite({ lines, values }: Event, masked: Uint8Array): Uint8Array {
  const payload = Buffer.from(masked).toString('latin1')
  const first = values.findIndex((value) => value !== undefined)
  const text = lines.map((line, at) => {
    if (values[at] === undefined) return line.text + line.ending
    if (at !== first) return ''
    const ending = line.ending === '' ? '\n' : line.ending
    const written = payload.split('\n').map((part) => `data: ${part}`)
    return written.join(ending) + line.ending
  })
  return Buffer.from(text.join(''), 'latin1')
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}

/** The parts as one, or the chunk itself where they say the same. */
function sameBytes(parts: readonly Uint8Array[], chunk: Uint8Array): Uint8Array {
  const [only] = parts
  const all = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
  return Buffer.compare(all, chunk) === 0 ? chunk : all
}
