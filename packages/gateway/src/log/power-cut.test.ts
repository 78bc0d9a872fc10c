import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  entriesPath,
  leafHash,
  parseCheckpoint,
  parseEntries,
  rootFromLeafHashes,
  verifyNote,
} from '@sallyport/evidence'
import { assertPublished, type Bench, bench } from '../../test/growing-log.ts'
import { isLong, onDemand } from '../../test/long-form.ts'
import type { IntegratorNeeds } from './integrate.ts'
import { openTileMemory, type TileStore } from './tile-store.ts'

/** What becomes of something that was written and not synced: `n` counts such things. */
type Luck = (n: number) => boolean

/**
 * Files on a disk that loses its power at the `cutAt`th step: a put is durable once it has resolved, one that is under
 * way may be there or not, and what was removed may come back, since nothing syncs a removal.
 */
function openDisk(cutAt: number, { isSynced }: { readonly isSynced: (path: string) => boolean }) {
  const files = new Map<string, Uint8Array>()
  const underWay = new Map<string, Uint8Array>()
  /** Not synced: what the disk holds of these paths may be what was there before. */
  const unsynced = new Map<string, Uint8Array | undefined>()
  const known: string[] = []
  let steps = 0
  const step = () => {
    steps += 1
    if (steps >= cutAt) throw new Error('the power is cut')
  }
  const remove = (path: string) => {
    const bytes = files.get(path)
    if (bytes && !unsynced.has(path)) unsynced.set(path, bytes)
    files.delete(path)
  }
  const tiles: TileStore = {
    put: async (path, bytes) => {
      underWay.set(path, bytes)
      step()
      // Others begin, and may be cut off, while this one is written.
      await Promise.resolve()
      if (steps >= cutAt) throw new Error('the power is cut')
      if (isSynced(path)) unsynced.delete(path)
      else if (!unsynced.has(path)) unsynced.set(path, files.get(path))
      files.set(path, bytes)
      underWay.delete(path)
      if (path === 'checkpoint') known.push(Buffer.from(bytes).toString())
    },
    get: async (path) => files.get(path),
    list: async (folder) => {
      const below = [...files.keys()].filter((path) => path.startsWith(`${folder}/`))
      return [...new Set(below.map((path) => path.slice(folder.length + 1).replace(/\/.*/, '')))]
    },
    delete: async (path) => {
      step()
      remove(path)
    },
    deleteFolder: async (folder) => {
      step()
      for (const path of [...files.keys()]) if (path.startsWith(`${folder}/`)) remove(path)
    },
  }
  return {
    tiles,
    step,
    /** Every checkpoint that somebody may have seen, the newest last. */
    known,
    hasRemoved: () => unsynced.size > 0,
    /** The files there are when the power is back. */
    afterwards: async (isThere: Luck): Promise<TileStore> => {
      const left = new Map(files)
      let n = 0
      for (const [path, before] of unsynced) {
        n += 1
        if (!isThere(n)) continue
        if (before) left.set(path, before)
        else left.delete(path)
      }
      for (const [path, bytes] of underWay) {
        n += 1
        if (isThere(n)) left.set(path, bytes)
      }
      const memory = openTileMemory()
      for (const [path, bytes] of left) await memory.put(path, bytes)
      return memory
    },
  }
}

/** The leaves of the published checkpoint are all there: its size, 0 where none is published. */
async function assertCovered(tiles: TileStore, keys: Bench['keys']): Promise<number> {
  const bytes = await tiles.get('checkpoint')
  if (!bytes) return 0
  const { size, root } = parseCheckpoint(
    (await verifyNote(Buffer.from(bytes).toString(), keys.verifierKeys())).text,
  )
  const leaves: Uint8Array[] = []
  for (let at = 0; at < Number(size); at += 256) {
    const width = Math.min(256, Number(size) - at)
    const entries = await tiles.get(entriesPath({ index: BigInt(at / 256), width }))
    assert.ok(entries, `the entries from ${at} on of ${size}`)
    leaves.push(...parseEntries(entries))
  }
  assert.deepEqual(Buffer.from(rootFromLeafHashes(leaves.map(leafHash))), Buffer.from(root))
  return Number(size)
}

/** Three growths, the power cut at this step. What the database had committed it still has. */
async function cut(at: Bench, cutAt: number, isSynced: (path: string) => boolean) {
  const disk = openDisk(cutAt, { isSynced })
  const store: IntegratorNeeds['store'] = {
    ...at.store,
    swapCheckpoint: async (swap) => {
      disk.step()
      await at.store.swapCheckpoint(swap)
      disk.step()
    },
  }
  const grow = async () => {
    const integrator = await at.open({ tiles: disk.tiles, store })
    for (const count of [250, 6, 2]) {
      await at.append(count)
      await integrator.run()
    }
  }
  const isFinished = await grow().then(
    () => true,
    (thrown) => {
      assert.match(String(thrown), /power is cut/)
      return false
    },
  )
  return { disk, isFinished }
}

const lucks: readonly Luck[] = [() => false, () => true, (n) => n % 2 === 0]

/** Each step with one of the lucks; in the long form with each of them. */
for (const turn of isLong ? [0, 1, 2] : [0]) {
  test(`the power is cut at every step, turn ${turn}`, async (t) => {
    if (!isLong) t.diagnostic(`every luck at every step: ${onDemand}`)
    let isOver = false
    let hasRemoved = false
    for (let step = 1; !isOver; step += 1) {
      const at = await bench(t)
      const { disk, isFinished } = await cut(at, step, () => true)
      hasRemoved ||= disk.hasRemoved()
      const [newest] = disk.known.slice(-1)
      const told = newest === undefined ? 0 : Number(newest.split('\n')[1])
      for (const isThere of lucks) {
        const seen = await assertCovered(await disk.afterwards(isThere), at.keys)
        assert.ok(seen >= told, `step ${step}: ${seen} are published, and ${told} were`)
      }
      const tiles = await disk.afterwards(lucks[(step + turn) % lucks.length] ?? assert.fail())
      await at.append(1)
      const next = await at.open({ tiles })
      await next.run()
      const size = await at.store.size()
      assert.equal(await assertPublished({ ...at, tiles }), size, `step ${step}`)
      isOver = isFinished
      assert.ok(step < 100)
      if (isOver) assert.ok(step > 15, `only ${step} steps`)
      await at.store.close()
    }
    assert.ok(hasRemoved, 'something was removed, and could come back')
  })
}

test('a disk that lies about tiles would be noticed', async (t) => {
  const at = await bench(t)
  const { disk } = await cut(at, 1000, (path) => !path.startsWith('tile/entries/'))
  const tiles = await disk.afterwards(() => true)
  await assert.rejects(assertCovered(tiles, at.keys), /the entries from/)
})
