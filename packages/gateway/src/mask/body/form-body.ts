import { hintOf } from '../detect/hints.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { Splice } from '../splice.ts'
import type { CellReader } from './cell-reader.ts'
import { FoldedText } from './fold.ts'
import { same } from './text-body.ts'
import { TextCells } from './text-cells.ts'
import { traitsOf } from './traits.ts'

/** `application/x-www-form-urlencoded` (WHATWG URL, section 5): names and values are cells. */
export function formBody(reader: CellReader): Framing {
  const out = new Splice()
  const cells = new TextCells(reader, out, limits.windowBytes)
  const nameText = new FoldedText()
  let traits = 0
  let digits = 0
  let inName = true
  let hint = 0

  const nameHint = (chunk: Uint8Array, from: number, to: number): number => {
    if (cells.begun) {
      const name = Buffer.concat([cells.retained, chunk.subarray(from, to)])
      nameText.read(name, 0, name.length, 'form')
    } else nameText.read(chunk, from, to, 'form')
    return hintOf(nameText.bytes, 0, nameText.length)
  }
  const add = (chunk: Uint8Array, from: number, to: number, ends: boolean) => {
    const named = inName && ends ? nameHint(chunk, from, to) : 0
    if (from < to || cells.begun) {
      const kind = inName ? 'key' : 'string'
      const how = { kind, hint: inName ? 0 : hint, escapes: 'form', path: '$[*]' } as const
      cells.add(chunk, from, to, { ...how, traits, digits, ends })
    }
    if (!ends) return
    hint = named
    traits = 0
    digits = 0
  }
  return {
    push: (chunk) => {
      out.begin(chunk)
      let from = 0
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0
        const nameEnds = inName && byte === equals
        if (byte !== ampersand && !nameEnds) {
          const ofByte = traitsOf[byte] ?? 0
          traits |= ofByte
          digits += ofByte & 1
          continue
        }
        add(chunk, from, at, true)
        out.copy(at, at + 1)
        from = at + 1
        inName = !nameEnds
      }
      add(chunk, from, chunk.length, false)
      return same(out.take(), chunk)
    },
    end: () => {
      out.begin(nothing)
      add(nothing, 0, 0, true)
      return out.take()
    },
  }
}

const ampersand = 0x26
const equals = 0x3d
const nothing: Uint8Array = new Uint8Array(0)
