import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { assertPublished, kek, origin } from '../../test/growing-log.ts'
import type { PostgresServer } from '../../test/postgres-server.ts'
import { postgresTests } from '../../test/postgres-tests.ts'
import { openPostgres } from '../store/postgres/open.ts'
import type { Store } from '../store/store.ts'
import { type Integrator, type IntegratorNeeds, openIntegrator } from './integrate.ts'
import { openLogKeysInMemory } from './log-key.ts'
import { openTileMemory, type TileStore } from './tile-store.ts'

/** Two gateways that share a store and a published folder. */
async function openBoth(t: TestContext, url: string) {
  const keys = await openLogKeysInMemory({ origin, overlapMs: 1000, now: 0 })
  const tiles = openTileMemory()
  const open = async (instance: string) => {
    const logKey = keys.current()
    const options = { url, instance, boot: instance, kek, origin, logKey, poolSize: 2 }
    const store = await openPostgres(options)
    t.after(() => store.close())
    return store
  }
  const stores: readonly [Store, Store] = [await open('gw-1'), await open('gw-2')]
  const integrate = (store: Store, changes: Partial<IntegratorNeeds> = {}): Promise<Integrator> =>
    openIntegrator({
      ...{ store, tiles, keys, origin, holder: 'test', now: Date.now, batchLeaves: 1000 },
      ...changes,
    })
  const append = async (store: Store, count: number) => {
    const time = new Date().toISOString()
    const denied = {
      type: 'call.denied',
      call: 'c',
      code: 'policy-denied',
      stage: 'resolved',
    } as const
    const commits = Array.from({ length: count }, () =>
      store.commit({ record: { ...denied, time }, payloads: [] }),
    )
    await Promise.all(commits)
  }
  const published = (store: Store) =>
    assertPublished({ store, tiles, keys, open: () => integrate(store), append: async () => {} })
  return { tiles, stores, integrate, append, published }
}

const lapse = (server: PostgresServer, url: string) =>
  server.run(url, `UPDATE sallyport.publication SET leased_until = '-infinity'`)

postgresTests({
  'one publishes what both wrote, the other follows': async ({ t, url }) => {
    const { stores, integrate, append, published } = await openBoth(t, url)
    const [one, two] = [await integrate(stores[0]), await integrate(stores[1])]
    assert.deepEqual([one.leads(), two.leads()], [true, false])
    await append(stores[1], 300)
    await two.run()
    assert.equal(two.head(), undefined, 'nothing is published yet')
    await one.run()
    assert.equal(await published(stores[0]), 303)
    await two.run()
    assert.deepEqual([one.leads(), two.leads()], [true, false])
    assert.equal(two.head()?.note, one.head()?.note)
    assert.equal(await two.republish(two.head()?.note ?? ''), false, 'is not its task')
  },

  'when the one is gone, the other goes on': async ({ t, url, server }) => {
    const { stores, integrate, append, published } = await openBoth(t, url)
    const [one, two] = [await integrate(stores[0]), await integrate(stores[1])]
    await append(stores[0], 300)
    await one.run()
    await append(stores[1], 300)
    await lapse(server, url)
    await two.run()
    assert.equal(await published(stores[1]), 603)
    await append(stores[1], 300)
    await one.run()
    assert.deepEqual([one.leads(), two.leads()], [false, true])
    await two.release()
    await one.run()
    assert.deepEqual([one.leads(), two.leads()], [true, false])
    assert.equal(await published(stores[0]), 903)
  },

  'whoever was held up leaves alone what another has published since': async ({
    t,
    url,
    server,
  }) => {
    const { stores, integrate, append, published, tiles } = await openBoth(t, url)
    const held = holdAt((path) => path.startsWith('tile/entries'), tiles)
    const one = await integrate(stores[0], { tiles: held.tiles })
    const two = await integrate(stores[1])
    await append(stores[0], 300)
    const running = one.run()
    await held.reached
    // It has swapped its checkpoint in, and hangs before it is published.
    await lapse(server, url)
    await append(stores[1], 300)
    await two.run()
    assert.equal(await published(stores[1]), 603)
    held.goOn()
    await assert.rejects(running, /taken over/)
    assert.equal(await published(stores[1]), 603, 'the newer checkpoint stands')
    await one.run()
    assert.deepEqual([one.leads(), one.head()?.size], [false, 603])
  },

  'who fails at publishing lets the other try': async ({ t, url }) => {
    const { stores, integrate, append, published, tiles } = await openBoth(t, url)
    const put = () => Promise.reject(new Error('read-only'))
    const one = await integrate(stores[0], { tiles: { ...tiles, put } })
    const two = await integrate(stores[1])
    await append(stores[0], 10)
    await assert.rejects(one.run(), /read-only/)
    await two.run()
    assert.equal(await published(stores[1]), 13)
    await one.run()
    assert.equal(one.head()?.size, 13)
  },
})

/** Waits at the first file of this kind until it is told to go on. */
function holdAt(isHeld: (path: string) => boolean, tiles: TileStore) {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const put: TileStore['put'] = async (path, bytes) => {
    if (isHeld(path)) {
      reached.resolve()
      await released.promise
    }
    await tiles.put(path, bytes)
  }
  return { tiles: { ...tiles, put }, reached: reached.promise, goOn: released.resolve }
}
