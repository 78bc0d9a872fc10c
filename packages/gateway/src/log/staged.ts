import {
  leafHash,
  parseEntries,
  parseTilePath,
  rootFromLeafHashes,
  type Tile,
  tilePath,
  tileWidth,
} from '@sallyport/evidence/log'
import type { Head } from './head.ts'
import type { LogFile, TileStore } from './tile-store.ts'
import { readTree, tileAt } from './tree.ts'

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

/** Throws when the bytes are not what `encodeStaged` gives, or name a file that is no tile. */
export function parseStaged(bytes: Uint8Array): readonly LogFile[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const files: LogFile[] = []
  for (let at = 0; at < all.length; ) {
    const nameEnd = at + 2 + all.readUInt16BE(at)
    const start = nameEnd + 4
    const end = start + all.readUInt32BE(nameEnd)
    if (end > all.length) throw new RangeError('a staged file breaks off')
    const path = all.toString('utf8', at + 2, nameEnd)
    parseTilePath(path)
    files.push({ path, bytes: all.subarray(start, end) })
    at = end
  }
  return files
}

/**
 * The staged files, if they are tiles of the tree under this head, each of them: with those that are published
 * they lead to its root. Undefined when they are anything else: somebody else may have written them.
 */
export async function readStaged(
  tiles: Pick<TileStore, 'get'>,
  { staged, head }: { readonly staged: Uint8Array; readonly head: Head },
): Promise<readonly LogFile[] | undefined> {
  const files = unlessMalformed(() => parseStaged(staged))
  if (!files) return undefined
  const byPath = new Map(files.map(({ path, bytes }) => [path, bytes]))
  const get: TileStore['get'] = async (path) => byPath.get(path) ?? tiles.get(path)
  // The right edge of the tree first: the root is made of it, and every other tile leads to it.
  if (!(await readTree({ get }, head))) return undefined
  for (const [path, bytes] of byPath) {
    const fits = await isOfTree(get, { tile: parseTilePath(path), bytes, size: BigInt(head.size) })
    if (!fits) return undefined
  }
  return files
}

/** A full tile is what its parent says it is; a partial one is on the right edge, which was read. */
async function isOfTree(
  get: TileStore['get'],
  given: { readonly tile: Tile; readonly bytes: Uint8Array; readonly size: bigint },
): Promise<boolean> {
  const { tile, bytes, size } = given
  const { level, index, width } = tile
  if (tileAt(level === 'entries' ? 0 : level, index, size).width !== width) return false
  if (level === 'entries') {
    const entries = unlessMalformed(() => parseEntries(bytes))
    const hashes = await get(tilePath({ ...tile, level: 0 }))
    return entries !== undefined && same(Buffer.concat(entries.map(leafHash)), hashes)
  }
  if (bytes.length !== width * hashBytes) return false
  if (width < tileWidth) return true
  const parent = await get(tilePath(tileAt(level + 1, index / BigInt(tileWidth), size)))
  const at = Number(index % BigInt(tileWidth)) * hashBytes
  const hashes = Array.from({ length: width }, (_, n) =>
    bytes.subarray(n * hashBytes, (n + 1) * hashBytes),
  )
  return same(rootFromLeafHashes(hashes), parent?.subarray(at, at + hashBytes))
}

const hashBytes = 32

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.from(a).equals(b)
}

function unlessMalformed<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
