import type { Framing } from './json-body.ts'

/**
 * The same framing for bytes that begin with a byte order mark, as some writers of JSON put one there (RFC 8259
 * section 8.1): it goes out as it came, and what stands behind it is read. `onMark` is told how many bytes it has.
 */
export function behindMark(framing: Framing, onMark: (bytes: number) => void): Framing {
  /** The beginning of a mark that the next chunk completes. */
  let begun = nothing
  let isPast = false
  const push = (chunk: Uint8Array): Uint8Array => {
    if (isPast || chunk.length === 0) return framing.push(chunk)
    const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
    if (!mark.every((byte, at) => at >= bytes.length || bytes[at] === byte)) {
      isPast = true
      return framing.push(bytes)
    }
    begun = bytes.slice()
    if (bytes.length < mark.length) return nothing
    isPast = true
    onMark(mark.length)
    return Buffer.concat([mark, framing.push(bytes.subarray(mark.length))])
  }
  return {
    push,
    end: () => {
      if (isPast || begun.length === 0) return framing.end()
      isPast = true
      return Buffer.concat([framing.push(begun), framing.end()])
    },
  }
}

const mark: Uint8Array = Uint8Array.of(0xef, 0xbb, 0xbf)
const nothing: Uint8Array = new Uint8Array(0)
