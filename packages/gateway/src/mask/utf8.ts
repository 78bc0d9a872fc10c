/** The text of `bytes[from, to)`. */
export function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}

/** How many bytes the UTF-8 character has that begins with this one; 1 for what begins none. */
export function widthOf(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 1
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
}

/** The character that begins at `at`. */
export function codePointAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  const width = widthOf(first)
  if (width === 1) return first
  let codePoint = first & (0x7f >> width)
  for (let i = 1; i < width; i += 1) codePoint = (codePoint << 6) | ((bytes[at + i] ?? 0) & 0x3f)
  return codePoint
}
