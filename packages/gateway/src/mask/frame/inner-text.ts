/** What stands between two quotes in JSON, and what it says. */
export type InnerText = {
  /** UTF-8, free of escapes; a surrogate that stands alone is U+FFFD, as decoders have it. */
  readonly bytes: Buffer
  /** The same text with changes, as it stands between the quotes; what does not change stays as it was written. */
  readonly written: (changes: readonly Change[]) => Buffer
}

/** `bytes[start, end)` of a text become `text`, which is UTF-8. */
export type Change = { readonly start: number; readonly end: number; readonly text: Uint8Array }

/** Reads a JSON string (RFC 8259 section 7) that is known to be well formed; `raw` is without its quotes. */
export function innerText(raw: Buffer): InnerText {
  const bytes = raw.includes(backslash) ? unescaped(raw) : raw
  return {
    bytes,
    written: (changes) => {
      const parts: Uint8Array[] = []
      const walk = { raw: 0, said: 0 }
      for (const { start, end, text } of changes) {
        const from = walk.raw
        advance(raw, walk, start)
        parts.push(raw.subarray(from, walk.raw), escaped(text))
        advance(raw, walk, end)
      }
      return Buffer.concat([...parts, raw.subarray(walk.raw)])
    },
  }
}

const backslash = 0x5c

function unescaped(raw: Buffer): Buffer {
  const out = Buffer.allocUnsafe(raw.length)
  let length = 0
  for (let at = 0; at < raw.length; ) {
    const byte = raw[at] ?? 0
    if (byte !== backslash) {
      out[length] = byte
      length += 1
      at += 1
      continue
    }
    const said = plain[raw[at + 1] ?? 0] ?? 0
    if (said !== 0) {
      out[length] = said
      length += 1
      at += 2
      continue
    }
    const { says, width } = unicodeAt(raw, at)
    length += out.write(says, length)
    at += width
  }
  return out.subarray(0, length)
}

/** Moves on to where the text has said `to` bytes. */
function advance(raw: Buffer, walk: { raw: number; said: number }, to: number): void {
  while (walk.said < to) {
    if (raw[walk.raw] !== backslash) {
      walk.raw += 1
      walk.said += 1
      continue
    }
    const isPlain = plain[raw[walk.raw + 1] ?? 0] !== 0
    const { says, width } = isPlain ? onePlain : unicodeAt(raw, walk.raw)
    walk.raw += width
    walk.said += Buffer.byteLength(says)
  }
}

const onePlain = { says: ' ', width: 2 }

function unicodeAt(raw: Buffer, at: number): { readonly says: string; readonly width: number } {
  const first = unitAt(raw, at)
  const second = isHigh(first) && raw[at + 6] === backslash ? unitAt(raw, at + 6) : 0
  if (isLow(second)) return { says: String.fromCharCode(first, second), width: 12 }
  const alone = isHigh(first) || isLow(first)
  return { says: alone ? '\ufffd' : String.fromCharCode(first), width: 6 }
}

/** What an escape of one letter says; 0 for the others. */
const plain = new Uint8Array(256)
for (const [at, letter] of [...'bfnrt"\\/'].entries()) {
  plain[letter.charCodeAt(0)] = '\b\f\n\r\t"\\/'.charCodeAt(at)
}
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000

/** The code unit of the `\u` escape that may begin here. */
function unitAt(raw: Buffer, at: number): number {
  if (raw[at + 1] !== 0x75) return 0
  return Number.parseInt(raw.toString('latin1', at + 2, at + 6), 16)
}

function escaped(text: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify(Buffer.from(text).toString()).slice(1, -1))
}
