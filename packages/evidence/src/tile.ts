import { concatBytes } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { assertSize } from './merkle.ts'

/** Hashes in a full tile, and entries in a full bundle: tiles are subtrees of height 8. */
export const tileWidth = 256

/**
 * One file of a tiled log (c2sp.org/tlog-tiles). `level` 0 holds leaf hashes, the levels above the
 * roots of full tiles, and `entries` the leaves themselves. `width`: 1 to 256 hashes or entries;
 * less than 256 is a partial tile.
 */
export type Tile = {
  readonly level: number | 'entries'
  readonly index: bigint
  readonly width: number
}

/** `tile/<L>/<N>[.p/<W>]`, below the log's folder. */
export function tilePath(tile: Tile): string {
  const { level, index, width } = tile
  assertTile(tile)
  const digits = index.toString()
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? []
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group))
  const partial = width === tileWidth ? '' : `.p/${width}`
  return `tile/${level}/${number.join('/')}${partial}`
}

export function entriesPath(bundle: Omit<Tile, 'level'>): string {
  return tilePath({ level: 'entries', ...bundle })
}

/** The tile that stands at this path. Throws `EvidenceError` for every other spelling. */
export function parseTilePath(path: string): Tile {
  const parts = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/
  const [, level, number = '', width] = parts.exec(path) ?? []
  if (level === undefined) throw malformedPath()
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: BigInt(number.replaceAll(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  }
  // There is one way to write each tile: `.p/256` and needless zeros name none.
  if (tilePath(tile) !== path) throw malformedPath()
  return tile
}

/**
 * The hash tiles that growing from `oldSize` to `newSize` leaves writes, full or partial, lowest
 * level first. Those of level 0 are also the entry bundles it writes.
 */
export function* tilesFor(
  oldSize: bigint,
  newSize: bigint,
): Generator<Tile & { readonly level: number }, void, undefined> {
  assertSize(oldSize)
  assertSize(newSize)
  let before = oldSize
  let after = newSize
  for (let level = 0; after > before; level++) {
    for (let index = before >> 8n; index << 8n < after; index++) {
      const left = after - (index << 8n)
      yield { level, index, width: left < 256n ? Number(left) : tileWidth }
    }
    before >>= 8n
    after >>= 8n
  }
}

const lengthBytes = 2
const entryBytesMax = 2 ** 16 - 1

/** An entry bundle: each entry after its length, a big-endian uint16. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > tileWidth) throw malformedEntries(entries.length)
  return concatBytes(
    ...entries.flatMap((entry, at) => {
      if (entry.length > entryBytesMax) throw malformedEntries(at)
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

/** The entries of a bundle, as views into it. Throws `EvidenceError` unless it is 1 to 256 whole ones. */
export function parseEntries(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + lengthBytes
    const end = start + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0)
    if (end > bytes.length || entries.length === tileWidth) throw malformedEntries(entries.length)
    entries.push(bytes.subarray(start, end))
    at = end
  }
  if (entries.length === 0) throw malformedEntries(0)
  return entries
}

const levelMax = 63

function assertTile({ level, index, width }: Tile): void {
  const levelFits =
    level === 'entries' || (Number.isInteger(level) && level >= 0 && level <= levelMax)
  const widthFits = Number.isInteger(width) && width >= 1 && width <= tileWidth
  if (!levelFits || !widthFits || typeof index !== 'bigint' || index < 0n) throw malformedPath()
}

function malformedPath(): EvidenceError {
  return new EvidenceError('tile-path-malformed', 'this names no tile')
}

function malformedEntries(at: number): EvidenceError {
  return new EvidenceError('entries-malformed', `the entry bundle breaks off at its entry ${at}`)
}
