import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
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
import { openSqlite } from '../store/sqlite/open.ts'
import { type Store, Unavailable } from '../store/store.ts'
import {
  Fenced,
  type Integrator,
  type IntegratorNeeds,
  LogRefused,
  openIntegrator,
} from './integrate.ts'
import { type LogKeys, openLogKeysInMemory } from './log-key.ts'
import { encodeStaged, type LogFile, parseStaged } from './staged.ts'
import { openTileMemory, type TileStore } from './tile-store.ts'
import { nodeReader } from './tree.ts'

const origin = 'example.com/log'
const kek = new Uint8Array(32)

type Bench = {
  readonly store: Store
  readonly tiles: TileStore
  readonly keys: LogKeys
  /** Another integrator over the same store and files, as after a restart. */
  readonly open: (changes?: Partial<IntegratorNeeds>) => Promise<Integrator>
  readonly append: (count: number) => Promise<void>
}

async function bench(t: TestContext): Promise<Bench> {
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
async function assertPublished({ store, tiles, keys }: Bench): Promise<number> {
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

for (const counts of [[1], [254], [255, 1, 1], [254, 256, 1], [3000], [700, 300, 2500]]) {
  test(`growing by ${counts.join(', ')} leaves publishes them`, async (t) => {
    const at = await bench(t)
    const integrator = await at.open()
    let total = 2
    for (const count of counts) {
      await at.append(count)
      total += count
      await integrator.run()
      assert.equal(await assertPublished(at), total)
      assert.equal(integrator.head()?.size, total)
    }
    const again = await at.open()
    await again.run()
    assert.equal(await assertPublished(at), total)
  })
}

test('a partial tile is there until a growth after the full one', async (t) => {
  const at = await bench(t)
  const integrator = await at.open()
  await integrator.run()
  const partial = entriesPath({ index: 0n, width: 2 })
  for (const [count, there] of [
    [10, true],
    [300, true],
    [1, false],
  ] as const) {
    await at.append(count)
    await integrator.run()
    assert.equal((await at.tiles.get(partial)) !== undefined, there, `after ${count}`)
  }
  assert.equal((await at.tiles.list('tile/0')).includes('000.p'), false)
})

/** Stops everything at the `step`th thing that is written: what a crash there leaves behind. */
function stopAt(step: number, { store, tiles }: Bench): Partial<IntegratorNeeds> {
  let count = 0
  const may = () => {
    if (++count >= step) throw new Error('stopped here')
  }
  return {
    tiles: {
      ...tiles,
      put: async (path, bytes) => {
        may()
        await tiles.put(path, bytes)
      },
      delete: async (path) => {
        may()
        await tiles.delete(path)
      },
    },
    store: {
      ...store,
      swapCheckpoint: async (swap) => {
        may()
        await store.swapCheckpoint(swap)
        may()
      },
    },
  }
}

test('stopped at every step, another one finishes what was signed', async (t) => {
  let finished = false
  for (let step = 1; !finished; step++) {
    const at = await bench(t)
    const first = await at.open()
    await at.append(300)
    await first.run()
    await at.append(400)
    const stopped = await at.open(stopAt(step, at))
    finished = await stopped.run().then(
      () => true,
      (thrown) => {
        assert.match(String(thrown), /stopped here/)
        return false
      },
    )
    const next = await at.open()
    const stored = await at.store.storedCheckpoint()
    assert.equal(await assertPublished(at), stored?.size, `after step ${step}`)
    await next.run()
    assert.equal(await assertPublished(at), 702)
    assert.ok(step < 100)
    if (finished) assert.ok(step > 10, `only ${step} steps`)
  }
})

/** Of the growth from 302 to 702 leaves: two full tiles, two partial ones, and their entries. */
const stagings: readonly (readonly [string, (files: readonly LogFile[]) => readonly LogFile[]])[] =
  [
    ['a file beside the log', (files) => [...files, { path: '../keys.json', bytes: kek }]],
    ['another file of the log', (files) => [...files, { path: 'checkpoint', bytes: kek }]],
    ['a full tile changed', changed('tile/0/001')],
    ['the partial tile changed', changed('tile/0/002.p/190')],
    ['the tile above changed', changed('tile/1/000.p/2')],
    ['entries changed', changed('tile/entries/001')],
    ['the last entries changed', changed('tile/entries/002.p/190')],
    ['a tile of another size', (files) => [...files, { path: 'tile/0/002.p/7', bytes: kek }]],
    ['a tile that is not there yet', (files) => [...files, { path: 'tile/0/003.p/1', bytes: kek }]],
    ['a full tile for a partial one', (files) => [...files, { path: 'tile/0/002', bytes: kek }]],
    ['nothing', () => []],
  ]
function changed(path: string): (files: readonly LogFile[]) => readonly LogFile[] {
  return (files) => {
    assert.ok(files.some((file) => file.path === path))
    return files.map((file) => {
      if (file.path !== path) return file
      const bytes = Buffer.from(file.bytes)
      bytes[40] = (bytes[40] ?? 0) ^ 1
      return { path, bytes }
    })
  }
}
const bytesOf = async (files: readonly LogFile[]) => Buffer.from(encodeStaged(files))
for (const [name, stage] of [
  ...stagings.map(
    ([what, change]) => [what, (files: readonly LogFile[]) => bytesOf(change(files))] as const,
  ),
  ['as it was', bytesOf],
  ['half of it', async (files: readonly LogFile[]) => (await bytesOf(files)).subarray(0, 9_000)],
] as const) {
  test(`what was staged is put in place only where it was signed: ${name}`, async (t) => {
    const at = await bench(t)
    await at.append(300)
    await (await at.open()).run()
    await at.append(400)
    const tiles: TileStore = {
      ...at.tiles,
      put: async (path, bytes) => {
        if (!path.startsWith('staging/')) throw new Error('stopped here')
        await at.tiles.put(path, bytes)
      },
    }
    await assert.rejects((await at.open({ tiles })).run(), /stopped here/)
    const [staging = ''] = await at.tiles.list('staging')
    const staged = (await at.tiles.get(`staging/${staging}`)) ?? kek
    await at.tiles.put(`staging/${staging}`, await stage(parseStaged(staged)))
    const put: string[] = []
    const watched: TileStore = {
      ...at.tiles,
      put: async (path, bytes) => {
        put.push(path)
        await at.tiles.put(path, bytes)
      },
    }
    await (await at.open({ tiles: watched })).run()
    assert.equal(await assertPublished(at), 702)
    // Made anew from the leaves, tile by tile: what was staged was not used.
    assert.equal(put.includes('tile/0/000'), name !== 'as it was')
    assert.equal(put.includes('../keys.json'), false)
  })
}

test('an integrator whose write failed goes on by itself', async (t) => {
  for (const step of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const at = await bench(t)
    let broken = true
    const limited = stopAt(step, at)
    const either = <Both extends object>(full: Both, part: Both | undefined): Both =>
      new Proxy(full, { get: (_, name) => Reflect.get(broken && part ? part : full, name) })
    const integrator = await at.open({
      tiles: either(at.tiles, limited.tiles),
      store: either<IntegratorNeeds['store']>(at.store, limited.store),
    })
    await at.append(400)
    await assert.rejects(integrator.run(), /stopped here/)
    broken = false
    await at.append(1)
    await integrator.run()
    assert.equal(await assertPublished(at), 403)
  }
})

test('of two integrators the later one wins, and the other says so', async (t) => {
  const at = await bench(t)
  const first = await at.open()
  await first.run()
  const second = await at.open()
  await at.append(5)
  await assert.rejects(first.run(), Fenced)
  await second.run()
  assert.equal(await assertPublished(at), 7)
  await at.append(5)
  await assert.rejects(first.run(), Fenced)
})

test('files that were lost are written again', async (t) => {
  const at = await bench(t)
  await at.append(700)
  const first = await at.open()
  await first.run()
  await at.tiles.put('checkpoints/702', Buffer.from(first.head()?.note ?? ''))
  for (const path of ['tile/0/002.p/190', 'tile/entries/002.p/190', 'checkpoint']) {
    await at.tiles.delete(path)
    await (await at.open()).run()
    assert.equal(await assertPublished(at), 702, path)
  }
})

const refusals: readonly (readonly [string, (at: Bench) => Promise<Partial<IntegratorNeeds>>])[] = [
  [
    'a store that is older than what is published',
    async ({ store }) => {
      const storedCheckpoint = async () => undefined
      return { store: { ...store, storedCheckpoint } }
    },
  ],
  [
    'a store with another checkpoint of the same size',
    async ({ tiles, keys }) => {
      const root = new Uint8Array(32).fill(7)
      const text = `${origin}\n102\n${Buffer.from(root).toString('base64')}\n`
      await tiles.put('checkpoint', Buffer.from(await keys.sign(text, Date.now())))
      return {}
    },
  ],
  [
    'a store that is older than an archived checkpoint, the newest being gone',
    async ({ tiles, keys }) => {
      await tiles.delete('checkpoint')
      const root = Buffer.alloc(32, 7).toString('base64')
      const text = `${origin}\n103\n${root}\n`
      await tiles.put('checkpoints/103', Buffer.from(await keys.sign(text, Date.now())))
      // Signed by nobody, or under another name: these say nothing.
      await tiles.put('checkpoints/999', Buffer.from(text.replace('103', '999')))
      await tiles.put('checkpoints/1000', Buffer.from('half a no'))
      return {}
    },
  ],
  [
    'a store with another checkpoint than the archived one of its size',
    async ({ tiles, keys }) => {
      const text = `${origin}\n102\n${Buffer.alloc(32, 7).toString('base64')}\n`
      await tiles.put('checkpoints/102', Buffer.from(await keys.sign(text, Date.now())))
      return {}
    },
  ],
  [
    'leaves that are not those that were signed',
    async ({ store, tiles }) => {
      await tiles.delete('tile/0/000.p/102')
      const leaves: Store['leaves'] = async (start, limit) =>
        (await store.leaves(start, limit)).map((leaf) =>
          leaf.index === 50 ? { ...leaf, bytes: Buffer.from('{}') } : leaf,
        )
      return { store: { ...store, leaves } }
    },
  ],
  [
    'fewer leaves than were signed',
    async ({ store }) => ({ store: { ...store, size: async () => 50 } }),
  ],
]
for (const [name, change] of refusals) {
  test(`refuses to start: ${name}`, async (t) => {
    const at = await bench(t)
    await at.append(100)
    await (await at.open()).run()
    const changes = await change(at)
    await assert.rejects(at.open(changes), LogRefused)
    await assert.rejects(at.open(changes), /recover --from-tiles/)
  })
}

test('nothing is signed while the clock is behind the log', async (t) => {
  const at = await bench(t)
  await at.append(1)
  let now = Date.now() - 60_000
  const integrator = await at.open({ now: () => now })
  await assert.rejects(integrator.run(), /the clock is \d+ ms behind/)
  assert.equal(await at.tiles.get('checkpoint'), undefined)
  now = Date.now()
  await integrator.run()
  assert.equal(await assertPublished(at), 3)
})

test('more signatures are published for the newest checkpoint only', async (t) => {
  const at = await bench(t)
  const integrator = await at.open()
  await integrator.run()
  const note = integrator.head()?.note ?? ''
  const more = `${note}\u2014 witness.example AAAAAAAAAAAA\n`
  assert.equal(await integrator.republish(more), true)
  assert.equal(Buffer.from((await at.tiles.get('checkpoint')) ?? '').toString(), more)
  const again = await at.open()
  assert.equal(again.head()?.note, more, 'kept over a restart')
  await at.append(1)
  await again.run()
  assert.equal(await again.republish(more), false)
})

test('a store that cannot answer is an error that passes', async (t) => {
  const at = await bench(t)
  let down = true
  const size = async () => {
    if (down) throw new Unavailable('not now')
    return at.store.size()
  }
  const integrator = await at.open({ store: { ...at.store, size } })
  await assert.rejects(integrator.run(), Unavailable)
  down = false
  await integrator.run()
  assert.equal(await assertPublished(at), 2)
})

test('a home that is a folder is created and found again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'log-'))
  t.after(() => rm(folder, { recursive: true }))
  const { openTileFolder } = await import('./tile-folder.ts')
  const at = { ...(await bench(t)), tiles: await openTileFolder(join(folder, 'log')) }
  await at.append(600)
  await (await at.open({ tiles: at.tiles })).run()
  assert.equal(await assertPublished(at), 602)
  await (await at.open({ tiles: await openTileFolder(join(folder, 'log')) })).run()
  assert.equal(await assertPublished(at), 602)
})
