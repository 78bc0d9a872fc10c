import {
  emptyFrontier,
  entriesPath,
  type Frontier,
  frontierRoot,
  growTree,
  leafHash,
  parseEntries,
} from '@sallyport/evidence/log'
import type { Leaf } from '../store/store.ts'
import type { Head } from './head.ts'
import type { TileStore } from './tile-store.ts'

/**
 * The leaves of the published log, out of its entry bundles. Throws after the last one when they do not lead to
 * this head, and before when a bundle is missing or malformed: until it has ended nothing is known of them.
 */
export async function* readPublished(
  tiles: Pick<TileStore, 'get'>,
  head: Head,
): AsyncGenerator<Leaf, void, undefined> {
  let frontier: Frontier = emptyFrontier
  for (let from = 0; from < head.size; from += 256) {
    const index = BigInt(from / 256)
    const width = Math.min(256, head.size - from)
    const whole = await tiles.get(entriesPath({ index, width: 256 }))
    const bytes = whole ?? (await tiles.get(entriesPath({ index, width })))
    if (!bytes) throw new Error(`${entriesPath({ index, width })} is not there`)
    const entries = parseEntries(bytes).slice(0, width)
    if (entries.length < width) throw new Error(`entry bundle ${index} holds too few entries`)
    ;({ frontier } = growTree(frontier, entries.map(leafHash)))
    for (const [at, entry] of entries.entries()) yield { index: from + at, bytes: entry }
  }
  if (!Buffer.from(frontierRoot(frontier)).equals(head.root)) {
    throw new Error('the published entries do not lead to the root that was signed')
  }
}
