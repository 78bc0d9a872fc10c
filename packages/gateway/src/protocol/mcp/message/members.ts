import type { Json } from '../../../model/json.ts'
import { quote, stringEnd } from '../../door/json-token.ts'

/**
 * The members of one JSON object, each with the exact bytes of its value. Undefined where a key comes twice: two
 * readers could take different ones. `bytes` has to be valid JSON; for anything else the answer means nothing.
 */
export function membersOf(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> | undefined {
  const members = new Map<string, Uint8Array>()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = afterBlanks(bytes, afterBlanks(bytes, 0) + 1)
  while (bytes[at] === quote) {
    const keyEnd = stringEnd(bytes, at)
    if (keyEnd < 0) return undefined
    const key = keyOf(text.toString('utf8', at + 1, keyEnd))
    const from = afterBlanks(bytes, afterBlanks(bytes, keyEnd + 1) + 1)
    const to = valueEnd(bytes, from)
    if (members.has(key)) return undefined
    members.set(key, bytes.subarray(from, to))
    at = afterBlanks(bytes, to)
    if (bytes[at] !== comma) break
    at = afterBlanks(bytes, at + 1)
  }
  return members
}

/** What such bytes stand for; undefined for none. */
export function valueOfMember(bytes: Uint8Array | undefined): Json | undefined {
  if (bytes === undefined) return undefined
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
}

/** How deep arrays and objects stand in each other. Strings are passed over, whatever is in them. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < bytes.length; at++) {
    const kind = kinds[bytes[at] ?? 0]
    if (kind === plain) continue
    if (kind === quoting) {
      at = stringEnd(bytes, at)
      if (at < 0) break
    } else if (kind === opening) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (kind === closing) depth--
  }
  return deepest
}

/** The exact bytes of each element of a JSON array that is valid: of the first ones, where there are more than `most`. */
export function elementsOf(
  bytes: Uint8Array,
  most: number = Number.POSITIVE_INFINITY,
): readonly Uint8Array[] {
  const elements: Uint8Array[] = []
  let at = afterBlanks(bytes, afterBlanks(bytes, 0) + 1)
  while (at < bytes.length && !closes(bytes[at]) && elements.length < most) {
    const to = valueEnd(bytes, at)
    elements.push(bytes.subarray(at, to))
    at = afterBlanks(bytes, to)
    if (bytes[at] !== comma) break
    at = afterBlanks(bytes, at + 1)
  }
  return elements
}

function keyOf(inside: string): string {
  return inside.includes('\\') ? String(JSON.parse(`"${inside}"`)) : inside
}

/** The place behind the value that starts at `from`. */
function valueEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from]
  if (first === quote) {
    const end = stringEnd(bytes, from)
    return end < 0 ? bytes.length : end + 1
  }
  let depth = 0
  for (let at = from; at < bytes.length; at++) {
    const kind = kinds[bytes[at] ?? 0]
    if (kind === plain) continue
    if (kind === quoting) {
      at = stringEnd(bytes, at)
      if (at < 0) return bytes.length
    } else if (kind === opening) depth++
    else if (kind === closing) {
      // The end of what holds this value, or of itself.
      if (depth === 0) return at
      depth--
      if (depth === 0) return at + 1
    } else if (depth === 0) return at
  }
  return bytes.length
}

function afterBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (isBlank(bytes[at])) at++
  return at
}

/** JSON's white space (RFC 8259 section 2). */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function closes(byte: number | undefined): boolean {
  return byte === 0x7d || byte === 0x5d
}

const comma = 0x2c

/** What a byte outside of strings means to who looks for the end of a value: most mean nothing. */
const kinds = new Uint8Array(256)
const [plain, quoting, opening, closing, ending] = [0, 1, 2, 3, 4] as const
kinds[quote] = quoting
for (const open of [0x7b, 0x5b]) kinds[open] = opening
for (const close of [0x7d, 0x5d]) kinds[close] = closing
for (const end of [comma, 0x20, 0x0a, 0x0d, 0x09]) kinds[end] = ending
