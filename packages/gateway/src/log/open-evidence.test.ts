import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseCheckpoint, parseTrust, verifyProof } from '@sallyport/evidence'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { mountSmallDisk } from '../../test/small-disk.ts'
import { limits } from '../config/limits.ts'
import { intent, outcome } from '../store/conformance-entries.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { type Store, Unavailable } from '../store/store.ts'
import { watchClock } from './clock.ts'
import { type LogKeys, openLogKeysInMemory } from './log-key.ts'
import { type Evidence, type EvidenceNeeds, openEvidence } from './open-evidence.ts'
import { openRotations } from './rotate-key.ts'
import { openTileFolder } from './tile-folder.ts'
import { openTileMemory, type TileStore } from './tile-store.ts'
import { trustText } from './trust-text.ts'

const origin = 'example.com/log'
const quick = { ...limits, publishDelayMs: 5, publishRetryMs: 5, publishRetryMsMax: 20 }
const denial = { type: 'call.denied', call: 'c', code: 'policy-denied', stage: 'resolved' } as const

type Opened = {
  readonly evidence: Evidence
  readonly store: Store
  readonly tiles: TileStore
  readonly keys: LogKeys
  readonly faults: unknown[]
  readonly append: () => Promise<number>
}

async function openLog(t: TestContext, changes: Partial<EvidenceNeeds> = {}): Promise<Opened> {
  const keys = await openLogKeysInMemory({ origin, overlapMs: 1000, now: 0 })
  const kek = new Uint8Array(32)
  const logKey = keys.current()
  const store = await openSqlite({
    path: ':memory:',
    instance: 'gw',
    boot: 'b',
    kek,
    origin,
    logKey,
  })
  const faults: unknown[] = []
  const evidence = await openEvidence({
    store,
    tiles: openTileMemory(),
    keys,
    origin,
    boot: 'b',
    holder: 'test',
    clock: watchClock(),
    limits: quick,
    witnessed: () => undefined,
    trust: () => trustText({ origin, logKeys: keys.verifierKeys(), witnesses: [], quorum: 'none' }),
    onPublished: () => {},
    onLast: async () => {},
    onFollowed: () => {},
    onFailure: (thrown) => faults.push(thrown),
    onRecovery: () => faults.push('recovered'),
    ...changes,
  })
  t.after(async () => {
    await evidence.close()
    await store.close()
  })
  const append = async () => {
    const record = { ...denial, time: new Date().toISOString() }
    const { index } = await evidence.ledger.commit({ record, payloads: [] })
    return index
  }
  return { evidence, store, tiles: changes.tiles ?? openTileMemory(), keys, faults, append }
}

test('a record is durable, then integrated, and its proof verifies with the trust file', async (t) => {
  const { evidence, append } = await openLog(t)
  const index = await append()
  await until(() => evidence.size() > index)
  const proof = await evidence.proof(index)
  assert.ok(proof.state === 'integrated')
  const { entry } = await verifyProof(proof.text, parseTrust(evidence.trust()))
  assert.equal(parseLeaf(entry).type, 'call.denied')
  assert.deepEqual(await evidence.proof(index + 1), { state: 'durable' })
  assert.equal(evidence.trouble(), undefined)
})

test('a proof says witnessed only under a checkpoint that is', async (t) => {
  let witnessed: { readonly size: bigint; readonly note: string } | undefined
  const { evidence, append } = await openLog(t, { witnessed: () => witnessed })
  const index = await append()
  await until(() => evidence.size() > index)
  const note = (await evidence.checkpoint()) ?? ''
  witnessed = { size: BigInt(index), note }
  assert.equal((await evidence.proof(index)).state, 'integrated')
  witnessed = { size: BigInt(evidence.size()), note }
  assert.equal((await evidence.proof(index)).state, 'witnessed')
})

test('a rotated key is recorded, and signs the next checkpoint', async (t) => {
  const { evidence, store, keys } = await openLog(t)
  const first = keys.current()
  const before = evidence.size()
  const { key } = await evidence.rotate('corp:root')
  assert.notEqual(key, first)
  await until(() => evidence.size() > before && evidence.size() > 2)
  const records = (await store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const rotated = records.find((record) => record.type === 'key.rotated')
  assert.ok(rotated?.type === 'key.rotated')
  assert.deepEqual([rotated.key, rotated.previous, rotated.by], [key, first, 'corp:root'])
  assert.deepEqual(keys.unrecorded(), [])
  assert.equal(parseTrust(evidence.trust()).logs.length, 2)
})

test('rotations at once follow each other, until as many keys sign as may', async (t) => {
  const { evidence, store, keys } = await openLog(t)
  const first = keys.current()
  const ends = await Promise.allSettled([1, 2, 3].map(() => evidence.rotate('corp:root')))
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  )
  const [newest, middle, oldest, ...more] = keys.verifierKeys()
  assert.deepEqual([oldest, more], [first, []])
  assert.deepEqual(await rotations(store), [
    [first, middle],
    [middle, newest],
  ])
})

test('a rotation cut off at any step is recorded once, by the next start', async (t) => {
  for (const cut of ['commit', 'recorded'] as const) {
    const keys = await openLogKeysInMemory({ origin, overlapMs: 1000, now: 0 })
    const { evidence, store } = await openLog(t, {
      keys: {
        ...keys,
        recorded: async (rotation) => {
          if (cut === 'commit') await keys.recorded(rotation)
          else throw new Error('cut off')
        },
      },
    })
    const [before] = keys.verifierKeys()
    if (cut === 'recorded') await assert.rejects(evidence.rotate('corp:root'), /cut off/)
    else await keys.rotate({ by: 'corp:root', now: Date.now(), size: await store.size() })
    const next = openRotations({ ledger: store, store, keys, now: Date.now })
    await next.finish()
    await next.finish()
    assert.deepEqual(keys.unrecorded(), [])
    assert.deepEqual(await rotations(store), [[before, keys.current()]], `cut off at ${cut}`)
  }
})

async function rotations(store: Store): Promise<readonly (readonly string[])[]> {
  const records = (await store.leaves(0, 1000)).map(({ bytes }) => parseLeaf(bytes))
  return records.flatMap((record) =>
    record.type === 'key.rotated' ? [[record.previous, record.key]] : [],
  )
}

test('what may not be signed any more is not, not even at the stop', async (t) => {
  const { evidence, store, append, faults } = await openLog(t, {
    limits: { ...quick, unpublishedMs: 0 },
  })
  const index = await append()
  await until(() => evidence.size() > index)
  await evidence.stopSigning('two histories')
  await evidence.stopSigning('two histories')
  const size = evidence.size()
  assert.match(evidence.trouble() ?? '', /cannot be published: two histories/)
  await assert.rejects(append(), Unavailable)
  await evidence.close()
  assert.equal((await store.storedCheckpoint())?.size, size)
  assert.ok((await store.size()) > size, 'the stop is recorded')
  assert.deepEqual(faults.map(String), ['LogRefused: two histories'])
})

test('a clock that jumps dates nothing, and publishing goes on', async (t) => {
  let ahead = 0
  const wall = () => Date.now() + ahead
  const { evidence, store } = await openLog(t, { clock: watchClock({ wall }) })
  const dated = { payloads: [] } as const
  const append = () =>
    evidence.ledger.commit({
      ...dated,
      record: { ...denial, time: new Date(wall()).toISOString() },
    })
  const { index } = await append()
  for (const jump of [31_536_000_000, -31_536_000_000]) {
    ahead = jump
    await assert.rejects(append(), Unavailable)
    assert.match(evidence.trouble() ?? '', /the clock was set (forward|back) by 31536000 s/)
    await evidence.rotate('corp:root').catch(() => undefined)
    ahead = 0
    assert.equal(evidence.trouble(), undefined)
    await append()
  }
  const size = await store.size()
  await until(() => evidence.size() === size)
  assert.ok(size >= index + 3)
  const times = (await store.leaves(0, 100)).map(({ bytes }) => Date.parse(parseLeaf(bytes).time))
  assert.ok(Math.max(...times) - Math.min(...times) < limits.clockJumpMs)
})

test('a call that is open at the stop is said to be indeterminate, and ends no other way', async (t) => {
  const { evidence, store } = await openLog(t)
  const { ledger } = evidence
  const now = { time: new Date().toISOString() }
  const begin = (call: string) =>
    ledger.commit({ record: { ...intent({ call }), ...now }, payloads: [] })
  const end = (of: number, call: string) =>
    ledger.commit({ record: { ...outcome(of, { call }), ...now }, payloads: [] })
  const [over, open] = [await begin('c1'), await begin('c2')]
  const late = end(over.index, 'c1')
  await Promise.all([late, evidence.close()])
  await assert.rejects(end(open.index, 'c2'), Unavailable)
  const records = (await store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const [ended, cut, stop] = records.slice(-3)
  assert.equal(ended?.type, 'call.outcome')
  assert.ok(cut?.type === 'reconcile.indeterminate')
  assert.deepEqual([cut.intent, cut.call, cut.reason], [open.index, 'c2', 'stop'])
  assert.equal(stop?.type, 'emitter.stop')
})

test('a head that was never signed here, or says something else, is contradicted', async (t) => {
  const { evidence, append } = await openLog(t)
  const first = await append()
  await until(() => evidence.size() > first)
  const { size, root } = parseCheckpoint((await evidence.checkpoint()) ?? '')
  const last = await append()
  await until(() => evidence.size() > last)
  const newest = parseCheckpoint((await evidence.checkpoint()) ?? '')
  const heads = [
    [{ size, root }, false],
    [newest, false],
    [{ size, root: newest.root }, true],
    [{ size: newest.size, root }, true],
    [{ size: newest.size + 1n, root }, true],
  ] as const
  for (const [head, expected] of heads) {
    assert.equal(await evidence.contradicts(head), expected, `${head.size}`)
  }
})

test('heartbeats are written, and the stop is published and archived', async (t) => {
  const tiles = openTileMemory()
  const { evidence, store } = await openLog(t, { tiles, limits: { ...quick, heartbeatMs: 10 } })
  await until(async () => (await store.size()) > 5)
  await evidence.close()
  const records = (await store.leaves(0, 1000)).map(({ bytes }) => parseLeaf(bytes))
  const beats = records.filter((record) => record.type === 'heartbeat')
  assert.ok(beats.length > 2)
  for (const beat of beats) assert.ok(beat.type === 'heartbeat' && beat.interval === 10)
  const elapsed = beats.map((beat) => (beat.type === 'heartbeat' ? beat.elapsed : -1))
  assert.deepEqual(
    elapsed,
    [...elapsed].sort((a, b) => a - b),
  )
  assert.equal(records.at(-1)?.type, 'emitter.stop')
  const { size } = parseCheckpoint((await evidence.checkpoint()) ?? '')
  assert.equal(Number(size), records.length)
  assert.ok((await tiles.list('checkpoints')).includes(String(size)))
})

/** Files that can be made unusable, as a folder that became read-only is. */
function fragile(tiles: TileStore): { tiles: TileStore; broken: boolean } {
  const state = {
    broken: false,
    tiles: {
      ...tiles,
      put: async (path: string, bytes: Uint8Array) => {
        if (state.broken) throw new Error(`${path} cannot be written (EROFS)`)
        await tiles.put(path, bytes)
      },
    },
  }
  return state
}

test('what cannot be published for too long lets nothing new begin, until it can', async (t) => {
  const files = fragile(openTileMemory())
  const { evidence, append, store, faults } = await openLog(t, {
    tiles: files.tiles,
    limits: { ...quick, unpublishedMs: 0 },
  })
  await until(() => evidence.size() === 2)
  files.broken = true
  await append()
  await until(() => evidence.trouble() !== undefined)
  assert.match(evidence.trouble() ?? '', /cannot be published: .*EROFS/)
  await assert.rejects(append(), Unavailable)
  const time = new Date().toISOString()
  const beat = { type: 'heartbeat', time, elapsed: 1, interval: 1 } as const
  await evidence.ledger.commit({ record: beat, payloads: [] })
  const size = await store.size()
  files.broken = false
  await until(() => evidence.trouble() === undefined)
  assert.equal(await append(), size)
  await until(() => evidence.size() === size + 1)
  assert.ok(faults.length >= 2)
  assert.equal(faults.at(-1), 'recovered')
  assert.ok(evidence.failures() > 0)
})

test('a short failure to publish refuses nothing', async (t) => {
  const files = fragile(openTileMemory())
  const { evidence, append } = await openLog(t, { tiles: files.tiles })
  files.broken = true
  await append()
  await until(() => evidence.trouble() !== undefined)
  const index = await append()
  files.broken = false
  await until(() => evidence.size() > index)
})

test('a folder that is read-only for a while is written again by itself', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'))
  t.after(() => rm(folder, { recursive: true }))
  const root = join(folder, 'log')
  const disk = mountSmallDisk(root, 4)
  if (!disk) return t.skip('needs the right to mount a small disk')
  try {
    const tiles = await openTileFolder(root)
    const { evidence, append } = await openLog(t, { tiles, limits: { ...quick, unpublishedMs: 0 } })
    await until(() => evidence.size() === 2)
    await disk.readOnly()
    await append()
    await until(() => evidence.trouble() !== undefined)
    assert.match(evidence.trouble() ?? '', /cannot be written \(EROFS\)/)
    await assert.rejects(append(), Unavailable)
    await disk.writable()
    await until(() => evidence.trouble() === undefined)
    const index = await append()
    await until(() => evidence.size() > index)
    await evidence.close()
  } finally {
    disk.unmount()
  }
})

test('the last checkpoint is cosigned before it is archived, and the witnessed one stands beside it', async (t) => {
  const tiles = openTileMemory()
  let witnessed: { readonly size: bigint; readonly note: string } | undefined
  const cosign = async (note: string) => {
    const more = `${note}\u2014 witness.example/w ${Buffer.alloc(76, 1).toString('base64')}\n`
    witnessed = { size: parseCheckpoint(note).size, note: more }
    await evidence.addSignatures(more)
  }
  const last: string[] = []
  const { evidence, append, store } = await openLog(t, {
    tiles,
    witnessed: () => witnessed,
    onLast: async (note) => {
      last.push(note)
      if (last.length === 1) await cosign(note)
    },
  })
  const text = async (path: string) => Buffer.from((await tiles.get(path)) ?? '').toString()
  const index = await append()
  await until(() => evidence.size() > index)
  await cosign((await evidence.checkpoint()) ?? '')
  const before = witnessed
  assert.equal(await text('checkpoint.witnessed'), before?.note)
  const later = await append()
  await until(() => evidence.size() > later)
  assert.notEqual(await text('checkpoint'), before?.note)
  assert.equal(await text('checkpoint.witnessed'), before?.note, 'gone before the next one was')
  await evidence.close()
  const size = await store.size()
  assert.equal(witnessed?.size, BigInt(size))
  for (const path of ['checkpoint', 'checkpoint.witnessed', `checkpoints/${size}`]) {
    assert.equal(await text(path), witnessed?.note, path)
  }
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('never happened')
}
