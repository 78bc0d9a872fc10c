/**
 * Whole columns in PostgreSQL's binary form of a one-dimensional array (`array_recv` in the server's
 * arrayfuncs.c): as text, every byte of a payload would travel as two characters and be quoted besides.
 */

type Text = string | null | undefined

export function textArray(values: readonly Text[]): Buffer {
  return array(
    25,
    values.map((value) => (value === null || value === undefined ? null : Buffer.from(value))),
  )
}

export function bytesArray(values: readonly (Uint8Array | null)[]): Buffer {
  return array(17, values)
}

/** Whole numbers that a JavaScript number holds exactly. */
export function bigintArray(values: readonly number[]): Buffer {
  return array(
    20,
    values.map((value) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(BigInt(value))
      return bytes
    }),
  )
}

export function integerArray(values: readonly number[]): Buffer {
  return array(
    23,
    values.map((value) => {
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeInt32BE(value)
      return bytes
    }),
  )
}

const headBytes = 20

/** `type`: the object id of the elements' type, the same in every server. */
function array(type: number, elements: readonly (Uint8Array | null)[]): Buffer {
  const length = elements.reduce((sum, one) => sum + 4 + (one?.length ?? 0), headBytes)
  const all = Buffer.allocUnsafe(length)
  // Dimensions, whether there are nulls, the type, how many, and the number of the first.
  all.writeInt32BE(1, 0)
  all.writeInt32BE(elements.includes(null) ? 1 : 0, 4)
  all.writeInt32BE(type, 8)
  all.writeInt32BE(elements.length, 12)
  all.writeInt32BE(1, 16)
  let at = headBytes
  for (const one of elements) {
    all.writeInt32BE(one?.length ?? -1, at)
    at += 4
    if (!one) continue
    all.set(one, at)
    at += one.length
  }
  return all
}
