import { equalBytes } from '../encoding.ts'
import { EvidenceError, type EvidenceErrorCode } from '../error.ts'
import { leafBytesMax } from '../record.ts'
import { type BundleSource, fileBytesMax } from '../source.ts'
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

/** The hashes of a tile. */
export async function readHashes(
  needs: Needs,
  tile: Tile & { readonly level: number },
): Promise<readonly Uint8Array[] | undefined> {
  const bytes = await readHashTile(needs, tile)
  return bytes && hashesOf(bytes)
}

/** `width` hashes, one behind the other. A file whose length does not fit its name counts as absent. */
export async function readHashTile(
  needs: Needs,
  tile: Tile & { readonly level: number },
): Promise<Uint8Array | undefined> {
  const stored = await readStored(needs, tile)
  if (!stored) return undefined
  const { bytes, file, width } = stored
  if (bytes.length === width * 32) return bytes.subarray(0, tile.width * 32)
  needs.report.find('tile-mismatch', { file, detail: 'its length does not fit its name' })
  return undefined
}

/** A file that is damaged in its container is a finding; a source that cannot be read is an error. */
export async function readOrFind(
  { source, report }: Needs,
  path: string,
): Promise<Uint8Array | undefined> {
  const read = await readWithin(source, path, bytesMaxOf(path))
  if (typeof read !== 'string') return read
  report.find('file-unreadable', { file: path, detail: read })
  return undefined
}

/** The bytes, or the code of what is wrong with the file. Throws where the source cannot be read. */
export async function readWithin(
  source: BundleSource,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | EvidenceErrorCode | undefined> {
  try {
    return await source.read(path, Math.min(bytesMax, fileBytesMax))
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError) || thrown.code === 'source-unreadable') throw thrown
    return thrown.code
  }
}

/**
 * The most bytes that a file of its kind needs. What is longer is refused unread: a small zip may say
 * that it holds gigabytes.
 */
export function bytesMaxOf(path: string): number {
  if (path.startsWith('tile/entries/')) return entriesBytesMax
  if (path.startsWith('tile/')) return hashesBytesMax
  if (path.startsWith('leaf/')) return leafBytesMax
  return path.startsWith('rulebooks/') ? rulebookBytesMax : textBytesMax
}

const hashesBytesMax = tileWidth * 32
/** Each entry after its length, two bytes. */
const entriesBytesMax = tileWidth * (2 + leafBytesMax)
/** The gateway reads no longer rulebook. It is hashed before it is parsed. */
const rulebookBytesMax = 64 << 20
/** Checkpoints and `bundle.json`: a note has at most a hundred signatures. */
const textBytesMax = 64 << 10

export function hashesOf(tile: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: tile.length / 32 }, (_, at) => tile.subarray(at * 32, at * 32 + 32))
}

export function isAt(hashes: readonly Uint8Array[], at: number, hash: Uint8Array): boolean {
  const there = hashes[at]
  return there !== undefined && equalBytes(there, hash)
}

/** Whether a tile has this hash at this place. */
export function isInTile(tile: Uint8Array, at: number, hash: Uint8Array): boolean {
  const start = at * 32
  for (let i = 0; i < 32; i += 1) if (tile[start + i] !== hash[i]) return false
  return true
}
