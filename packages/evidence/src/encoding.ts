/** The encodings that the text formats share, each in its one canonical spelling. */

const encoder = new TextEncoder()

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text of well-formed UTF-8, a byte order mark kept; `undefined` for anything else. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** RFC 4648 section 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** `undefined` unless the text is exactly what `toBase64` writes: padded, no spaces, no stray bits. */
export function fromBase64(text: string): Uint8Array | undefined {
  // `atob` skips white space and throws on most else; writing it again shows what it forgave.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const binary = atob(text)
  if (btoa(binary) !== text) return undefined
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

/** Eight lowercase hexadecimal digits. */
export function toHex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Compares public bytes: takes less time the earlier they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}

/** A decimal without sign or leading zeros, at most `max`; `undefined` for anything else. */
export function fromDecimal(text: string, max: bigint): bigint | undefined {
  // Twenty digits hold any 64-bit number: longer text is refused before it is computed with.
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text)) return undefined
  const value = BigInt(text)
  return value <= max ? value : undefined
}
