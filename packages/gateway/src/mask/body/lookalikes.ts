import { isAlnum } from '../detect/classes.ts'
import { codePointAt, widthOf } from '../utf8.ts'
import { foldOf, folds } from './fold-table.ts'

/**
 * Writes letters of `bytes[from, to)` that only look like ASCII as that, and where each byte came from with it. Words
 * of another script stay what they are: those without a letter of ASCII, in which one looks like none. Returns where the text ends now.
 */
export function foldLookalikes(
  bytes: Uint8Array,
  origin: Int32Array,
  from: number,
  to: number,
): number {
  let end = from
  let wordTo = from
  let isForeign = false
  for (let at = from; at < to; ) {
    if (at >= wordTo) {
      wordTo = wordEnd(bytes, at, to)
      isForeign = isForeignWord(bytes, at, wordTo)
    }
    const width = widthOf(bytes[at] ?? 0)
    const fold = width === 1 || isForeign ? 0 : foldOf(codePointAt(bytes, at))
    if (fold >= folds.lookalike) {
      bytes[end] = fold & ~folds.lookalike
      origin[end] = origin[at] ?? 0
      end += 1
    } else {
      for (let i = 0; i < width; i += 1) {
        bytes[end + i] = bytes[at + i] ?? 0
        origin[end + i] = origin[at + i] ?? 0
      }
      end += width
    }
    at += width
  }
  return end
}

/** Behind the letters and digits that begin at `from`, or the one mark of ASCII that stands there. */
function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && (isAlnum(bytes[at]) || (bytes[at] ?? 0) > 0x7f)) at += 1
  return Math.max(at, from + 1)
}

function isForeignWord(bytes: Uint8Array, from: number, to: number): boolean {
  let isForeign = false
  for (let at = from; at < to; at += widthOf(bytes[at] ?? 0)) {
    if ((bytes[at] ?? 0) < 0x80) return false
    isForeign ||= foldOf(codePointAt(bytes, at)) < folds.lookalike
  }
  return isForeign
}
