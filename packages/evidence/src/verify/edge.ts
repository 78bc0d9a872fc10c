import type { BundleSource } from '../source.ts'
import { tilePath, tilesFor } from '../tile.ts'
import { bytesMaxOf, readWithin } from './stored.ts'

/**
 * A running log drops its partial tiles as it grows, and walking takes time: those that this checkpoint
 * needs are read right after it, and held.
 */
export async function holdEdge(source: BundleSource, size: bigint): Promise<BundleSource> {
  const held = new Map<string, Uint8Array>()
  for (const path of edgePaths(size)) {
    const bytes = await readWithin(source, path, bytesMaxOf(path))
    // What is wrong with a file is told when the walk comes to it.
    if (bytes instanceof Uint8Array) held.set(path, bytes)
  }
  return {
    ...source,
    read: async (path, bytesMax) => held.get(path) ?? source.read(path, bytesMax),
  }
}

/** The partial tiles of a tree of this size, and its partial entry bundle. */
function edgePaths(size: bigint): readonly string[] {
  const paths: string[] = []
  for (const tile of tilesFor(size - (size & 255n), size)) {
    if (tile.width === 256) continue
    paths.push(tilePath(tile))
    if (tile.level === 0) paths.push(tilePath({ ...tile, level: 'entries' }))
  }
  return paths
}
