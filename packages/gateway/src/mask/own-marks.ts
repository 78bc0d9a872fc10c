import type { Span } from './detect/cell.ts'
import { limits } from './limits.ts'
import { isPseudonym } from './span-strategy.ts'
import { tokenised } from './token.ts'

/**
 * What masking with this key has left before: its pseudonyms and tokens. Who has not the key can make neither, so
 * nothing passes because it is written like one.
 */
export class OwnMarks {
  readonly key: Uint8Array

  constructor(key: Uint8Array) {
    this.key = key
  }

  /** Whether a value that was found is one of them, or a part of one. */
  hold(bytes: Uint8Array, { start, end }: Span): boolean {
    let from = start
    while (from > 0 && start - from < limits.markBytes && inMark[bytes[from - 1] ?? 0] === 1)
      from -= 1
    if (bytes[from + 3] !== underscore || !(bytes[from] === letterP || bytes[from] === letterT)) {
      return false
    }
    let to = from
    while (to < bytes.length && to - from < limits.markBytes && inMark[bytes[to] ?? 0] === 1)
      to += 1
    if (to < end) return false
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
    return isPseudonym(text, this.key) || tokenised(text, this.key) !== undefined
  }
}

const underscore = 0x5f
const letterP = 0x70
const letterT = 0x74
const inMark = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && /[\w-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
