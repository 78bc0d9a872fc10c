import {
  emptyFrontier,
  encodeEntries,
  entriesPath,
  type Frontier,
  frontierRoot,
  growTree,
  leafHash,
  parseEntries,
  readFrontier,
  rootFromLeafHashes,
  type Tile,
  tilePath,
  tileWidth,
} from '@sallyport/evidence/log'
import type { LogFile, TileStore } from './tile-store.ts'

/** The right edge of the published log: all that growing it needs. Never changed, only replaced. */
export type Tree = {
  readonly frontier: Frontier
  /** The leaves of the entry bundle that is not full yet. */
  readonly entries: readonly Uint8Array[]
}

export type Grown = {
  readonly tree: Tree
  readonly size: number
  readonly root: Uint8Array
  /** The tiles and entry bundles this growth writes, full ones first. */
  readonly files: readonly LogFile[]
}

export const emptyTree: Tree = { frontier: emptyFrontier, entries: [] }

export function treeSize({ frontier }: Tree): number {
  return Number(frontier.size)
}

/** Appends leaves (their exact bytes), in order. */
export function grow(tree: Tree, leaves: readonly Uint8Array[]): Grown {
  const { frontier, root, tiles } = growTree(tree.frontier, leaves.map(leafHash))
  const files: LogFile[] = tiles.map((tile) => ({ path: tilePath(tile), bytes: tile.bytes }))
  const all = [...tree.entries, ...leaves]
  let index = tree.frontier.size / BigInt(tileWidth)
  let start = 0
  for (; all.length - start >= tileWidth; start += tileWidth) {
    files.push(bundle(index++, all.slice(start, start + tileWidth)))
  }
  const entries = all.slice(start)
  if (entries.length > 0 && leaves.length > 0) files.push(bundle(index, entries))
  return { tree: { frontier, entries }, size: Number(frontier.size), root, files }
}

function bundle(index: bigint, entries: readonly Uint8Array[]): LogFile {
  return { path: entriesPath({ index, width: entries.length }), bytes: encodeEntries(entries) }
}

/** The tree of this size as it was published, or undefined when the files are not there or lead elsewhere. */
export async function readTree(
  tiles: Pick<TileStore, 'get'>,
  expected: { readonly size: number; readonly root: Uint8Array },
): Promise<Tree | undefined> {
  try {
    const size = BigInt(expected.size)
    const frontier = await readFrontier(size, async (tile) => required(tiles, tilePath(tile)))
    if (!same(frontierRoot(frontier), expected.root)) return undefined
    const width = expected.size % tileWidth
    if (width === 0) return { frontier, entries: [] }
    const path = entriesPath({ index: size / BigInt(tileWidth), width })
    const entries = parseEntries(await required(tiles, path))
    const hashes = Buffer.concat(entries.map(leafHash))
    return same(hashes, frontier.edge[0]) ? { frontier, entries } : undefined
  } catch (thrown) {
    if (thrown instanceof Error && thrown.cause !== undefined) throw thrown
    return undefined
  }
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.from(a).equals(b)
}

/** Reads nodes of a published tree of `size` leaves out of its tiles; for proofs. */
export function nodeReader(
  tiles: Pick<TileStore, 'get'>,
  size: bigint,
): (level: number, index: bigint) => Promise<Uint8Array> {
  const read = new Map<string, Promise<Uint8Array>>()
  return async (level, index) => {
    const tileLevel = Math.floor(level / 8)
    const span = 1 << (level % 8)
    const first = index * BigInt(span)
    const tile = tileAt(tileLevel, first / BigInt(tileWidth), size)
    const path = tilePath(tile)
    const reading = read.get(path) ?? readHashTile(tiles, tile)
    read.set(path, reading)
    const bytes = await reading
    const start = Number(first % BigInt(tileWidth))
    const hashes = Array.from({ length: span }, (_, at) =>
      bytes.subarray((start + at) * 32, (start + at + 1) * 32),
    )
    return rootFromLeafHashes(hashes)
  }
}

/** A partial tile may have made way for the full one, which begins with the same hashes. */
export async function readHashTile(tiles: Pick<TileStore, 'get'>, tile: Tile): Promise<Uint8Array> {
  const partial = await tiles.get(tilePath(tile))
  return partial ?? required(tiles, tilePath({ ...tile, width: tileWidth }))
}

/** The tile that stands there in a tree of `size` leaves; its width is below 1 where none does. */
export function tileAt(level: number, index: bigint, size: bigint): Tile {
  const left = (size >> BigInt(8 * level)) - index * BigInt(tileWidth)
  return { level, index, width: left < tileWidth ? Number(left) : tileWidth }
}

async function required(tiles: Pick<TileStore, 'get'>, path: string): Promise<Uint8Array> {
  const bytes = await tiles.get(path)
  if (!bytes) throw new Error(`${path} is not there`)
  return bytes
}
