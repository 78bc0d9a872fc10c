import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import { emptyRoot, leafHash, nodeHash } from './hash.ts'
import { rootFromLeafHashes, sizeMax, verifyConsistency, verifyInclusion } from './merkle.ts'
import { consistencyProof, inclusionProof, type ReadNode } from './prove.ts'

/** The eight leaves that implementations of RFC 6962 have tried since the first, and their roots. */
const classicLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(Buffer.from(hex, 'hex')))
const classicRoots: readonly string[] = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
classicRoots.forEach((root, size) => {
  test(`the classic tree of ${size}`, () => {
    const tree = rootFromLeafHashes(classicLeaves.slice(0, size))
    assert.equal(Buffer.from(tree).toString('hex'), root)
  })
})

type Tree = { readonly size: bigint; readonly root: Uint8Array; readonly readNode: ReadNode }

/** A tree of any size whose leaves are alike but for one: its nodes are known without its leaves. */
function sparseTree(size: bigint, marked: bigint): Tree {
  const plain = [leafHash(Uint8Array.of(0))]
  for (let level = 1; level < 64; level++) {
    const below = plain[level - 1] as Uint8Array
    plain.push(nodeHash(below, below))
  }
  const node = (level: number, index: bigint): Uint8Array => {
    if (marked >> BigInt(level) !== index) return plain[level] as Uint8Array
    if (level === 0) return leafHash(Uint8Array.of(1))
    return nodeHash(node(level - 1, index * 2n), node(level - 1, index * 2n + 1n))
  }
  return { size, root: rangeRoot(0n, size, node), readNode: node }
}

/** RFC 6962 section 2.1, as it is written. */
function rangeRoot(
  start: bigint,
  end: bigint,
  node: (level: number, index: bigint) => Uint8Array,
): Uint8Array {
  const count = end - start
  if (count === 0n) return emptyRoot
  const level = count.toString(2).length - 1
  const half = 1n << BigInt(level)
  if (half === count) return node(level, start >> BigInt(level))
  const left = node(level, start >> BigInt(level))
  return nodeHash(left, rangeRoot(start + half, end, node))
}

function leavesTree(leaves: readonly Uint8Array[]): Tree {
  const node = (level: number, index: bigint): Uint8Array =>
    rootFromLeafHashes(
      leaves.slice(Number(index << BigInt(level)), Number((index + 1n) << BigInt(level))),
    )
  return { size: BigInt(leaves.length), root: rootFromLeafHashes(leaves), readNode: node }
}

type Inclusion = Parameters<typeof verifyInclusion>[0]
type Consistency = Parameters<typeof verifyConsistency>[0]
type Case = { readonly inclusion: Inclusion } | { readonly consistency: Consistency }

function check(
  claim: Case,
  expected: true | EvidenceErrorCode | readonly EvidenceErrorCode[],
): void {
  const run = () =>
    'inclusion' in claim ? verifyInclusion(claim.inclusion) : verifyConsistency(claim.consistency)
  if (expected === true) {
    assert.equal(run(), true)
    return
  }
  const codes = [expected].flat()
  assert.throws(run, (error) => error instanceof EvidenceError && codes.includes(error.code))
}

async function proveInclusion(tree: Tree, index: bigint): Promise<Inclusion> {
  const { size, root, readNode } = tree
  const proof = await inclusionProof(index, size, readNode)
  return { leafHash: await readNode(0, index), index, size, proof, root }
}

async function proveConsistency(earlier: Tree, later: Tree): Promise<Consistency> {
  const proof = await consistencyProof(earlier.size, later.size, later.readNode)
  return { size1: earlier.size, size2: later.size, root1: earlier.root, root2: later.root, proof }
}

const numbered = Array.from({ length: 1100 }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)))

test('every leaf of every small tree, and every pair of small trees', async () => {
  const trees = Array.from({ length: 41 }, (_, size) => leavesTree(numbered.slice(0, size)))
  for (const later of trees) {
    for (let n = 0n; n < later.size; n++) {
      check({ inclusion: await proveInclusion(later, n) }, true)
      const earlier = trees[Number(n) + 1] as Tree
      check({ consistency: await proveConsistency(earlier, later) }, true)
    }
  }
})

/** All the ways to change one bit of one hash. */
function* flips(hash: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < hash.length * 8; bit++) {
    const flipped = hash.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield flipped
  }
}

function* damagedProofs(proof: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  for (const [at, hash] of proof.entries()) {
    for (const flipped of flips(hash)) yield proof.with(at, flipped)
    yield proof.toSpliced(at, 1)
    yield proof.toSpliced(at, 0, hash)
  }
  yield [...proof, new Uint8Array(32)]
}

const failed = ['inclusion-failed', 'consistency-failed', 'proof-length'] as const

test('any tree, any leaf: proven, and not with one bit changed', async () => {
  const anyTree = fc.integer({ min: 1, max: 1100 })
  await fc.assert(
    fc.asyncProperty(anyTree, fc.nat(), async (size, n) => {
      const claim = await proveInclusion(leavesTree(numbered.slice(0, size)), BigInt(n % size))
      check({ inclusion: claim }, true)
      for (const leaf of flips(claim.leafHash)) {
        check({ inclusion: { ...claim, leafHash: leaf } }, failed)
      }
      for (const root of flips(claim.root)) check({ inclusion: { ...claim, root } }, failed)
      for (const proof of damagedProofs(claim.proof)) {
        check({ inclusion: { ...claim, proof } }, failed)
      }
      for (let bit = 0n; bit < 64n; bit++) {
        const index = claim.index ^ (1n << bit)
        check({ inclusion: { ...claim, index } }, [...failed, 'out-of-range'])
      }
    }),
    { numRuns: 8 },
  )
})

test('any two trees: consistent, and not with one bit changed', async () => {
  const anyTree = fc.integer({ min: 1, max: 1100 })
  await fc.assert(
    fc.asyncProperty(anyTree, anyTree, async (a, b) => {
      const earlier = leavesTree(numbered.slice(0, Math.min(a, b)))
      const claim = await proveConsistency(earlier, leavesTree(numbered.slice(0, Math.max(a, b))))
      check({ consistency: claim }, true)
      for (const root1 of flips(claim.root1)) check({ consistency: { ...claim, root1 } }, failed)
      for (const root2 of flips(claim.root2)) check({ consistency: { ...claim, root2 } }, failed)
      for (const proof of damagedProofs(claim.proof)) {
        check({ consistency: { ...claim, proof } }, failed)
      }
      const other = rootFromLeafHashes([...numbered.slice(1, a), leafHash(Buffer.from('forged'))])
      check({ consistency: { ...claim, root2: other } }, failed)
    }),
    { numRuns: 8 },
  )
})

test('trees whose sizes no number holds', async () => {
  const large = fc.bigInt({ min: 2n ** 53n, max: sizeMax })
  const pair = fc.tuple(large, large, fc.bigInt({ min: 0n, max: sizeMax - 1n }))
  await fc.assert(
    fc.asyncProperty(pair, async ([a, b, mark]) => {
      const [size1, size2] = a < b ? [a, b] : [b, a]
      const index = mark % size1
      const later = sparseTree(size2, index)
      const inclusion = await proveInclusion(later, index)
      check({ inclusion }, true)
      check({ inclusion: { ...inclusion, index: index ^ 1n } }, [...failed, 'out-of-range'])
      const consistency = await proveConsistency(sparseTree(size1, index), later)
      check({ consistency }, true)
      const root1 = sparseTree(size1, index === 0n ? 1n : index - 1n).root
      check({ consistency: { ...consistency, root1 } }, failed)
    }),
    {
      numRuns: 40,
      examples: [[[sizeMax, sizeMax - 1n, sizeMax - 2n]], [[sizeMax, 2n ** 62n, 0n]]],
    },
  )
})

const leaf = leafHash(Uint8Array.of(1))
const alone: Inclusion = { leafHash: leaf, index: 0n, size: 1n, proof: [], root: leaf }
const still: Consistency = { size1: 1n, size2: 1n, root1: leaf, root2: leaf, proof: [] }
const pair = nodeHash(leaf, leaf)

const rows: readonly (readonly [string, Case, true | EvidenceErrorCode])[] = [
  ['a tree of one leaf', { inclusion: alone }, true],
  ['an index at the size', { inclusion: { ...alone, index: 1n } }, 'out-of-range'],
  ['a negative index', { inclusion: { ...alone, index: -1n } }, 'out-of-range'],
  ['the empty tree', { inclusion: { ...alone, size: 0n } }, 'out-of-range'],
  ['a size beyond 2^63', { inclusion: { ...alone, size: sizeMax + 1n } }, 'out-of-range'],
  ['2^63 leaves', { inclusion: { ...alone, size: sizeMax } }, 'proof-length'],
  ['a number as index', { inclusion: { ...alone, index: 0 as never } }, 'out-of-range'],
  ['a number as size', { inclusion: { ...alone, size: 1 as never } }, 'out-of-range'],
  ['a short leaf', { inclusion: { ...alone, leafHash: leaf.slice(1) } }, 'hash-malformed'],
  ['a long root', { inclusion: { ...alone, root: new Uint8Array(33) } }, 'hash-malformed'],
  ['a root in hex', { inclusion: { ...alone, root: 'ab' as never } }, 'hash-malformed'],
  ['a hash too many', { inclusion: { ...alone, proof: [leaf] } }, 'proof-length'],
  ['no list of hashes', { inclusion: { ...alone, proof: undefined as never } }, 'proof-length'],
  ['the same tree', { consistency: still }, true],
  ['the same size, another root', { consistency: { ...still, root2: pair } }, 'consistency-failed'],
  ['the same tree with a proof', { consistency: { ...still, proof: [leaf] } }, 'proof-length'],
  ['from nothing', { consistency: { ...still, size1: 0n, root1: emptyRoot } }, 'out-of-range'],
  ['backwards', { consistency: { ...still, size1: 2n, root1: pair } }, 'out-of-range'],
  ['no proof', { consistency: { ...still, size2: 2n, root2: pair } }, 'proof-length'],
  ['from one to two', { consistency: { ...still, size2: 2n, root2: pair, proof: [leaf] } }, true],
  ['beyond 2^63', { consistency: { ...still, size2: sizeMax + 1n } }, 'out-of-range'],
]
for (const [name, claim, expected] of rows) test(name, () => check(claim, expected))

for (const [name, prove] of [
  ['an index outside', () => inclusionProof(3n, 3n, () => leaf)],
  ['growth from nothing', () => consistencyProof(0n, 3n, () => leaf)],
  ['growth backwards', () => consistencyProof(4n, 3n, () => leaf)],
  ['a node that is no hash', () => inclusionProof(0n, 2n, () => new Uint8Array(3))],
] as const) {
  test(`proves nothing for ${name}`, async () => {
    await assert.rejects(async () => prove(), EvidenceError)
  })
}
