import { isUtf8 } from 'node:buffer'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import type { Json } from '../../model/json.ts'
import { hidesFraction, quoteNumbers } from './json-number.ts'
import { numberEnd, quote, startsNumber, stringEnd } from './json-token.ts'

/** A JSON body read so that everybody downstream reads the same: valid UTF-8, no duplicate keys, bounded depth. */
export type JsonBody = {
  readonly value: Json
  /** The source text of the number at `path`; undefined for a safe integer, which a double holds exactly. */
  readonly exactNumber: (path: readonly string[]) => string | undefined
}

/** Reads a whole JSON text (RFC 8259). Refuses `request-malformed` saying what is wrong, never quoting it. */
export function readJsonBody(bytes: Uint8Array, depthMax: number): JsonBody {
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (text.charCodeAt(0) === 0xfeff) throw malformed('The body starts with a byte order mark.')
  const shape = shapeOf(bytes)
  // Checked before parsing: the parser itself recurses.
  if (shape.depth > depthMax) throw malformed(`The body is nested deeper than ${depthMax}.`)
  if (shape.numberTooLong) {
    throw malformed(`A number has more than ${limits.numberChars} characters.`)
  }
  const value = parse(text)
  // JSON.parse keeps the last of two equal keys, so a text with more keys than its value has duplicates.
  if (countKeys(value) !== shape.keys) throw malformed('The body repeats a key within one object.')
  if (shape.hidesFraction) throw malformed('A number has more digits than can be told apart.')
  let quoted: unknown
  return {
    value,
    exactNumber: (path) => {
      // Read again once, and only for who asks: most bodies hold no such number.
      if (typeof memberAt(value, path) !== 'number') return undefined
      quoted ??= JSON.parse(quoteNumbers(bytes))
      const source = memberAt(quoted, path)
      return typeof source === 'string' ? source : undefined
    },
  }
}

/** The parser's own error quotes the text, so it is not passed on: causes are logged. */
function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('The body is not JSON.')
  }
}

type Shape = {
  readonly depth: number
  readonly keys: number
  readonly numberTooLong: boolean
  /** A number that is not whole reads as one. */
  readonly hidesFraction: boolean
}

/** What one look at the bytes outside strings tells. Meaningful for valid JSON only. */
function shapeOf(bytes: Uint8Array): Shape {
  let depth = 0
  let deepest = 0
  let keys = 0
  let tooLong = false
  let hides = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      at = stringEnd(bytes, at)
      if (at < 0) break
    } else if (byte === 0x3a) keys++
    else if (byte === 0x7b || byte === 0x5b) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (byte === 0x7d || byte === 0x5d) depth--
    else if (startsNumber(byte)) {
      const end = numberEnd(bytes, at)
      if (end - at > limits.numberChars) tooLong = true
      else hides ||= hidesFraction(bytes, at, end)
      at = end - 1
    }
  }
  return { depth: deepest, keys, numberTooLong: tooLong, hidesFraction: hides }
}

function countKeys(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) {
    let count = 0
    for (const element of value) count += countKeys(element)
    return count
  }
  let count = 0
  for (const member of Object.values(value)) count += 1 + countKeys(member)
  return count
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let node = value
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = Reflect.get(node, key)
  }
  return node
}

function malformed(detail: string): Refusal {
  return new Refusal('request-malformed', { detail })
}
