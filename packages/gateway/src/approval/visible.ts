import type { Json } from '../model/json.ts'

/**
 * Text as a person may judge it: every character that would be invisible, reorder its neighbours or
 * look like an ordinary space is written out, `\u{202E}`. Line feed and tab stay. A backslash that
 * would make text look like such an escape is written out too, so what is shown has one meaning.
 */
export function visibleText(text: string): string {
  return text.replace(unseen, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same for every string and every member name of a JSON value. */
export function visibleJson(value: Json): Json {
  if (typeof value === 'string') return visibleText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(visibleJson)
  const entries = Object.entries(value).map(([key, one]) => [visibleText(key), visibleJson(one)])
  return Object.fromEntries(entries)
}

/** Bytes as text a person may judge. Where they are not UTF-8, each byte above 0x7E is written `\x{FF}`. */
export function visibleBytes(bytes: Uint8Array): string {
  try {
    return visibleText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    return visibleText(text.replace(/\\(?=x\{)/g, '\\u{5c}')).replace(
      /[\x7f-\xff]/g,
      (found) => `\\x{${found.charCodeAt(0).toString(16)}}`,
    )
  }
}

/**
 * Controls, formats (bidirectional marks, zero widths, tags), lone surrogates, private and unassigned
 * characters, line separators, blanks other than a space, and everything that Unicode lets a
 * renderer leave out.
 */
const unseen = /(?![\n\t ])(?:\p{C}|\p{Z}|\p{Default_Ignorable_Code_Point}|\u{2800}|\\(?=u\{))/gu
