import { EvidenceError } from './error.ts'
import { assertHash, hashBytes, nodeHash } from './hash.ts'
import { assertSize, foldRoots } from './merkle.ts'
import { type Tile, tileWidth } from './tile.ts'

/**
 * The right edge of a tree: all that growing it needs. It is never changed: growing returns a new
 * one, so that a growth that could not be published is simply dropped.
 */
export type Frontier = {
  readonly size: bigint
  /** The partial tile of each level, lowest first; empty where the level ends with a full tile. */
  readonly edge: readonly Uint8Array[]
}

export type HashTile = Tile & { readonly level: number; readonly bytes: Uint8Array }

export type Growth = {
  readonly frontier: Frontier
  readonly root: Uint8Array
  /** What `tilesFor` names for this growth, in the order in which tiles fill, partial ones last. */
  readonly tiles: readonly HashTile[]
}

export const emptyFrontier: Frontier = { size: 0n, edge: [] }

/**
 * Appends leaves, in order, given by their hashes. Memory is that of the tiles written. Throws
 * `EvidenceError` when an argument is not a hash.
 */
export function growTree(frontier: Frontier, leafHashes: Iterable<Uint8Array>): Growth {
  const levels = openLevels(frontier)
  const roots = edgeRoots(frontier)
  const tiles: HashTile[] = []
  // Counting leaves in a number is exact up to 2^53, more than a process can append.
  let count = Number(frontier.size)
  for (const leaf of leafHashes) {
    assertHash(leaf)
    appendHash(levels, tiles, 0, leaf)
    let hash = leaf
    let height = 0
    // Odd: a left neighbour waits. Halved as a number, since shifts know 32 bits only.
    for (let position = count; position % 2 === 1; position = (position - 1) / 2) {
      hash = nodeHash(roots.pop() ?? hash, hash)
      height++
      if (height % 8 === 0) appendHash(levels, tiles, height / 8, hash)
    }
    roots.push(hash)
    count++
  }
  const edge = levels.map(({ bytes, width }) => bytes.slice(0, width * hashBytes))
  return {
    frontier: { size: BigInt(count), edge },
    root: foldRoots(roots),
    tiles: [...tiles, ...partialTiles(levels)],
  }
}

/** The root of the tree so far. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return foldRoots(edgeRoots(frontier))
}

/** The frontier of a stored tree, from its partial tiles. The caller compares its root. */
export async function readFrontier(
  size: bigint,
  readTile: (tile: Tile & { readonly level: number }) => Uint8Array | Promise<Uint8Array>,
): Promise<Frontier> {
  assertSize(size)
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new EvidenceError('out-of-range', 'a tree of more than 2^53 leaves is not grown here')
  }
  const edge: Uint8Array[] = []
  let count = size
  for (let level = 0; count > 0n; level++) {
    const width = Number(count & 255n)
    const bytes =
      width === 0 ? new Uint8Array(0) : await readTile({ level, index: count >> 8n, width })
    if (bytes.length !== width * hashBytes) {
      throw new EvidenceError('tile-malformed', `the last tile of level ${level} has another width`)
    }
    edge.push(bytes)
    count >>= 8n
  }
  return { size, edge }
}

type Level = { readonly bytes: Uint8Array; index: bigint; width: number; grown: boolean }

function openLevels({ size, edge }: Frontier): Level[] {
  return edge.map((tile, at) => {
    const bytes = new Uint8Array(tileWidth * hashBytes)
    bytes.set(tile)
    return {
      bytes,
      index: size >> BigInt(8 * (at + 1)),
      width: tile.length / hashBytes,
      grown: false,
    }
  })
}

function appendHash(levels: Level[], tiles: HashTile[], at: number, hash: Uint8Array): void {
  const level = levels[at] ?? newLevel(levels)
  level.bytes.set(hash, level.width * hashBytes)
  level.width++
  level.grown = true
  if (level.width < tileWidth) return
  tiles.push({ level: at, index: level.index, width: tileWidth, bytes: level.bytes.slice() })
  level.index++
  level.width = 0
  level.grown = false
}

function newLevel(levels: Level[]): Level {
  const bytes = new Uint8Array(tileWidth * hashBytes)
  const level: Level = { bytes, index: 0n, width: 0, grown: false }
  levels.push(level)
  return level
}

function partialTiles(levels: readonly Level[]): HashTile[] {
  return levels.flatMap(({ bytes, index, width, grown }, level) =>
    grown ? [{ level, index, width, bytes: bytes.slice(0, width * hashBytes) }] : [],
  )
}

/** The complete subtrees that stand side by side in the tree, larger ones first. */
function edgeRoots({ edge }: Frontier): Uint8Array[] {
  return edge.toReversed().flatMap(tileRoots)
}

/** The complete subtrees of one partial tile, larger ones first. */
function tileRoots(tile: Uint8Array): Uint8Array[] {
  const roots: Uint8Array[] = []
  let start = 0
  for (let span = tileWidth / 2; span >= 1; span /= 2) {
    if (tile.length / hashBytes - start < span) continue
    roots.push(completeRoot(tile.subarray(start * hashBytes, (start + span) * hashBytes)))
    start += span
  }
  return roots
}

function completeRoot(hashes: Uint8Array): Uint8Array {
  if (hashes.length === hashBytes) return hashes.slice()
  const middle = hashes.length / 2
  return nodeHash(completeRoot(hashes.subarray(0, middle)), completeRoot(hashes.subarray(middle)))
}
