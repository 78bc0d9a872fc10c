import { assertHash } from './hash.ts'
import { assertGrowth, assertIndex, assertSize, foldRoots } from './merkle.ts'

/**
 * The root of the complete subtree over leaves `index · 2^level` to `(index + 1) · 2^level - 1`;
 * level 0 are the leaf hashes.
 */
export type ReadNode = (level: number, index: bigint) => Uint8Array | Promise<Uint8Array>

/** Proof that leaf `index` is in the tree of `size` leaves (RFC 6962 section 2.1.1). */
export function inclusionProof(
  index: bigint,
  size: bigint,
  readNode: ReadNode,
): Promise<Uint8Array[]> {
  assertSize(size)
  assertIndex(index, size)
  const siblings: Span[] = []
  let span: Span = { start: 0n, end: size }
  while (span.end - span.start > 1n) {
    const { left, right } = split(span)
    const within = index < left.end ? left : right
    siblings.unshift(within === left ? right : left)
    span = within
  }
  return readSpans(siblings, readNode)
}

/** Proof that the tree of `size2` begins with that of `size1` (RFC 6962 section 2.1.2). */
export function consistencyProof(
  size1: bigint,
  size2: bigint,
  readNode: ReadNode,
): Promise<Uint8Array[]> {
  assertGrowth(size1, size2)
  const nodes: Span[] = []
  let span: Span = { start: 0n, end: size2 }
  while (span.end !== size1) {
    const { left, right } = split(span)
    const within = size1 <= left.end ? left : right
    nodes.unshift(within === left ? right : left)
    span = within
  }
  // Still at the left edge: the verifier holds this node, it is the earlier root.
  if (span.start !== 0n) nodes.unshift(span)
  return readSpans(nodes, readNode)
}

type Span = { readonly start: bigint; readonly end: bigint }

/** The left half is the largest complete subtree that is smaller than the whole. */
function split({ start, end }: Span): { readonly left: Span; readonly right: Span } {
  const middle = start + (1n << BigInt(bitLength(end - start - 1n) - 1))
  return { left: { start, end: middle }, right: { start: middle, end } }
}

function bitLength(value: bigint): number {
  return value.toString(2).length
}

function readSpans(spans: readonly Span[], readNode: ReadNode): Promise<Uint8Array[]> {
  return Promise.all(
    spans.map(async (span) => {
      const nodes = completeSubtrees(span).map(async ({ level, index }) => {
        const hash = await readNode(level, index)
        assertHash(hash)
        return hash
      })
      return foldRoots(await Promise.all(nodes))
    }),
  )
}

/** A span that starts at a multiple of its size, cut into complete subtrees, larger ones first. */
function completeSubtrees(
  span: Span,
): readonly { readonly level: number; readonly index: bigint }[] {
  const subtrees: { level: number; index: bigint }[] = []
  for (let start = span.start; start < span.end; ) {
    const level = bitLength(span.end - start) - 1
    subtrees.push({ level, index: start >> BigInt(level) })
    start += 1n << BigInt(level)
  }
  return subtrees
}
