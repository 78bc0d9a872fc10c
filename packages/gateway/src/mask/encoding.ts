import { isAscii, isUtf8 } from 'node:buffer'
import type { Framing } from './json-body.ts'
import { MaskError } from './plan.ts'

/**
 * The same framing for bytes that are what the charset says; undefined for a charset whose bytes we do
 * not read. Rules are compared with bytes: a name in another encoding, or spelled with bytes that a
 * lenient reader drops or mends, would not be found here and would be read there.
 */
export function inCharset(charset: string | undefined, framing: Framing): Framing | undefined {
  if (charset === 'us-ascii') return checked(framing, { push: assertAscii, end: () => {} })
  return charset === 'utf-8' || charset === 'utf8' ? checked(framing, utf8Check()) : undefined
}

/**
 * The same framing for text that holds no NUL: bytes that happen to be UTF-8 are no text where they do,
 * and UTF-16 that says it were UTF-8 is read by nobody as it is read here.
 */
export function noBinary(framing: Framing): Framing {
  const push = (chunk: Uint8Array) => {
    if (chunk.includes(0)) throw new MaskError('The body, or a part of it, is no text.')
  }
  return checked(framing, { push, end: () => {} })
}

type Check = { readonly push: (chunk: Uint8Array) => void; readonly end: () => void }

function checked(framing: Framing, check: Check): Framing {
  return {
    push: (chunk) => {
      check.push(chunk)
      return framing.push(chunk)
    },
    end: () => {
      check.end()
      return framing.end()
    },
  }
}

function assertAscii(chunk: Uint8Array): void {
  if (!isAscii(chunk)) throw wrong()
}

/** UTF-8 (RFC 3629) in chunks cut anywhere: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
function utf8Check(): Check {
  /** The beginning of a character that the next chunk completes: three bytes at most. */
  let begun = nothing
  return {
    push: (chunk) => {
      if (chunk.length === 0) return
      const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
      const whole = bytes.length - begunAtEnd(bytes)
      if (!isUtf8(bytes.subarray(0, whole))) throw wrong()
      begun = whole === bytes.length ? nothing : bytes.slice(whole)
    },
    end: () => {
      if (begun.length > 0) throw wrong()
    },
  }
}

/** How many bytes at the end begin a character without completing it. */
function begunAtEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}

function wrong(): MaskError {
  return new MaskError('The text is not in the charset it says.')
}

const nothing: Uint8Array = new Uint8Array(0)
