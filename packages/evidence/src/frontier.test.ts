import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EvidenceError } from './error.ts'
import { emptyFrontier, type Frontier, frontierRoot, growTree, readFrontier } from './frontier.ts'
import { emptyRoot, leafHash } from './hash.ts'
import { rootFromLeafHashes } from './merkle.ts'
import { tilePath, tilesFor } from './tile.ts'

const leaves = Array.from({ length: 70_000 }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)))

/** What a tile holds, from the leaves, by the specification's formula. */
function naiveTile(level: number, index: bigint, width: number): Buffer {
  const span = 256 ** level
  return Buffer.concat(
    Array.from({ length: width }, (_, i) => {
      const start = (Number(index) * 256 + i) * span
      return rootFromLeafHashes(leaves.slice(start, start + span))
    }),
  )
}

/** Grows by these steps, restarting from the stored tiles in between, and compares everything. */
async function check(steps: readonly number[]): Promise<void> {
  const stored = new Map<string, Uint8Array>()
  let frontier: Frontier = emptyFrontier
  for (const step of steps) {
    const from = frontier.size
    const before = structuredClone(frontier)
    const growth = growTree(frontier, leaves.slice(Number(from), Number(from) + step))
    assert.deepEqual(frontier, before)
    const paths = growth.tiles.map(tilePath)
    assert.deepEqual(
      paths.toSorted(),
      [...tilesFor(from, growth.frontier.size)].map(tilePath).toSorted(),
    )
    for (const { level, index, width, bytes } of growth.tiles) {
      assert.equal(Buffer.compare(bytes, naiveTile(level, index, width)), 0)
      stored.set(tilePath({ level, index, width }), bytes)
    }
    const size = Number(growth.frontier.size)
    assert.deepEqual(growth.root, rootFromLeafHashes(leaves.slice(0, size)))
    assert.deepEqual(frontierRoot(growth.frontier), growth.root)
    const read = await readFrontier(
      growth.frontier.size,
      (tile) => stored.get(tilePath(tile)) ?? new Uint8Array(0),
    )
    assert.deepEqual(read, growth.frontier)
    frontier = read
  }
}

for (const steps of [
  [],
  [0],
  [1],
  [255, 1, 1],
  [256],
  [257],
  [512, 0, 1],
  [300, 300, 300],
  [65_535, 1, 1, 300],
  [65_536],
  [65_793, 255, 1],
]) {
  test(`grows by ${steps.join(', ')}`, () => check(steps))
}

test('grows by anything', async () => {
  const steps = fc.array(fc.nat(400), { maxLength: 8 })
  await fc.assert(fc.asyncProperty(steps, check), { numRuns: 40 })
})

test('the empty tree', () => assert.deepEqual(frontierRoot(emptyFrontier), emptyRoot))

test('what is not a hash is not appended', () => {
  assert.throws(() => growTree(emptyFrontier, [new Uint8Array(31)]), EvidenceError)
})

test('a stored tile of another width is noticed', async () => {
  await assert.rejects(
    readFrontier(5n, () => new Uint8Array(4 * 32)),
    (error) => error instanceof EvidenceError && error.code === 'tile-malformed',
  )
})

test('a tree that no number counts is not grown', async () => {
  await assert.rejects(
    readFrontier(2n ** 53n, () => new Uint8Array(32)),
    EvidenceError,
  )
})
