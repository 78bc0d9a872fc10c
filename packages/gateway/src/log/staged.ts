/** One file of the published log, by its path below the log folder. */
export type LogFile = { readonly path: string; readonly bytes: Uint8Array }

/**
 * All files of one growth as one, so that they are there whole or not at all: for each the length of its
 * path (uint16, big-endian), the path, the length of its bytes (uint32) and the bytes.
 */
export function encodeStaged(files: readonly LogFile[]): Uint8Array {
  return Buffer.concat(
    files.flatMap(({ path, bytes }) => {
      const name = Buffer.from(path)
      const head = Buffer.alloc(2 + name.length + 4)
      head.writeUInt16BE(name.length, 0)
      name.copy(head, 2)
      head.writeUInt32BE(bytes.length, 2 + name.length)
      return [head, bytes]
    }),
  )
}

/** Throws when the bytes are not what `encodeStaged` gives. */
export function parseStaged(bytes: Uint8Array): readonly LogFile[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const files: LogFile[] = []
  for (let at = 0; at < all.length; ) {
    const nameEnd = at + 2 + all.readUInt16BE(at)
    const start = nameEnd + 4
    const end = start + all.readUInt32BE(nameEnd)
    if (end > all.length) throw new RangeError('a staged file breaks off')
    files.push({ path: all.toString('utf8', at + 2, nameEnd), bytes: all.subarray(start, end) })
    at = end
  }
  return files
}
