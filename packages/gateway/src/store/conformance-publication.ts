import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import { entry, everyLeaf, intent, tally } from './conformance-entries.ts'
import { Conflict, type Store, Unavailable } from './store.ts'

type Given = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Given) => Promise<void>]

/** The part of the suite about the published log: its checkpoint, its integrator, its emitters' chains. */
export const publicationPromises: readonly Promised[] = [
  ['a checkpoint is swapped in over the size that is expected', ({ store }) => swaps(store)],
  ['of two integrators the last that claimed the log wins', ({ store }) => fences(store)],
  ['of 20 swaps over one size, one wins', ({ store }) => oneSwapWins(store)],
  ['after stop nothing is committed, and what is stored is published', ({ store }) => stops(store)],
  ['the checkpoint is there after a reopen, and so is the end of the chain', remembers],
]

const at = 1_700_000_000_000

/** With a lease that is over at once: so every home gives it. */
async function claim(store: Store, holder: string): Promise<number> {
  return (await store.claimIntegrator(holder, { leaseMs: 0 })) ?? assert.fail('was not given')
}

async function swaps(store: Store): Promise<void> {
  assert.equal(await store.storedCheckpoint(), undefined)
  const fence = await claim(store, 'one')
  const swap = (expectedSize: number, size: number) =>
    store.swapCheckpoint({ fence, expectedSize, size, note: `note ${size}`, at: at + size })
  await assert.rejects(swap(3, 5), Conflict, 'nothing is stored yet')
  await swap(0, 5)
  assert.deepEqual(await store.storedCheckpoint(), { size: 5, note: 'note 5', at: at + 5 })
  for (const [expected, size] of [
    [0, 9],
    [4, 9],
    [5, 5],
    [5, 4],
  ] as const) {
    await assert.rejects(swap(expected, size), Conflict, `${expected} to ${size}`)
  }
  assert.equal((await store.storedCheckpoint())?.note, 'note 5')
  await swap(5, 6)
  assert.equal((await store.storedCheckpoint())?.note, 'note 6')
}

async function fences(store: Store): Promise<void> {
  const first = await claim(store, 'one')
  const swap = (fence: number, expectedSize: number, size: number) =>
    store.swapCheckpoint({ fence, expectedSize, size, note: `by ${fence}`, at })
  await swap(first, 0, 1)
  const second = await claim(store, 'two')
  assert.notEqual(second, first)
  await assert.rejects(swap(first, 1, 2), Conflict, 'fenced')
  await swap(second, 1, 2)
  await assert.rejects(swap(first, 2, 3), Conflict, 'still fenced')
  await assert.rejects(swap(second + 1, 2, 3), Conflict, 'never given')
  await store.releaseIntegrator(first)
  const lease = { leaseMs: 0 }
  const renewed = [first, second].map((fence) => store.renewIntegrator(fence, lease))
  assert.deepEqual(await Promise.all(renewed), [false, true])
  assert.deepEqual(await store.storedCheckpoint(), { size: 2, note: `by ${second}`, at })
}

async function oneSwapWins(store: Store): Promise<void> {
  const fence = await claim(store, 'one')
  const swaps = Array.from({ length: 20 }, (_, n) =>
    store.swapCheckpoint({ fence, expectedSize: 0, size: n + 1, note: `${n}`, at }),
  )
  assert.deepEqual(await tally(swaps), { won: 1, conflicts: 19 })
}

async function stops(store: Store): Promise<void> {
  const fence = await claim(store, 'one')
  const commits = Array.from({ length: 50 }, (_, n) =>
    store.commit(entry(intent({ call: `${n}` }))),
  )
  await Promise.all([store.stop(), store.stop(), ...commits])
  await assert.rejects(store.commit(entry(intent({ call: 'late' }))), Unavailable)
  const records = (await everyLeaf(store)).map(({ bytes }) => parseLeaf(bytes))
  assert.equal(records.filter(({ type }) => type === 'emitter.stop').length, 1)
  assert.equal(records.at(-1)?.type, 'emitter.stop')
  const size = await store.size()
  await store.swapCheckpoint({ fence, expectedSize: 0, size, note: 'last', at })
  assert.equal((await store.storedCheckpoint())?.size, size)
}

async function remembers({ store, reopen }: Given): Promise<void> {
  if (!reopen) return
  const before = await claim(store, 'one')
  await store.swapCheckpoint({ fence: before, expectedSize: 0, size: 1, note: 'kept', at })
  const again = await reopen()
  assert.deepEqual(await again.storedCheckpoint(), { size: 1, note: 'kept', at })
  assert.ok((await claim(again, 'two')) > before)
  const records = (await everyLeaf(again)).map(({ bytes }) => parseLeaf(bytes))
  const [start, next] = records.filter(isStart)
  const stop = records.find(({ type }) => type === 'emitter.stop')
  assert.equal(start?.after, undefined)
  assert.equal(next?.after?.boot, start?.emitter.boot)
  assert.equal(next?.after?.seq, stop?.emitter.seq)
  assert.match(next?.after?.hash ?? '', /^sha256:[0-9a-f]{64}$/)
}

function isStart(record: LeafRecord): record is Extract<LeafRecord, { type: 'emitter.start' }> {
  return record.type === 'emitter.start'
}
