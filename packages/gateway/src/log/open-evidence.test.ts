import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseCheckpoint, parseTrust, verifyProof } from '@sallyport/evidence'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { mountSmallDisk } from '../../test/small-disk.ts'
import { limits } from '../config/limits.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { type Store, Unavailable } from '../store/store.ts'
import { type LogKeys, openLogKeysInMemory } from './log-key.ts'
import { type Evidence, type EvidenceNeeds, openEvidence } from './open-evidence.ts'
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
    holder: 'test',
    now: Date.now,
    limits: quick,
    witnessed: () => undefined,
    trust: () => trustText({ origin, logKeys: keys.verifierKeys(), witnesses: [], quorum: 'none' }),
    onPublished: () => {},
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
    disk.readOnly()
    await append()
    await until(() => evidence.trouble() !== undefined)
    assert.match(evidence.trouble() ?? '', /cannot be written \(EROFS\)/)
    await assert.rejects(append(), Unavailable)
    disk.writable()
    await until(() => evidence.trouble() === undefined)
    const index = await append()
    await until(() => evidence.size() > index)
    await evidence.close()
  } finally {
    disk.unmount()
  }
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('never happened')
}
