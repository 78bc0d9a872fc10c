import {
  entriesPath,
  inclusionProof,
  leafHash,
  parseEntries,
  tileWidth,
  verifyInclusion,
} from '@sallyport/evidence/log'
import { type Head, readNewestHead } from './head.ts'
import type { LogKeys } from './log-key.ts'
import type { TileStore } from './tile-store.ts'
import { nodeReader, readHashTile, tileAt } from './tree.ts'

/** How many records are under the newest checkpoint, and the last of them: its exact bytes. */
export type PublishedEnd = { readonly size: number; readonly last: Uint8Array }

type Needs = {
  readonly tiles: Pick<TileStore, 'get'>
  readonly keys: Pick<LogKeys, 'sign' | 'verifierKeys'>
  readonly origin: string
}

/**
 * Looks at the end of the published log: that its newest checkpoint is signed with one of the log's keys, that the
 * right edge of the tree leads to the root it signs, and that the last bundle holds the records of that edge. A few
 * files, however long the log is; what lies before is not read. Undefined where nothing is published. Rejects with
 * what is wrong.
 */
export async function readPublishedEnd(needs: Needs): Promise<PublishedEnd | undefined> {
  for (let attempt = 1; ; attempt++) {
    const head = await readNewestHead(needs)
    if (!head || head.size === 0) return undefined
    try {
      return { size: head.size, last: await lastUnder(needs.tiles, head) }
    } catch (thrown) {
      const again = await readNewestHead(needs)
      // A gateway that runs clears partial files away once fuller ones are there.
      if (again?.size === head.size || attempt === attemptsMax) throw thrown
    }
  }
}

const attemptsMax = 3

async function lastUnder(tiles: Needs['tiles'], head: Head): Promise<Uint8Array> {
  const size = BigInt(head.size)
  const tile = tileAt(0, (size - 1n) / BigInt(tileWidth), size)
  const { index: at, width } = tile
  const path = entriesPath({ index: at, width })
  const full = entriesPath({ index: at, width: tileWidth })
  const bundle = (await tiles.get(path)) ?? (await tiles.get(full))
  if (!bundle) throw new Error(`${path} is not there`)
  const entries = parseEntries(bundle).slice(0, width)
  const edge = (await readHashTile(tiles, tile)).subarray(0, width * hashBytes)
  const last = entries.at(-1)
  if (!last || !Buffer.concat(entries.map(leafHash)).equals(edge)) {
    throw new Error(`${path} holds other records than the tree was built over`)
  }
  // The path of the last record goes over every tile of the right edge.
  const index = size - 1n
  try {
    const proof = await inclusionProof(index, size, nodeReader(tiles, size))
    verifyInclusion({ leafHash: leafHash(last), index, size, proof, root: head.root })
  } catch (cause) {
    throw new Error('the tiles do not lead to the root that the checkpoint signs', { cause })
  }
  return last
}

const hashBytes = 32
