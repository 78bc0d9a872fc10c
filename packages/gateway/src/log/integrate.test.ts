import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { entriesPath } from '@sallyport/evidence'
import { assertPublished, type Bench, bench, origin } from '../../test/growing-log.ts'
import { type Store, Unavailable } from '../store/store.ts'
import { type IntegratorNeeds, LogRefused } from './integrate.ts'
import { Fenced } from './integrator-lease.ts'
import { openLogKeysInMemory } from './log-key.ts'

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

test('what is stored while it publishes is for the next time', async (t) => {
  const at = await bench(t)
  let busy = true
  const put = async (path: string, bytes: Uint8Array) => {
    if (busy) await at.append(1)
    await at.tiles.put(path, bytes)
  }
  const integrator = await at.open({ tiles: { ...at.tiles, put } })
  await at.append(10)
  await integrator.run()
  assert.equal(integrator.head()?.size, 12)
  busy = false
  const stored = await at.store.size()
  assert.ok(stored > 12)
  await integrator.run()
  assert.equal(await assertPublished(at), stored)
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

test('a key of another log under the same origin is told apart, and the cure is named', async (t) => {
  const at = await bench(t)
  await (await at.open()).run()
  const keys = await openLogKeysInMemory({ origin, overlapMs: 1000, now: 0 })
  const known = keys.current().split('+', 2).join('\\+')
  const told = new RegExp(`file "checkpoint".*${known}.*log-key\\.json`)
  await assert.rejects(at.open({ keys }), { name: 'Error', message: told })
})

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
