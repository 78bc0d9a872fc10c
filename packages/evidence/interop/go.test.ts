import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import {
  consistencyProof,
  cosign,
  emptyFrontier,
  formatCheckpoint,
  formatSigner,
  formatVerifierKey,
  growTree,
  inclusionProof,
  leafHash,
  newSigner,
  parseSigner,
  parseTilePath,
  rootFromLeafHashes,
  signNote,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from '../src/evidence.ts'
import { type Reply, startGoPeer } from './go-peer.ts'

// Agreement with Go's sumdb/note and sumdb/tlog, in both directions.

const started = await startGoPeer()
const peer = typeof started === 'string' ? undefined : started
const skip = typeof started === 'string' ? started : false
if (skip) process.stdout.write(`skipped: agreement with Go's sumdb: ${skip}\n`)
after(() => peer?.close())

const entries = Array.from({ length: 70_000 }, (_, n) => Buffer.from(`entry ${n}`))
const hashes = entries.map(leafHash)
const readNode = (level: number, index: bigint) =>
  rootFromLeafHashes(
    hashes.slice(Number(index << BigInt(level)), Number((index + 1n) << BigInt(level))),
  )
const rootOf = (size: number) => rootFromLeafHashes(hashes.slice(0, size))
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const base64s = (list: readonly Uint8Array[]) => list.map(base64)

function nth<T>(list: readonly T[], n: number): T {
  const item = list[n]
  assert.ok(item !== undefined)
  return item
}

/** Asks, and expects no error, or one. */
async function check(
  request: Readonly<Record<string, unknown>>,
  outcome: 'accepted' | 'refused' = 'accepted',
): Promise<Reply> {
  const reply = await peer?.ask(request)
  assert.ok(reply)
  assert.equal(reply.Error === '' ? 'accepted' : 'refused', outcome, reply.Error)
  return reply
}

test('Go opens our notes, and not damaged ones', { skip }, async () => {
  const log = await newSigner('log.example/gö')
  const witness = await newSigner('witness.example/w', 0x04)
  const body = formatCheckpoint({ origin: log.name, size: 9n, root: rootOf(9) })
  const note = await signNote(body, log)
  const both = note + (await cosign(note, witness, 1_700_000_000))
  const [logKey, witnessKey] = [formatVerifierKey(log), formatVerifierKey(witness)]
  const open = await check({ Op: 'open', Text: both, Keys: [logKey, witnessKey] })
  assert.deepEqual(open.Names, [log.name, witness.name])
  assert.deepEqual(open.Times, [0, 1_700_000_000])
  assert.equal(open.Text, body)
  await check({ Op: 'open', Text: both.replace('\n9\n', '\n8\n'), Keys: [logKey] }, 'refused')
  await check({ Op: 'open', Text: both, Keys: [] }, 'refused')
})

test('we open notes by Go, with keys by Go', { skip }, async () => {
  const { Skey, Vkey } = await check({ Op: 'generate', Name: 'go.example/log' })
  const { Text } = await check({ Op: 'sign', Skey, Text: 'one\n\ntwo – drei\n' })
  const { text, signedBy } = await verifyNote(Text, [Vkey])
  assert.equal(text, 'one\n\ntwo – drei\n')
  assert.equal(formatVerifierKey(nth(signedBy, 0)), Vkey)
  const signer = await parseSigner(Skey)
  assert.equal(await signNote(text, signer), Text)
  assert.equal(await formatSigner(signer), Skey)
  await assert.rejects(verifyNote(Text.replace('two', 'Two'), [Vkey]), {
    code: 'signature-invalid',
  })
})

test('Go signs with our keys as we do', { skip }, async () => {
  const log = await newSigner('log.example/one')
  const Text = 'a text\n'
  const signed = await check({ Op: 'sign', Skey: await formatSigner(log), Text })
  assert.equal(signed.Text, await signNote(Text, log))
})

const sizes = fc.tuple(fc.integer({ min: 1, max: 1100 }), fc.nat())

test('inclusion: the same root and proof, each accepted by the other', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async ([size, n]) => {
      const index = n % size
      const [Index, Size2, root] = [index, size, rootOf(size)]
      const theirs = await check({
        Op: 'proveRecord',
        Entries: base64s(entries.slice(0, size)),
        Index,
      })
      const proof = await inclusionProof(BigInt(index), BigInt(size), readNode)
      assert.equal(theirs.Root, base64(root))
      assert.deepEqual(theirs.Proof, base64s(proof))
      const leaf = nth(hashes, index)
      verifyInclusion({ leafHash: leaf, index: BigInt(index), size: BigInt(size), proof, root })
      const Entries = base64s([nth(entries, index)])
      const claim = { Op: 'checkRecord', Entries, Index, Size2, Root2: base64(root) }
      await check({ ...claim, Proof: base64s(proof) })
      await check({ ...claim, Proof: base64s([...proof, root]) }, 'refused')
    }),
    { numRuns: 25 },
  )
})

test('consistency: the same proof, each accepted by the other', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async ([Size2, n]) => {
      const Size1 = (n % Size2) + 1
      const [root1, root2] = [rootOf(Size1), rootOf(Size2)]
      const Entries = base64s(entries.slice(0, Size2))
      const theirs = await check({ Op: 'proveTree', Entries, Size1, Size2 })
      const [size1, size2] = [BigInt(Size1), BigInt(Size2)]
      const proof = await consistencyProof(size1, size2, readNode)
      assert.deepEqual(theirs.Proof, base64s(proof))
      verifyConsistency({ size1, size2, root1, root2, proof })
      const claim = { Op: 'checkTree', Size1, Size2, Root1: base64(root1), Proof: base64s(proof) }
      await check({ ...claim, Root2: base64(root2) })
      await check({ ...claim, Root2: base64(nth(hashes, 0).toReversed()) }, 'refused')
    }),
    { numRuns: 25 },
  )
})

test('what one proves of huge trees the other checks', { skip }, async () => {
  // Go counts in signed 64 bits, and JSON in 53.
  for (const size of [2 ** 53 - 1, 2 ** 52 + 1, 2 ** 33]) {
    const entry = nth(entries, 0)
    const level = [leafHash(entry)]
    for (let n = 1; n < 54; n++)
      level.push(rootFromLeafHashes([nth(level, n - 1), nth(level, n - 1)]))
    const uniform = (height: number) => nth(level, height)
    const proof = await inclusionProof(BigInt(size - 2), BigInt(size), uniform)
    const consistency = await consistencyProof(BigInt(size), BigInt(size), uniform)
    assert.deepEqual(consistency, [])
    const root = rootOfUniform(size, level)
    const claim = { Op: 'checkRecord', Entries: [base64(entry)], Proof: base64s(proof) }
    await check({ ...claim, Index: size - 2, Size2: size, Root2: base64(root) })
  }
})

/** The root of a tree whose leaves are all alike, from the roots of its complete subtrees. */
function rootOfUniform(size: number, level: readonly Uint8Array[]): Uint8Array {
  const heights = [...size.toString(2)].flatMap((bit, at, bits) =>
    bit === '1' ? [bits.length - 1 - at] : [],
  )
  return heights
    .map((height) => nth(level, height))
    .reduceRight((right, left) => rootFromLeafHashes([left, right]))
}

test('tiles: the same files with the same bytes', { skip }, async () => {
  for (const [from, to] of [
    [0, 1],
    [0, 256],
    [255, 257],
    [300, 300],
    [1000, 1100],
    [65_535, 65_800],
    [69_000, 70_000],
  ] as const) {
    const Entries = base64s(entries.slice(0, to))
    const { Tiles } = await check({ Op: 'tiles', Entries, Size1: from, Size2: to })
    const before = growTree(emptyFrontier, hashes.slice(0, from))
    const { tiles } = growTree(before.frontier, hashes.slice(from, to))
    assert.ok(to === from || tiles.length > 0)
    const theirs = widest({ ...Tiles })
    // This Go names a partial tile again when only the tiles below it grew.
    const again = before.tiles.filter((tile) => theirs.has(tilePath(tile)))
    const ours = [...again, ...tiles].map((tile) => [tilePath(tile), base64(tile.bytes)] as const)
    assert.deepEqual(theirs, new Map(ours.toSorted()))
  }
})

/** Debian's Go also names every width that a partial tile had on its way. */
function widest(tiles: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = new Map<string, { readonly path: string; readonly width: number }>()
  for (const path of Object.keys(tiles)) {
    const { level, index, width } = parseTilePath(path)
    const other = found.get(`${level} ${index}`)
    if (other === undefined || other.width < width) found.set(`${level} ${index}`, { path, width })
  }
  const paths = [...found.values()].map(({ path }) => [path, tiles[path] ?? ''] as const)
  return new Map(paths.toSorted())
}

test('Go reads our folder of tiles, and not a damaged one', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-tiles-'))
  const { tiles, root } = growTree(emptyFrontier, hashes)
  for (const tile of tiles) {
    const path = join(folder, tilePath(tile))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, tile.bytes)
  }
  const Positions = [0, 255, 256, 12_345, 65_535, 65_536, 69_999]
  const Size2 = entries.length
  const request = { Op: 'readTiles', Folder: folder, Size2, Root2: base64(root), Positions }
  const { Proof } = await check(request)
  assert.deepEqual(Proof, base64s(Positions.map((at) => nth(hashes, at))))
  await check({ ...request, Root2: base64(nth(hashes, 0)) }, 'refused')
  const damaged = nth(tiles, 48).bytes.slice().fill(0, 0, 1)
  await writeFile(join(folder, 'tile/0/048'), damaged)
  await check(request, 'refused')
  await rm(folder, { recursive: true })
})
