import { utf8Text } from '../encoding.ts'

/** JSON as other people's documents hold it: with null and fractions, which leaves have not. */
export type JsonObject = { readonly [key: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined for what is no JSON text in UTF-8, or is too deep to be walked. */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = isTooDeep(bytes) ? undefined : utf8Text(bytes)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Deeper than any document that means something. An upstream that nests further would end us, not the walk. */
const depthMax = 500

export function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let isString = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (isString && byte === backslash) at += 1
    else if (byte === quote) isString = !isString
    else if (!isString && (byte === openBracket || byte === openBrace)) depth += 1
    else if (!isString && (byte === closeBracket || byte === closeBrace)) depth -= 1
    if (depth > depthMax) return true
  }
  return false
}

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** RFC 8785 of any value that came out of `JSON.parse`. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
  return `{${members.join(',')}}`
}

export function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byteTexts[byte]
  return text
}

const byteTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
