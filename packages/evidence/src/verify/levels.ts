import { equalBytes } from '../encoding.ts'
import { rootFromLeafHashes } from '../merkle.ts'
import type { BundleSource } from '../source.ts'
import { tilePath, tileWidth } from '../tile.ts'
import type { Inventory } from './inventory.ts'
import { hashesOf, isAt, readHashes, readOrFind } from './stored.ts'
import type { Report } from './verdict.ts'

type Needs = {
  readonly source: BundleSource
  readonly size: number
  readonly inventory: Inventory
  readonly report: Report
}

/** The unfinished tile of one level above the leaves. */
type Level = { index: number; hashes: Uint8Array[] }

export type Levels = {
  /** What the tile of this level says of its `position`-th hash. Positions ascend. */
  readonly storedHash: (level: number, position: number) => Promise<Uint8Array | undefined>
  /** The next hash of a level: the root of a full tile below. */
  readonly push: (level: number, hash: Uint8Array) => Promise<void>
  /** The leaf hashes after the last full tile. */
  readonly endLeaves: (hashes: readonly Uint8Array[]) => Promise<void>
  /** The root so far, with `right` as all that follows the full tiles. */
  readonly fold: (right: Uint8Array | undefined) => Uint8Array
  /** Compares older partial tiles at this place with what it holds now. */
  readonly checkStale: (
    level: number,
    index: number,
    hashes: readonly Uint8Array[] | undefined,
  ) => Promise<void>
  /** The root of it all. */
  readonly end: () => Promise<Uint8Array>
}

/** The right edge of the tree above the leaves, compared with the stored tiles as it grows. */
export function openLevels(needs: Needs): Levels {
  const { size, report } = needs
  const levels: Level[] = []
  const storedTiles: { index: number; hashes: readonly Uint8Array[] | undefined }[] = []
  let leaves: readonly Uint8Array[] = []

  const storedTile = async (level: number, index: number) => {
    const known = storedTiles[level]
    if (known?.index === index) return known.hashes
    const count = Math.floor(size / 256 ** level)
    const width = Math.min(tileWidth, count - index * tileWidth)
    if (width <= 0) return undefined
    const tile = { level, index: BigInt(index), width }
    const hashes = await readHashes(needs, tile)
    if (!hashes) report.find('tile-missing', { file: tilePath(tile) })
    storedTiles[level] = { index, hashes }
    return hashes
  }

  const storedHash: Levels['storedHash'] = async (level, position) => {
    const hashes = await storedTile(level, Math.floor(position / tileWidth))
    return hashes?.[position % tileWidth]
  }

  const push: Levels['push'] = async (level, hash) => {
    levels[level] ??= { index: 0, hashes: [] }
    const at = levels[level]
    at.hashes.push(hash)
    if (at.hashes.length < tileWidth) return
    const root = rootFromLeafHashes(at.hashes)
    const above = await storedHash(level + 1, at.index)
    if (above && !equalBytes(root, above)) {
      const file = tilePath({ level, index: BigInt(at.index), width: tileWidth })
      report.find('tile-mismatch', { file })
    }
    await checkStale(needs, { level, index: at.index, hashes: at.hashes, width: tileWidth })
    levels[level] = { index: at.index + 1, hashes: [] }
    await push(level + 1, above ?? root)
  }

  const fold: Levels['fold'] = (right) => {
    let rest = right
    for (const level of levels) {
      // Index 0 holds leaves, which `right` stands for.
      if (!level || level.hashes.length === 0) continue
      rest = rootFromLeafHashes(rest ? [...level.hashes, rest] : level.hashes)
    }
    return rest ?? rootFromLeafHashes([])
  }

  return {
    storedHash,
    push,
    fold,
    endLeaves: async (hashes) => {
      leaves = hashes
    },
    checkStale: async (level, index, hashes) => {
      if (!hashes) return
      await checkStale(needs, { level, index, hashes, width: hashes.length })
    },
    end: async () => {
      for (const [level, at] of levels.entries()) {
        if (!at || at.hashes.length === 0) continue
        await checkStale(needs, { level, ...at, width: at.hashes.length })
      }
      return fold(leaves.length > 0 ? rootFromLeafHashes(leaves) : undefined)
    },
  }
}

/** Every partial tile that lies at this place begins as the tile does. */
async function checkStale(
  needs: Needs,
  tile: {
    readonly level: number
    readonly index: number
    readonly hashes: readonly Uint8Array[]
    readonly width: number
  },
): Promise<void> {
  const { level, index, hashes } = tile
  for (const width of needs.inventory.partials.get(`${level}/${index}`) ?? []) {
    const file = tilePath({ level, index: BigInt(index), width })
    const bytes = await readOrFind(needs, file)
    const isSame =
      bytes?.length === width * 32 && hashesOf(bytes).every((hash, at) => isAt(hashes, at, hash))
    if (bytes && !isSame) needs.report.find('tile-stale-mismatch', { file })
  }
}
