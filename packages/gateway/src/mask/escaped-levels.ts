import { escapeMeanings, hexDigits } from './json-word.ts'
import { limits } from './limits.ts'

/** Bytes as they are read, and where each of them begins in those received; one more place: where they end. */
export type Level = { readonly text: Buffer; readonly starts: Uint32Array }

/** What the escapes stand for, in JSON, in JSON in its strings, and so on. The last is settled where all are. */
export function readLevels(
  bytes: Buffer,
  { from, last }: { readonly from: number; readonly last: boolean },
): readonly Level[] {
  const text = bytes.subarray(from)
  const starts = new Uint32Array(text.length + 1)
  for (let at = 0; at < starts.length; at += 1) starts[at] = from + at
  let level: Level = { text, starts }
  const levels: Level[] = []
  for (let depth = 0; depth < limits.echoDepth; depth += 1) {
    level = unescaped(level, last)
    levels.push(level)
    if (!level.text.includes(backslash)) break
  }
  return levels
}

function unescaped({ text, starts }: Level, last: boolean): Level {
  const out = Buffer.allocUnsafe(text.length)
  const from = new Uint32Array(text.length + 1)
  let size = 0
  let at = 0
  let run = 0
  while (at < text.length) {
    const byte = text[at] ?? 0
    const place = starts[at] ?? 0
    if (byte !== backslash) {
      from[size] = place
      out[size++] = byte
      at += 1
      run += 1
      if (run < shortRun) continue
      const next = text.indexOf(backslash, at)
      const end = next < 0 ? text.length : next
      out.set(text.subarray(at, end), size)
      from.set(starts.subarray(at, end), size)
      size += end - at
      at = end
      continue
    }
    run = 0
    if (text[at + 1] === backslash) {
      from[size] = place
      out[size++] = backslash
      at += 2
      continue
    }
    const length = escapeLength(text, at, last)
    if (length === undefined) break
    const end = put(out, size, length === 1 ? backslash : meantBy(text, at, length))
    while (size < end) from[size++] = place
    at += length
  }
  from[size] = starts[at] ?? 0
  return { text: out.subarray(0, size), starts: from.subarray(0, size + 1) }
}

/** Bytes of the escape that begins here; 1: it is none, but a backslash. Undefined: it may go on in what is not there yet. */
function escapeLength(text: Buffer, at: number, last: boolean): number | undefined {
  const name = text[at + 1]
  if (name === undefined) return last ? 1 : undefined
  if (name !== letterU) return escapeMeanings[name] === 0 ? 1 : 2
  const unit = unitAt(text, at)
  if (unit < 0) return text.length < at + 6 && !last ? undefined : 1
  if (unit < 0xd800 || unit > 0xdbff) return 6
  if (text.length < at + 12 && !last) return undefined
  const isPair = text[at + 6] === backslash && text[at + 7] === letterU
  const second = isPair ? unitAt(text, at + 6) : -1
  return second >= 0xdc00 && second <= 0xdfff ? 12 : 6
}

/** The character that an escape of this length stands for. */
function meantBy(text: Buffer, at: number, length: number): number {
  if (length === 2) return escapeMeanings[text[at + 1] ?? 0] ?? 0
  const unit = unitAt(text, at)
  return length === 6 ? unit : 0x10000 + (unit - 0xd800) * 0x400 + (unitAt(text, at + 6) - 0xdc00)
}

/** Of `\uXXXX`; negative: it is none. */
function unitAt(text: Buffer, at: number): number {
  let unit = 0
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const value = (hexDigits[text[digit] ?? 0] ?? 0) - 1
    if (value < 0) return -1
    unit = unit * 16 + value
  }
  return unit
}

/** Writes UTF-8 and says where it ends; half of a pair as three bytes, which no text has. */
function put(out: Buffer, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code
    return at + 1
  }
  const length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  let rest = code
  for (let last = length - 1; last > 0; last -= 1) {
    out[at + last] = 0x80 | (rest & 0x3f)
    rest >>= 6
  }
  out[at] = (leads[length] ?? 0) | rest
  return at + length
}

const backslash = 0x5c
const letterU = 0x75
/** So many bytes without an escape are copied one by one. */
const shortRun = 16
/** First bits of a character of so many bytes (RFC 3629 section 3). */
const leads: readonly number[] = [0, 0, 0xc0, 0xe0, 0xf0]
