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
export function eventStreamBody(masker: JsonMasker, out: Splice): Framing {
  const block = new Bytes(limits.eventBytes)
  let lineEmpty = true
  let afterReturn = false

  const finish = (): Uint8Array => {
    const bytes = block.take()
    block.clear()
    return maskEvent(bytes, masker, out)
  }
  const add = (chunk: Uint8Array, from: number, to: number) => {
    block.add(chunk, from, to)
    if (block.overflown) throw new MaskError('An event is too long to be masked.')
  }

  return {
    push: (chunk) => {
      const parts: Uint8Array[] = []
      let from = 0
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at]
        const endsLine = byte === lineFeed || byte === carriageReturn
        const secondHalf = byte === lineFeed && afterReturn
        afterReturn = byte === carriageReturn
        if (secondHalf) {
          // The rest of the line ending that has just completed an event belongs to that event.
          if (from === at && block.length === 0) {
            parts.push(chunk.subarray(at, at + 1))
            from = at + 1
          }
          continue
        }
        if (endsLine && lineEmpty) {
          add(chunk, from, at + 1)
          parts.push(finish())
          from = at + 1
        }
        lineEmpty = endsLine
      }
      add(chunk, from, chunk.length)
      return sameBytes(parts, chunk)
    },
    end: finish,
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

type Line = { readonly text: string; readonly ending: string }

function maskEvent(block: Buffer, masker: JsonMasker, out: Splice): Uint8Array {
  // latin1 keeps every byte, whatever it is, through the text and back.
  const lines = linesOf(block.toString('latin1'))
  const values = lines.map(dataOf)
  const payload = values.filter((value) => value !== undefined).join('\n')
  if (payload === '' || payload === '[DONE]') return block
  const bytes = Buffer.from(payload, 'latin1')
  out.begin(bytes)
  masker.feed(bytes, 0, bytes.length)
  const masked = out.take()
  out.begin(new Uint8Array(0))
  if (!masker.endText()) throw new MaskError('An event holds no JSON text.')
  const rest = out.take()
  if (masked === bytes && rest.length === 0) return block
  return rewrite(lines, values, Buffer.concat([masked, rest]).toString('latin1'))
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
function rewrite(
  lines: readonly Line[],
  values: readonly (string | undefined)[],
  payload: string,
): Uint8Array {
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

/** The parts as one, or the chunk itself where they say the same. */
function sameBytes(parts: readonly Uint8Array[], chunk: Uint8Array): Uint8Array {
  const [only] = parts
  const all = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
  return Buffer.compare(all, chunk) === 0 ? chunk : all
}
