import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import { type WatchedClock, watchClock } from './log/clock.ts'
import { readPublishedHead } from './log/head.ts'
import { compareHeads, LogRefused } from './log/integrate.ts'
import { type Keys, openKeys } from './log/key-file.ts'
import { type LogKeys, openLogKeys, openLogKeysInMemory } from './log/log-key.ts'
import { type Evidence, openEvidence } from './log/open-evidence.ts'
import { readPublished } from './log/read-published.ts'
import { rulebookPath } from './log/rulebook-file.ts'
import { openTileFolder } from './log/tile-folder.ts'
import { openTileMemory, type TileStore } from './log/tile-store.ts'
import { trustText } from './log/trust-text.ts'
import { assertChainsGoOn } from './log/unsigned-leaves.ts'
import { openWitnesses, type WitnessEvent, type Witnesses } from './log/witnesses.ts'
import { openSqlite } from './store/sqlite/open.ts'
import { type Rebuilt, rebuildDatabase } from './store/sqlite/rebuild.ts'
import type { Store } from './store/store.ts'

/** What the gateway remembers: its secrets, the store, and the log that is published from it. */
export type Home = {
  readonly keys: Keys
  /** Its `commit` goes through the published log's ledger: nobody writes past it. */
  readonly store: Store
  readonly evidence: Evidence
  readonly witnesses: Witnesses
}

type HomeOptions = {
  readonly config: Config
  readonly boot: string
  readonly version: string
  readonly onFailure: (thrown: unknown) => void
  readonly onRecovery: () => void
  readonly onWitness: (event: WitnessEvent) => void
}

type Open = <Room extends { readonly close: () => Promise<void> }>(room: Room) => Room

/** Part of serve.ts: opens what `config.home` holds, in order, each registered with `open`. */
export async function openHome(options: HomeOptions, open: Open): Promise<Home> {
  const { config } = options
  const clock = watchClock()
  const keys = await keysOf(config)
  const logKeys = await logKeysOf(config)
  const { home } = config
  const tiles = home === 'memory' ? openTileMemory() : await openTileFolder(join(home, 'log'))
  const store = open(await openStore(options, { kek: keys.kek, keys: logKeys, tiles, clock }))
  const trust = trustOf(config, logKeys)
  const witnesses = openWitnesses({
    members: config.witnesses.members,
    ...{ trust, limits },
    // Nobody is asked before `start`, below.
    report: (event) => {
      options.onWitness(event)
      if (event.forked) void evidence.stopSigning(anotherHistory(event))
    },
  })
  const evidence = open(
    await openPublishedLog(options, { store, tiles, keys: logKeys, trust, witnesses, clock }),
  )
  open(witnesses)
  if (config.witnesses.members.length > 0) await takeUp(witnesses, evidence)
  witnesses.start(evidence)
  return { keys, evidence, witnesses, store: { ...store, commit: evidence.ledger.commit } }
}

function anotherHistory({ witness }: WitnessEvent): string {
  return (
    `The witness ${witness} has shown another history, signed with this log's own key: the home was put back from a ` +
    'backup, or two gateways share one key. Every further checkpoint would add to the proof of it.'
  )
}

/** What was cosigned before this start still counts, also while every witness is away. */
async function takeUp(witnesses: Witnesses, evidence: Evidence): Promise<void> {
  const sizes = (await evidence.list('checkpoints'))
    .map(Number)
    .filter(Number.isSafeInteger)
    .toSorted((a, b) => b - a)
  for (const size of sizes.slice(0, limits.checkpointsTakenUp)) {
    const note = await evidence.file(`checkpoints/${size}`)
    if (note) await witnesses.recall(Buffer.from(note).toString())
  }
  const checkpoint = await evidence.checkpoint()
  if (checkpoint === undefined) return
  await witnesses.recall(checkpoint)
  witnesses.onPublished(checkpoint)
}

/** Read anew each time: a rotated key is in it at once. */
function trustOf({ origin, witnesses }: Config, keys: LogKeys): () => string {
  const { members, quorum } = witnesses
  return () => trustText({ origin, logKeys: keys.verifierKeys(), witnesses: members, quorum })
}

/**
 * Rebuilds the database in `config.home` from the published log, for when it was lost or is older than what was
 * published. Only what one of the log's own keys signed is believed. No gateway may run there.
 */
export async function recoverHome(config: Config): Promise<Rebuilt> {
  const { home, origin } = config
  if (home === 'memory') throw new Error('A home in memory has nothing to recover from.')
  const keyPath = join(home, 'log-key.json')
  if (!existsSync(keyPath)) {
    throw new Error(`The log's key file ${keyPath} is missing. Restore it from its backup first.`)
  }
  const keys = await logKeysOf(config)
  const tiles = await openTileFolder(join(home, 'log'))
  const head = await readPublishedHead({ keys, origin, tiles })
  if (!head) throw new Error(`There is no checkpoint in ${join(home, 'log')}.`)
  const { size, note, at } = head
  return rebuildDatabase({
    path: databasePath(config),
    origin,
    leaves: { [Symbol.asyncIterator]: () => readPublished(tiles, head) },
    checkpoint: { size, note, at },
    rulebook: async (digest) => {
      const content = await tiles.get(rulebookPath(digest))
      const sound = content && `sha256:${hash('sha256', content, 'hex')}` === digest
      return sound ? Buffer.from(content).toString() : undefined
    },
  })
}

/** The three keys: in a file beside the database, or fresh ones for a store that is forgotten anyway. */
async function keysOf(config: Config): Promise<Keys> {
  if (config.home === 'memory') {
    return { kek: randomBytes(32), maskKey: randomBytes(32), bindingKey: randomBytes(32) }
  }
  mkdirSync(config.home, { recursive: true, mode: 0o700 })
  return openKeys(join(config.home, 'keys.json'), { databasePath: databasePath(config) })
}

/** The keys the log is signed with: beside the database, like the others. */
function logKeysOf(config: Config): Promise<LogKeys> {
  const { origin, home } = config
  const options = { origin, overlapMs: limits.logKeyOverlapMs, now: Date.now() }
  return home === 'memory'
    ? openLogKeysInMemory(options)
    : openLogKeys(join(home, 'log-key.json'), {
        ...options,
        databasePath: databasePath(config),
        checkpointPath: join(home, 'log/checkpoint'),
      })
}

async function openStore(
  { config, boot, version }: HomeOptions,
  given: {
    readonly kek: Uint8Array
    readonly keys: LogKeys
    readonly tiles: TileStore
    readonly clock: WatchedClock
  },
): Promise<Store> {
  const { instance, origin } = config
  const { kek, keys, tiles, clock } = given
  const path = databasePath(config)
  const store = await openSqlite({
    ...{ path, instance, boot, kek, origin, version },
    now: clock.now,
    logKey: keys.current(),
    accept: async (found) => {
      const { signed } = await compareHeads({ store: found, tiles, keys, origin })
      if (keys.hasBegun() && (await found.size()) === 0) throw new LogRefused(lostLog(config))
      await assertChainsGoOn({ store: found, signed: signed?.size ?? 0, instance })
    },
  })
  try {
    // A crash before leaves a log that has begun and is not known to have: what is published says it as well.
    await keys.begin()
  } catch (cause) {
    await store.close()
    throw cause
  }
  return store
}

function lostLog({ home }: Config): string {
  return (
    `The key in ${join(home, 'log-key.json')} has signed a log, and the database holds none of its records. ` +
    'A second history under one key is what witnesses and auditors take for fraud. Restore the database and ' +
    'the folder `log` from their backups; or run `sallyport evidence recover --from-tiles` where that folder is left. ' +
    'To begin another log, move log-key.json away and give the log another `origin` in the configuration.'
  )
}

function databasePath({ home }: Config): string {
  return home === 'memory' ? ':memory:' : join(home, 'sallyport.db')
}

/** The published log: files beside the database, or in memory like everything else. */
async function openPublishedLog(
  { config, boot, onFailure, onRecovery }: HomeOptions,
  given: {
    readonly store: Store
    readonly tiles: TileStore
    readonly keys: LogKeys
    readonly trust: () => string
    readonly witnesses: Witnesses
    readonly clock: WatchedClock
  },
): Promise<Evidence> {
  const { origin, instance } = config
  const { store, tiles, keys, trust, witnesses, clock } = given
  return openEvidence({
    store,
    keys,
    origin,
    limits,
    tiles,
    boot,
    holder: `${instance} ${boot}`,
    clock,
    witnessed: witnesses.witnessed,
    trust,
    onPublished: witnesses.onPublished,
    onFailure,
    onRecovery,
  })
}
