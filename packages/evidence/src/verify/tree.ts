import { equalBytes } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { leafHash } from '../hash.ts'
import { rootFromLeafHashes } from '../merkle.ts'
import type { BundleSource } from '../source.ts'
import { entriesPath, parseEntries, tilePath, tileWidth } from '../tile.ts'
import type { Inventory } from './inventory.ts'
import { type Levels, openLevels } from './levels.ts'
import {
  hashesOf,
  isAt,
  isInTile,
  readHashTile,
  readOrFind,
  readStored,
  type Stored,
} from './stored.ts'
import type { Report } from './verdict.ts'

/** A record as it lies in the bundle. `hash` is the leaf hash of its bytes. */
export type ShownLeaf = {
  readonly index: number
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

export type Tree = {
  readonly source: BundleSource
  readonly size: number
  readonly root: Uint8Array
  readonly inventory: Inventory
  /** Every record from `from` up to `to` has to be there; elsewhere what is shown is looked at. */
  readonly due: { readonly from: number; readonly to: number }
  readonly report: Report
}

/**
 * Walks the tree once from its first leaf to its last, in memory that does not grow with it: every
 * record hashes into its tile, every tile into the one above, all into the signed root. Where something
 * does not fit, what is stored above is taken as right, so that damage is told where it is and once.
 *
 * `visit` gets the records shown, ascending, tile by tile. `passed` gets the root at each of `marks`
 * (ascending sizes), undefined where the bundle shows too little to know it.
 */
export async function walkTree(
  tree: Tree,
  steps: {
    readonly visit: (leaves: readonly ShownLeaf[]) => Promise<void>
    readonly marks: readonly number[]
    readonly passed: (size: number, root: Uint8Array | undefined) => void
  },
): Promise<void> {
  const { size, report } = tree
  const levels = openLevels(tree)
  const tiles = Math.ceil(size / tileWidth)
  const shownAt = separateLeaves(tree.inventory.leaves)
  const fetched: Promise<Fetched>[] = []
  let mark = steps.marks.findIndex((one) => one > 0)
  let unknown = 0
  for (let at = 0; at < tiles; at += 1) {
    while (fetched.length < ahead && at + fetched.length < tiles) {
      fetched.push(quietly(fetchTile(tree, at + fetched.length, shownAt)))
    }
    const { shown, stored, width } = await (fetched.shift() ?? fetchTile(tree, at, shownAt))
    const settled = await settle(tree, levels, { at, width, shown, stored })
    unknown = settled.isKnown ? 0 : unknown + 1
    if (unknown === unknownMax) {
      report.find('tree-cut-off', { record: (at + 1) * tileWidth })
      for (const size1 of steps.marks.slice(mark < 0 ? steps.marks.length : mark)) {
        steps.passed(size1, undefined)
      }
      await Promise.all(fetched)
      return
    }
    for (; mark >= 0 && mark < steps.marks.length; mark += 1) {
      const size1 = steps.marks[mark] ?? 0
      const within = size1 - at * tileWidth
      if (within > width) break
      steps.passed(size1, rootWithin(levels.fold, settled, within))
    }
    if (width === tileWidth) await levels.push(1, settled.subtree)
    else await levels.endLeaves(settled.hashes ?? [])
    report.examined('tree', shown.length)
    await steps.visit(shown)
  }
  const root = await levels.end()
  if (!equalBytes(root, tree.root)) report.find('root-mismatch')
}

/**
 * Full tiles in a row of which nothing is known, not even their hash in the tile above, before the walk is
 * given up: a checkpoint may be signed over more records than anybody can count to.
 */
const unknownMax = 1000

/** Files read before they are needed, so that the disk or the network and the hashing overlap. */
const ahead = 8

type Fetched = {
  readonly width: number
  readonly shown: readonly ShownLeaf[]
  /** What the tile of leaf hashes says, one behind the other. */
  readonly stored: Uint8Array | undefined
}

/** A rejection is seen when its turn comes; until then it is no unhandled one. */
function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

async function fetchTile(
  tree: Tree,
  at: number,
  shownAt: ReadonlyMap<number, readonly number[]>,
): Promise<Fetched> {
  const width = Math.min(tileWidth, tree.size - at * tileWidth)
  const place = { index: BigInt(at), width }
  const hashes = readHashTile(tree, { level: 0, ...place })
  const entries = await readStored(tree, { level: 'entries', ...place })
  const singles = await readSingles(tree, shownAt.get(at) ?? [])
  const shown = entries ? entriesOf(tree.report, at, width, entries) : singles
  if (entries) checkSingles(tree.report, singles, shown)
  const stored = await hashes
  const start = at * tileWidth
  const isDue = start < tree.due.to && start + width > tree.due.from
  if (!entries && isDue) {
    tree.report.find('entries-missing', { record: start, file: entriesPath(place) })
  }
  if (!stored && (isDue || shown.length > 0 || width < tileWidth)) {
    tree.report.find('tile-missing', { file: tilePath({ level: 0, ...place }) })
  }
  return { width, shown, stored }
}

function entriesOf(
  report: Report,
  at: number,
  width: number,
  { bytes, file, width: held }: Stored,
): readonly ShownLeaf[] {
  try {
    const entries = parseEntries(bytes)
    if (entries.length !== held) throw new EvidenceError('entries-malformed', 'another count')
    return entries
      .slice(0, width)
      .map((entry, i) => ({ index: at * tileWidth + i, bytes: entry, hash: leafHash(entry) }))
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError)) throw thrown
    report.find('entries-malformed', { record: at * tileWidth, file })
    return []
  }
}

async function readSingles(tree: Tree, indexes: readonly number[]): Promise<readonly ShownLeaf[]> {
  const shown: ShownLeaf[] = []
  for (const index of indexes) {
    const bytes = await readOrFind(tree, `leaf/${index}`)
    if (bytes) shown.push({ index, bytes, hash: leafHash(bytes) })
  }
  return shown
}

/** A record that is there twice, in its bundle and as a file of its own, is the same in both. */
function checkSingles(
  report: Report,
  singles: readonly ShownLeaf[],
  shown: readonly ShownLeaf[],
): void {
  for (const { index, hash } of singles) {
    const there = shown[index % tileWidth]
    if (there && equalBytes(there.hash, hash)) continue
    report.find('leaf-altered', { record: index, file: `leaf/${index}` })
  }
}

function separateLeaves(leaves: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const byTile = new Map<number, number[]>()
  for (const index of leaves) {
    const at = Math.floor(index / tileWidth)
    const those = byTile.get(at)
    if (those) those.push(index)
    else byTile.set(at, [index])
  }
  return byTile
}

type Settled = {
  readonly hashes: readonly Uint8Array[] | undefined
  readonly subtree: Uint8Array
  /** Whether anything says what the tile's hash is. */
  readonly isKnown: boolean
}

/** Decides which hashes the tile at this place has, and says what does not fit. */
async function settle(
  tree: Tree,
  levels: Levels,
  { at, width, shown, stored }: Fetched & { readonly at: number },
): Promise<Settled> {
  const isFull = width === tileWidth
  const above = isFull ? await levels.storedHash(1, at) : undefined
  const own = shown.length === width ? shown.map(({ hash }) => hash) : undefined
  const fits = (hashes: readonly Uint8Array[] | undefined) => {
    if (!hashes) return false
    if (isFull) return above !== undefined && equalBytes(rootFromLeafHashes(hashes), above)
    return equalBytes(levels.fold(rootFromLeafHashes(hashes)), tree.root)
  }
  const differing = stored
    ? shown.filter(({ index, hash }) => !isInTile(stored, index % tileWidth, hash))
    : []
  const file = tilePath({ level: 0, index: BigInt(at), width })
  if (differing.length > 0) {
    if (own && fits(own))
      tree.report.find('tile-mismatch', { record: differing[0]?.index ?? 0, file })
    else for (const { index } of differing) tree.report.find('leaf-altered', { record: index })
  }
  const isOwn = own && (differing.length === 0 || fits(own))
  const hashes = isOwn || !stored ? own : hashesOf(stored)
  await levels.checkStale(0, at, hashes)
  await checkStaleEntries(tree, at, width, hashes)
  if (!isFull) return { hashes, subtree: rootFromLeafHashes(hashes ?? []), isKnown: true }
  const computed = hashes && rootFromLeafHashes(hashes)
  if (computed && above && !equalBytes(computed, above)) {
    tree.report.find('tile-mismatch', { record: at * tileWidth, file })
  }
  const subtree = above ?? computed
  return { hashes, subtree: subtree ?? new Uint8Array(32), isKnown: subtree !== undefined }
}

/** Every older part of this entry bundle holds the records that the tree has there. */
async function checkStaleEntries(
  tree: Tree,
  at: number,
  width: number,
  hashes: readonly Uint8Array[] | undefined,
): Promise<void> {
  const older = tree.inventory.partials.get(`entries/${at}`) ?? []
  for (const held of older.filter((one) => one !== width)) {
    const file = entriesPath({ index: BigInt(at), width: held })
    const bytes = await readOrFind(tree, file)
    if (!bytes) continue
    const entries = entriesOf(tree.report, at, held, { bytes, file, width: held })
    const isSame = entries.every(({ hash }, i) => isAt(hashes ?? [], i, hash))
    if (!isSame) tree.report.find('tile-stale-mismatch', { file })
  }
}

function rootWithin(
  fold: (right: Uint8Array) => Uint8Array,
  { hashes, subtree }: Settled,
  within: number,
): Uint8Array | undefined {
  if (within === tileWidth) return fold(subtree)
  return hashes && fold(rootFromLeafHashes(hashes.slice(0, within)))
}
