import { Bytes } from '../bytes.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import type { CellReader } from './cell-reader.ts'
import { emptyList, holdsHidden, nextTokenList, type TokenList } from './token-lists.ts'
import { ListEnd } from './value-ends.ts'

/**
 * A JSON text in which a model says of its answer which tokens it is made of: the answer once more, in pieces that
 * say nothing alone. Each such list is held whole, read as the one text it is, and emptied where that holds a
 * value; all else streams by.
 */
export function tokenListsBody(inner: Framing, reader: CellReader): Framing {
  const list = new Bytes(limits.eventBytes)
  let open: { readonly list: TokenList; readonly end: ListEnd } | undefined
  /** What may be the name of a list. */
  let unclear: Uint8Array = nothing
  let at = 0

  const pass = (bytes: Uint8Array): Uint8Array => {
    reader.telling.begin = at
    at += bytes.length
    return inner.push(bytes)
  }
  const closed = (of: TokenList): Uint8Array => {
    const { length, overflown } = list
    const bytes = list.take()
    reader.telling.begin = at
    // What is too long to be held cannot be read as one text.
    if (overflown) reader.telling.unsettled()
    if (!overflown && !holdsHidden(bytes, reader)) return pass(bytes)
    const stands = inner.push(emptyList(of))
    at += length
    return stands
  }
  /** Reads on from `from`; says up to where. */
  const step = (bytes: Buffer, from: number, parts: Uint8Array[]): number => {
    if (open !== undefined) {
      const end = open.end.find(bytes, from)
      list.add(bytes, from, end < 0 ? bytes.length : end)
      if (end < 0) return bytes.length
      parts.push(closed(open.list))
      open = undefined
      return end
    }
    const next = nextTokenList(bytes, from)
    if (next === undefined) {
      parts.push(pass(bytes.subarray(from)))
      return bytes.length
    }
    const to = 'unclear' in next ? next.unclear : next.from
    if (to > from) parts.push(pass(bytes.subarray(from, to)))
    if (!('unclear' in next)) {
      open = { list: next, end: new ListEnd() }
      return to
    }
    // A copy: the chunk will be gone.
    unclear = Uint8Array.from(bytes.subarray(to))
    return bytes.length
  }
  return {
    push: (chunk) => {
      const whole = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      if (unclear.length === 0 && open === undefined && nextTokenList(whole, 0) === undefined) {
        return pass(chunk)
      }
      const bytes = unclear.length > 0 ? Buffer.concat([unclear, whole]) : whole
      unclear = nothing
      const parts: Uint8Array[] = []
      for (let from = 0; from < bytes.length; ) from = step(bytes, from, parts)
      return Buffer.concat(parts)
    },
    end: () => {
      // A list that is still open has no end: nor has the text, which is told as what it is.
      const rest = unclear.length > 0 ? pass(unclear) : nothing
      return Buffer.concat([rest, inner.end()])
    },
  }
}

const nothing: Uint8Array = new Uint8Array(0)
