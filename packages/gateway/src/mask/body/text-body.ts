import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { Splice } from '../splice.ts'
import type { CellReader } from './cell-reader.ts'
import { TextCells } from './text-cells.ts'
import { traitsOf } from './traits.ts'

/** `begin`: behind the end of a text, another one begins there in the body. */
type TextFraming = Framing & { readonly begin: (at: number) => void }

/**
 * Plain text: each line is a cell, but a private key in PEM (RFC 7468) is one with all of its lines, and so is the tag
 * of an element that stands on a line of its own with the text below it.
 * `hint` is what the name of the field says that the text is the value of; `at`, where in the body it begins.
 */
export function textBody(
  reader: CellReader,
  {
    hint = 0,
    path = '$',
    at: begins = 0,
  }: { readonly hint?: number; readonly path?: string; readonly at?: number } = {},
): TextFraming {
  const out = new Splice()
  const cells = new TextCells(reader, out, limits.windowBytes)
  cells.chunkAt = begins
  let traits = 0
  let digits = 0
  let inKey = false
  /** Only a tag has come of the cell, and blanks. */
  let behindTag = false
  /** Where in the chunk the next key may begin; -1: nowhere. */
  let nextMarker = -1
  const how = { kind: hint === 0 ? 'line' : 'string', hint, escapes: 'none', path } as const

  const line = (chunk: Uint8Array, from: number, to: number, ends: boolean) => {
    const all = { ...how, traits, digits, ends: ends && !inKey && !behindTag }
    if (from < to || cells.begun) cells.add(chunk, from, to, all)
    if (all.ends) {
      traits = 0
      digits = 0
    }
  }
  /** Whether the cell goes on behind the line that ends here, because it is in a key. */
  const keyGoesOn = (chunk: Uint8Array, from: number, to: number): boolean => {
    const marked = nextMarker >= from && nextMarker < to
    // A line that began in an earlier chunk is looked at from its begin.
    const begun = from === 0 && cells.begun
    if (!inKey && !begun && !marked) return false
    const rest = Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from)
    const line = begun ? lastLine(Buffer.concat([cells.retained.subarray(-lineBytes), rest])) : rest
    return (inKey || line.includes(keyBegin)) && !line.includes(keyEnd)
  }
  const tagGoesOn = (chunk: Uint8Array, from: number, to: number): boolean => {
    const begun = from === 0 && cells.begun
    if (!begun && !behindTag && chunk[to - 1] !== greater) return false
    if (to - from > tagBytes) return false
    const rest = Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from)
    const line = begun ? lastLine(Buffer.concat([cells.retained.subarray(-tagBytes), rest])) : rest
    const said = line.toString('latin1')
    return line.length < tagBytes && (tagAlone.test(said) || (behindTag && said.trim() === ''))
  }
  return {
    begin: (at) => {
      cells.chunkAt = at
    },
    push: (chunk) => {
      out.begin(chunk)
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      let from = 0
      nextMarker = text.indexOf(keyBegin)
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0
        if (byte !== lineFeed && byte !== carriageReturn) {
          const ofByte = traitsOf[byte] ?? 0
          traits |= ofByte
          digits += ofByte & 1
          continue
        }
        if (nextMarker >= 0 && nextMarker < from) nextMarker = text.indexOf(keyBegin, from)
        inKey = keyGoesOn(chunk, from, at)
        behindTag = !inKey && tagGoesOn(chunk, from, at)
        if (inKey || behindTag) {
          line(chunk, from, at + 1, false)
        } else {
          line(chunk, from, at, true)
          out.copy(at, at + 1)
        }
        from = at + 1
      }
      line(chunk, from, chunk.length, false)
      cells.chunkAt += chunk.length
      return same(out.take(), chunk)
    },
    end: () => {
      out.begin(nothing)
      inKey = false
      behindTag = false
      line(nothing, 0, 0, true)
      return out.take()
    },
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const keyBegin = '-----BEGIN'
const keyEnd = '-----END'
const greater = 0x3e
/** A tag that is longer names more than a field. */
const tagBytes = 128
const tagAlone = /^\s*<[A-Za-z][\w:.-]*>\s*$/

function lastLine(text: Buffer): Buffer {
  return text.subarray(text.lastIndexOf(lineFeed) + 1)
}

/** A line of a key's text that is longer is none. */
const lineBytes = 1_024
const nothing: Uint8Array = new Uint8Array(0)

/** The chunk itself where what comes out says the same. */
export function same(bytes: Uint8Array, chunk: Uint8Array): Uint8Array {
  return bytes.length === chunk.length && Buffer.compare(bytes, chunk) === 0 ? chunk : bytes
}
