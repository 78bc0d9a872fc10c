import { equalBytes } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import type { BundleSource } from '../source.ts'
import { type Tile, tilePath, tileWidth } from '../tile.ts'
import type { Report } from './verdict.ts'

type Needs = { readonly source: BundleSource; readonly report: Report }

export type Stored = {
  readonly bytes: Uint8Array
  readonly file: string
  /** Of the file that was found: 256 where a full tile stands in for a partial one. */
  readonly width: number
}

/**
 * The file of a tile, undefined when it is not there: where a partial one was replaced by its full
 * successor, that one (c2sp.org/tlog-tiles, "Partial Tiles").
 */
export async function readStored(needs: Needs, tile: Tile): Promise<Stored | undefined> {
  const widths = tile.width === tileWidth ? [tileWidth] : [tile.width, tileWidth]
  for (const width of widths) {
    const file = tilePath({ ...tile, width })
    const bytes = await readOrFind(needs, file)
    if (bytes) return { bytes, file, width }
  }
  return undefined
}

/** The hashes of a tile, `width` of them. A file whose length does not fit its name counts as absent. */
export async function readHashes(
  needs: Needs,
  tile: Tile & { readonly level: number },
): Promise<readonly Uint8Array[] | undefined> {
  const stored = await readStored(needs, tile)
  if (!stored) return undefined
  const { bytes, file, width } = stored
  if (bytes.length === width * 32) return hashesOf(bytes).slice(0, tile.width)
  needs.report.find('tile-mismatch', { file, detail: 'its length does not fit its name' })
  return undefined
}

/** A file that is damaged in its container is a finding; a source that cannot be read is an error. */
export async function readOrFind(
  { source, report }: Needs,
  path: string,
): Promise<Uint8Array | undefined> {
  try {
    return await source.read(path)
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError) || thrown.code === 'source-unreadable') throw thrown
    report.find('file-unreadable', { file: path, detail: thrown.code })
    return undefined
  }
}

export function hashesOf(tile: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: tile.length / 32 }, (_, at) => tile.subarray(at * 32, at * 32 + 32))
}

export function isAt(hashes: readonly Uint8Array[], at: number, hash: Uint8Array): boolean {
  const there = hashes[at]
  return there !== undefined && equalBytes(there, hash)
}
