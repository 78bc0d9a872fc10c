import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { until } from '../../../test/house.ts'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { hold, holding } from '../conformance-campaigns.ts'
import {
  approval,
  assertChain,
  entry,
  everyLeaf,
  intent,
  locking,
  opening,
  outcome,
  tally,
  unlocking,
  updating,
} from '../conformance-entries.ts'
import { counting, dutiful, mark, restating, standing } from '../conformance-grants.ts'
import { Conflict, type Store, type StoreChange } from '../store.ts'
import { openPostgres } from './open.ts'

const kek = new Uint8Array(32).fill(1)

async function openTwo(t: TestContext, url: string): Promise<readonly [Store, Store]> {
  const open = async (instance: string) => {
    const store = await openPostgres({ url, instance, boot: instance, kek, poolSize: 4 })
    t.after(() => store.close())
    return store
  }
  return [await open('gw-1'), await open('gw-2')]
}

postgresTests({
  'two gateways write one log without a gap, each its own chain': async ({ t, url }) => {
    const [one, two] = await openTwo(t, url)
    const commits = [one, two].flatMap((store, n) =>
      Array.from({ length: 500 }, (_, at) => store.commit(entry(intent({ call: `c${n}-${at}` })))),
    )
    const indexes = (await Promise.all(commits)).map(({ index }) => index)
    assert.deepEqual(
      indexes.toSorted((a, b) => a - b),
      Array.from({ length: 1000 }, (_, n) => n + 2),
    )
    const records = assertChain(await everyLeaf(one))
    assert.equal(records.length, 1002)
  },

  'of changes from one revision in two gateways, one wins': async ({ t, url }) => {
    const stores = await openTwo(t, url)
    await stores[0].commit(opening(approval('apr_1')))
    const updates = stores.flatMap((store) =>
      Array.from({ length: 250 }, (_, n) =>
        store.commit(
          updating(approval('apr_1', { state: 'APPROVED', revision: 2, decideBy: n }), 1),
        ),
      ),
    )
    assert.deepEqual(await tally(updates), { won: 1, conflicts: 499 })
    const openings = stores.flatMap((store, at) =>
      Array.from({ length: 50 }, (_, n) =>
        store.commit(opening(approval(`apr_${at}_${n}`, { digest: 'the same' }))),
      ),
    )
    assert.deepEqual(await tally(openings), { won: 1, conflicts: 99 })
  },

  'who is locked through one gateway is locked at the next commit of the other': async ({
    t,
    url,
  }) => {
    const [one, two] = await openTwo(t, url)
    await two.commit(entry(intent({ call: 'c1' })))
    await one.commit(locking('corp:sam'))
    await assert.rejects(two.commit(entry(intent({ call: 'c2' }))), Conflict)
    await one.commit(unlocking('corp:sam'))
    await two.commit(entry(intent({ call: 'c3' })))
  },

  'a grant that is revoked and a function that is held through one gateway are so for the other':
    async ({ t, url }) => {
      const [one, two] = await openTwo(t, url)
      const call = (name: string) => two.commit(entry(counting(name, { 'corp:sam': 'g1' })))
      const refused = (about: string) => (thrown: unknown) =>
        thrown instanceof Conflict && thrown.about === about
      await one.commit(restating(standing('g1')))
      await call('c1')
      const revoked = { at: 7, by: 'corp:ann', reason: 'left' }
      await one.commit(restating(standing('g1', { revision: 2, revoked })))
      await assert.rejects(call('c2'), refused('grant'))
      await one.commit(restating(standing('g1', { revision: 3 })))
      await call('c3')
      await one.commit(holding(hold('crm.get')))
      await assert.rejects(call('c4'), refused('function'))
      await two.commit(holding(hold('crm.get', { state: 'accepted', revision: 2 })))
      await one.commit(entry(counting('c5', { 'corp:sam': 'g1' })))
      await call('c6')
      const [use] = await one.grantUse({})
      assert.equal(use?.calls, 4)
    },

  'of intents on both sides of a duty in two gateways, those of one side are there': async ({
    t,
    url,
  }) => {
    const stores = await openTwo(t, url)
    const sides = ['left', 'right'] as const
    const settled = await Promise.all(
      stores.map((store, at) => {
        const [side = 'left', other = 'left'] = at === 0 ? sides : sides.toReversed()
        const duties = { marks: [mark({ side })], bars: [mark({ side: other })] }
        return tally(
          Array.from({ length: 50 }, (_, n) => store.commit(dutiful(`c${at}-${n}`, duties))),
        )
      }),
    )
    assert.deepEqual(settled.map(({ won }) => won).toSorted(), [0, 50])
    assert.deepEqual(settled.map(({ conflicts }) => conflicts).toSorted(), [0, 50])
  },

  'a gateway that lives keeps its open calls, one that is gone does not': async ({
    t,
    url,
    server,
  }) => {
    const [one, two] = await openTwo(t, url)
    const { index } = await two.commit(entry(intent({ call: 'c' })))
    const open = async (store: Store) =>
      (await store.callsWithoutEnding(Number.MAX_SAFE_INTEGER)).map((leaf) => leaf.index)
    const longAgo = `UPDATE sallyport.instance SET seen_at = now() - interval '1 hour'`
    await server.run(url, longAgo)
    assert.deepEqual(await open(two), [index], 'its own')
    assert.deepEqual(await open(one), [], 'it was quiet for long, and lives')
    await two.close()
    assert.deepEqual(await open(one), [], 'it may come back')
    await server.run(url, longAgo)
    assert.deepEqual(await open(one), [index])
    await one.commit(entry(outcome(index, { call: 'c' })))
    assert.deepEqual(await open(one), [])
  },

  'one gateway has the task of publishing until its lease is over': async ({ t, url }) => {
    const [one, two] = await openTwo(t, url)
    const long = { leaseMs: 3_600_000 }
    const first = (await one.claimIntegrator('one', long)) ?? assert.fail()
    assert.equal(await two.claimIntegrator('two', long), undefined)
    assert.equal(await one.renewIntegrator(first, long), true)
    await one.releaseIntegrator(first)
    const second = (await two.claimIntegrator('two', { leaseMs: 1 })) ?? assert.fail()
    assert.equal(await one.renewIntegrator(first, long), false)
    let third: number | undefined
    await until(async () => {
      third = await one.claimIntegrator('one', long)
      return third !== undefined
    }, 'the lease was over')
    assert.ok(third !== undefined && third > second)
    const swap = { expectedSize: 0, size: 1, note: 'n', at: 1 }
    await assert.rejects(two.swapCheckpoint({ ...swap, fence: second }), Conflict)
    await two.releaseIntegrator(second)
    assert.equal(await two.claimIntegrator('two', long), undefined, 'nobody releases another’s')
    await one.swapCheckpoint({ ...swap, fence: third })
    assert.equal((await two.storedCheckpoint())?.size, 1)
  },

  'a restart has the task of its own earlier boot at once': async ({ url }) => {
    const options = { url, instance: 'gw', kek, poolSize: 2 }
    const store = await openPostgres({ ...options, boot: 'b1' })
    const long = { leaseMs: 3_600_000 }
    const first = (await store.claimIntegrator('gw b1', long)) ?? assert.fail()
    await store.close()
    const again = await openPostgres({ ...options, boot: 'b2' })
    assert.equal(await again.claimIntegrator('gw b2', long), first + 1)
    await again.close()
  },

  'what one gateway changes is told to both, and a loss of the line as well': async ({
    t,
    url,
    server,
  }) => {
    const [one, two] = await openTwo(t, url)
    const heard: StoreChange[][] = [[], []]
    const stop = [one, two].map((store, at) => store.onChange((change) => heard[at]?.push(change)))
    await until(async () => {
      // Until both listen, nothing is heard.
      const id = `corp:${heard[1]?.length}`
      await one.commit(locking(id)).catch(() => undefined)
      await one.commit(unlocking(id)).catch(() => undefined)
      return heard.every((changes) => changes.length > 0)
    }, 'both listen')
    await one.commit(opening(approval('apr_1')))
    const asked = { kind: 'approval', id: 'apr_1' }
    const hears = (wanted: object) => () =>
      heard.every((changes) =>
        changes.some((one) => JSON.stringify(one) === JSON.stringify(wanted)),
      )
    await until(hears(asked), 'the approval was heard of')
    await server.run(url, `NOTIFY "sallyport sallyport", 'no hint'`)
    await server.cut(url)
    await until(hears({ kind: 'missed', id: '' }), 'that something may have been missed')
    stop[1]?.()
    const before = heard[1]?.length
    await until(() => one.refusing() === undefined, 'it can write again')
    await one.commit(opening(approval('apr_2')))
    await until(() => heard[0]?.some(({ id }) => id === 'apr_2') ?? false, 'one still listens')
    assert.equal(heard[1]?.length, before)
  },
})
