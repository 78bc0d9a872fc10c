import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  entriesPath,
  inclusionProof,
  leafHash,
  parseCheckpoint,
  parseEntries,
  rootFromLeafHashes,
  tilesFor,
  verifyInclusion,
  verifyNote,
} from '@sallyport/evidence'
import { type Integrator, type IntegratorNeeds, openIntegrator } from '../src/log/integrate.ts'
import { type LogKeys, openLogKeysInMemory } from '../src/log/log-key.ts'
import { openTileMemory, type TileStore } from '../src/log/tile-store.ts'
import { nodeReader } from '../src/log/tree.ts'
import { openSqlite } from '../src/store/sqlite/open.ts'
import type { Store } from '../src/store/store.ts'

export const origin = 'example.com/log'
export const kek: Uint8Array = new Uint8Array(32)

export type Bench = {
  readonly store: Store
  readonly tiles: TileStore
  readonly keys: LogKeys
  /** Another integrator over the same store and files, as after a restart. */
  readonly open: (changes?: Partial<IntegratorNeeds>) => Promise<Integrator>
  readonly append: (count: number) => Promise<void>
}

export async function bench(t: TestContext): Promise<Bench> {
  const keys = await openLogKeysInMemory({ origin, overlapMs: 1000, now: 0 })
  const logKey = keys.current()
  const store = await openSqlite({
    path: ':memory:',
    instance: 'gw',
    boot: 'b',
    kek,
    origin,
    logKey,
  })
  t.after(() => store.close())
  const tiles = openTileMemory()
  const needs = { store, tiles, keys, origin, holder: 'test', now: Date.now, batchLeaves: 1000 }
  return {
    store,
    tiles,
    keys,
    open: (changes) => openIntegrator({ ...needs, ...changes }),
    append: async (count) => {
      const record = {
        type: 'call.denied',
        call: 'c',
        code: 'policy-denied',
        stage: 'resolved',
      } as const
      const time = new Date().toISOString()
      const commits = Array.from({ length: count }, () =>
        store.commit({ record: { ...record, time }, payloads: [] }),
      )
      await Promise.all(commits)
    },
  }
}

/** What is published is whole, is signed, and is what the store holds. Returns its size. */
export async function assertPublished({ store, tiles, keys }: Bench): Promise<number> {
  const note = Buffer.from((await tiles.get('checkpoint')) ?? '').toString()
  const { text } = await verifyNote(note, keys.verifierKeys())
  const { size, root } = parseCheckpoint(text)
  const leaves: Uint8Array[] = []
  for (let index = 0n; index * 256n < size; index++) {
    const width = Number(size - index * 256n < 256n ? size - index * 256n : 256n)
    const bundle = await tiles.get(entriesPath({ index, width }))
    assert.ok(bundle, `entry bundle ${index} of width ${width}`)
    leaves.push(...parseEntries(bundle))
  }
  assert.equal(BigInt(leaves.length), size)
  assert.deepEqual(Buffer.from(rootFromLeafHashes(leaves.map(leafHash))), Buffer.from(root))
  for (let at = 0; at < leaves.length; at += 500) {
    const stored = await store.leaves(at, 500)
    for (const { index, bytes } of stored) {
      if (index >= leaves.length) break
      assert.deepEqual(Buffer.from(leaves[index] ?? ''), Buffer.from(bytes), `leaf ${index}`)
    }
  }
  for (const { level, index, width } of tilesFor(0n, size)) {
    const node = await nodeReader(tiles, size)(level * 8, index * 256n + BigInt(width - 1))
    assert.equal(node.length, 32)
  }
  for (const index of [0n, size / 2n, size - 1n]) {
    const proof = await inclusionProof(index, size, nodeReader(tiles, size))
    verifyInclusion({ leafHash: leafHash(leaves[Number(index)] ?? kek), index, size, proof, root })
  }
  assert.deepEqual(
    (await tiles.list('staging')).filter((name) => name !== 'drafts'),
    [],
  )
  return Number(size)
}
