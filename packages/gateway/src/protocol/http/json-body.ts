import { isUtf8 } from 'node:buffer'
import { Refusal } from '../../call/refusal.ts'
import type { Json } from '../../model/json.ts'

/** A JSON body read so that everybody downstream reads the same: valid UTF-8, no duplicate keys, bounded depth. */
export type JsonBody = {
  readonly value: Json
  /** The source text of the number at `path`, for numbers that a double cannot hold exactly. */
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
  const value = parse(text)
  // JSON.parse keeps the last of two equal keys, so a text with more keys than its value has duplicates.
  if (countKeys(value) !== shape.keys) throw malformed('The body repeats a key within one object.')
  if (mayRound.test(text) && hidesFraction(text)) {
    throw malformed('A number has more digits than can be told apart.')
  }
  return { value, exactNumber: (path) => exactNumber(text, path) }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('The body is not JSON.', cause)
  }
}

/** What a double may round to an integer: many digits behind the point, or an exponent that makes some. */
const mayRound = /\.\d{15}|\d[eE]-\d/

/**
 * Whether a number that is not whole reads as one, like 1.00000000000000000001: schema and policy would
 * judge the integer, and the upstream could read the fraction.
 */
function hidesFraction(text: string): boolean {
  let found = false
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (Number.isInteger(value) && !isWhole(context?.source ?? '')) found = true
    return value
  })
  return found
}

function isWhole(source: string): boolean {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const digits = whole + fraction
  const zeros = digits.length - digits.replace(/0+$/, '').length
  return zeros === digits.length || Number(exponent) - fraction.length + zeros >= 0
}

/** Depth and number of keys, by one look at the bytes outside strings. Meaningful for valid JSON only. */
function shapeOf(bytes: Uint8Array): { readonly depth: number; readonly keys: number } {
  let depth = 0
  let deepest = 0
  let keys = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      at = bytes.indexOf(0x22, at + 1)
      while (at > 0 && escaped(bytes, at)) at = bytes.indexOf(0x22, at + 1)
      if (at < 0) break
    } else if (byte === 0x3a) keys++
    else if (byte === 0x7b || byte === 0x5b) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return { depth: deepest, keys }
}

/** Whether the quote at `at` stands behind an odd number of backslashes. */
function escaped(bytes: Uint8Array, at: number): boolean {
  let backslashes = 0
  while (bytes[at - 1 - backslashes] === 0x5c) backslashes++
  return backslashes % 2 === 1
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

/** Parses again with source text access; only asked for numbers that need it. */
function exactNumber(text: string, path: readonly string[]): string | undefined {
  let node: unknown = JSON.parse(text, withSource)
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = Reflect.get(node, key)
  }
  return node instanceof NumberText ? node.text : undefined
}

class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

function withSource(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined
    ? new NumberText(context.source)
    : value
}

function malformed(detail: string, cause?: unknown): Refusal {
  return new Refusal('request-malformed', { detail, cause })
}
