import { equalBytes } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { assertHash, emptyRoot, nodeHash } from './hash.ts'

/** The largest tree: sizes are signed 64-bit numbers in most of the other implementations. */
export const sizeMax: bigint = 2n ** 63n

/** The root of the tree with these leaves (RFC 6962 section 2.1). */
export function rootFromLeafHashes(hashes: Iterable<Uint8Array>): Uint8Array {
  // Roots of complete subtrees, larger ones first; `heights` of each.
  const roots: Uint8Array[] = []
  const heights: number[] = []
  for (const leaf of hashes) {
    assertHash(leaf)
    let hash = leaf
    let height = 0
    while (heights.at(-1) === height) {
      hash = nodeHash(roots.pop() ?? hash, hash)
      heights.pop()
      height++
    }
    roots.push(hash)
    heights.push(height)
  }
  return foldRoots(roots)
}

/** The root over complete subtrees that stand side by side, each smaller than the one before. */
export function foldRoots(roots: readonly Uint8Array[]): Uint8Array {
  return roots.length === 0 ? emptyRoot : roots.reduceRight((right, left) => nodeHash(left, right))
}

/**
 * `true` when the leaf stands at `index` of the tree of `size` leaves with this `root`; throws
 * `EvidenceError` otherwise. `proof` runs from the leaf's sibling upwards (RFC 9162 section
 * 2.1.3.2). Index and hash of the leaf are bound by the root; the size is bound only by whoever
 * signed it together with the root.
 */
export function verifyInclusion(claim: {
  readonly leafHash: Uint8Array
  readonly index: bigint
  readonly size: bigint
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}): true {
  const { leafHash, index, size, proof, root } = claim
  assertSize(size)
  assertIndex(index, size)
  assertHash(leafHash)
  assertHash(root)
  assertHashes(proof)
  const end = climb(index, size - 1n, proof, { onLeft: leafHash, both: leafHash })
  if (!equalBytes(end.both, root)) {
    throw new EvidenceError('inclusion-failed', `leaf ${index} is not in the tree of ${size}`)
  }
  return true
}

/**
 * `true` when the tree of `size2` leaves begins with the tree of `size1`; throws `EvidenceError`
 * otherwise (RFC 9162 section 2.1.4.2). Every tree begins with the empty one, which proves nothing:
 * `size1` 0 is an error.
 */
export function verifyConsistency(claim: {
  readonly size1: bigint
  readonly size2: bigint
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}): true {
  const { size1, size2, root1, root2, proof } = claim
  assertGrowth(size1, size2)
  assertHash(root1)
  assertHash(root2)
  assertHashes(proof)
  const end = size1 === size2 ? same(root1, proof) : extend(size1, size2, root1, proof)
  if (!equalBytes(end.onLeft, root1) || !equalBytes(end.both, root2)) {
    throw new EvidenceError('consistency-failed', `size ${size2} does not continue size ${size1}`)
  }
  return true
}

/** `onLeft` takes in left neighbours only, so it ends as the root of the tree up to the start. */
type Climb = { readonly onLeft: Uint8Array; readonly both: Uint8Array }

/** From the node at `position` to the root, in a level whose last node is at `last`. */
function climb(position: bigint, last: bigint, proof: readonly Uint8Array[], start: Climb): Climb {
  let { onLeft, both } = start
  for (const sibling of proof) {
    if (last === 0n) throw wrongLength()
    if ((position & 1n) === 1n || position === last) {
      onLeft = nodeHash(sibling, onLeft)
      both = nodeHash(sibling, both)
      // A last node without sibling moves up unchanged, until it is a right child.
      while ((position & 1n) === 0n && position !== 0n) {
        position >>= 1n
        last >>= 1n
      }
    } else {
      both = nodeHash(both, sibling)
    }
    position >>= 1n
    last >>= 1n
  }
  if (last !== 0n) throw wrongLength()
  return { onLeft, both }
}

function same(root: Uint8Array, proof: readonly Uint8Array[]): Climb {
  if (proof.length > 0) throw wrongLength()
  return { onLeft: root, both: root }
}

function extend(
  size1: bigint,
  size2: bigint,
  root1: Uint8Array,
  proof: readonly Uint8Array[],
): Climb {
  let position = size1 - 1n
  let last = size2 - 1n
  while ((position & 1n) === 1n) {
    position >>= 1n
    last >>= 1n
  }
  // A complete earlier tree is itself the first node, and is left out of the proof.
  const [first, rest] = position === 0n ? [root1, proof] : [proof[0], proof.slice(1)]
  if (first === undefined) throw wrongLength()
  return climb(position, last, rest, { onLeft: first, both: first })
}

export function assertSize(size: unknown): asserts size is bigint {
  if (typeof size === 'bigint' && size >= 0n && size <= sizeMax) return
  throw new EvidenceError('out-of-range', 'a tree size is not a bigint between 0 and 2^63')
}

export function assertIndex(index: unknown, size: bigint): asserts index is bigint {
  if (typeof index === 'bigint' && index >= 0n && index < size) return
  throw new EvidenceError('out-of-range', `the index is outside the tree of ${size}`)
}

/** From a tree with leaves to one that is as large or larger. */
export function assertGrowth(size1: unknown, size2: unknown): asserts size1 is bigint {
  assertSize(size2)
  if (typeof size1 === 'bigint' && size1 >= 1n && size1 <= size2) return
  throw new EvidenceError('out-of-range', `no tree before that of ${size2} has this size`)
}

function assertHashes(proof: readonly Uint8Array[]): void {
  // The types promise it, but a proof may come from another's JSON.
  if (!Array.isArray(proof)) throw wrongLength()
  proof.forEach(assertHash)
}

function wrongLength(): EvidenceError {
  return new EvidenceError('proof-length', 'the proof has too many or too few hashes')
}
