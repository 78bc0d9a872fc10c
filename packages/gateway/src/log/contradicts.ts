import { consistencyProof, EvidenceError, verifyConsistency } from '@sallyport/evidence/log'
import type { Publication } from '../store/publication.ts'
import type { Head } from './head.ts'
import type { ShownHead } from './shown-fork.ts'
import type { TileStore } from './tile-store.ts'
import { nodeReader } from './tree.ts'

/**
 * Whether a head that the log's own key signed is none of this log: it says more than was ever signed here, or
 * something else. Rejects when that cannot be told now.
 */
export async function contradicts(
  { size, root }: ShownHead,
  given: {
    readonly store: Pick<Publication, 'storedCheckpoint'>
    readonly tiles: TileStore
    /** What is published. */
    readonly head: () => Head | undefined | Promise<Head | undefined>
  },
): Promise<boolean> {
  const { store, tiles } = given
  // Nobody outside has a checkpoint of ours before it is stored.
  if (size > BigInt((await store.storedCheckpoint())?.size ?? 0)) return true
  if (size === 0n) return false
  const head = await given.head()
  if (!head || size > BigInt(head.size)) throw new Error('it is just being published')
  const [size2, root2] = [BigInt(head.size), head.root]
  const proof = await consistencyProof(size, size2, nodeReader(tiles, size2))
  try {
    return !verifyConsistency({ size1: size, size2, root1: root, root2, proof })
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return true
    throw thrown
  }
}
