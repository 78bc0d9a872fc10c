import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config/config.ts'
import { configDigest } from './config/digest.ts'
import { limits } from './config/limits.ts'
import type { Environment } from './config/load.ts'
import { type WatchedClock, watchClock } from './log/clock.ts'
import { readPublishedHead } from './log/head.ts'
import { type Keys, openKeys } from './log/key-file.ts'
import { type LogKeys, openLogKeys, openLogKeysInMemory } from './log/log-key.ts'
import { type Evidence, openEvidence, witnessedPath } from './log/open-evidence.ts'
import { type PublishedEnd, readPublishedEnd } from './log/published-end.ts'
import { readPublished } from './log/read-published.ts'
import { rulebookPath } from './log/rulebook-file.ts'
import { openTileFolder } from './log/tile-folder.ts'
import { openTileMemory, type TileStore } from './log/tile-store.ts'
import { trustText } from './log/trust-text.ts'
import { openWitnesses, type WitnessEvent, type Witnesses } from './log/witnesses.ts'
import { grantsSeen } from './rulebook/grants-seen.ts'
import { databasePath, openStore } from './serve-store.ts'
import { type Rebuilt, rebuildDatabase } from './store/sqlite/rebuild.ts'
import type { Store } from './store/store.ts'

/** What the gateway remembers: its secrets, the store, and the log that is published from it. */
export type Home = {
  readonly keys: Keys
  /** Its `commit` goes through the published log's ledger: nobody writes past it. */
  readonly store: Store
  readonly evidence: Evidence
  readonly witnesses: Witnesses
  /** Unix milliseconds; after the wall clock was set as if it had not been. */
  readonly now: () => number
}

type HomeOptions = {
  readonly config: Config
  /** Where `{ env: … }` is looked up. */
  readonly env: Environment
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
  const tiles = home === 'memory' ? openTileMemory() : await openLog(config)
  const digest = configDigest(config, keys.bindingKey)
  const store = open(
    await openStore({ ...options, kek: keys.kek, digest, keys: logKeys, tiles, clock }),
  )
  const trust = trustOf(config, logKeys, clock)
  // Closed after the log: it takes its last checkpoint to them.
  const witnesses = open(
    openWitnesses({
      members: config.witnesses.members,
      ...{ trust, limits, now: clock.now, logKeys: () => logKeys.signing(clock.now()) },
      // Nobody is asked before `start`, below.
      report: (event) => {
        options.onWitness(event)
        if (event.forked) void evidence.stopSigning(anotherHistory(event))
      },
    }),
  )
  const evidence = open(
    await openPublishedLog(options, { store, tiles, keys: logKeys, trust, witnesses, clock }),
  )
  if (config.witnesses.members.length > 0) await takeUp(witnesses, evidence)
  witnesses.start(evidence)
  const { now } = clock
  return { keys, evidence, witnesses, now, store: { ...store, commit: evidence.ledger.commit } }
}

/** The folder that anybody may copy; of all gateways that share a store. */
function openLog({ home, store }: Config): Promise<TileStore> {
  return openTileFolder(join(home, 'log'), { isShared: store !== undefined })
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
  const newest = sizes.slice(0, limits.checkpointsTakenUp).map((size) => `checkpoints/${size}`)
  for (const path of [witnessedPath, ...newest]) {
    const note = await evidence.file(path)
    if (note) await witnesses.recall(Buffer.from(note).toString())
  }
  const checkpoint = await evidence.checkpoint()
  if (checkpoint === undefined) return
  await witnesses.recall(checkpoint)
  if (evidence.publishes()) witnesses.onPublished(checkpoint)
}

/** Read anew each time: a rotated key is in it at once, and the one before leaves it when it no longer signs. */
function trustOf(
  { origin, witnesses }: Config,
  keys: LogKeys,
  { now }: WatchedClock,
): () => string {
  const { members, quorum } = witnesses
  return () => trustText({ origin, logKeys: keys.signing(now()), witnesses: members, quorum })
}

/**
 * Rebuilds the database in `config.home` from the published log, for when it was lost or is older than what was
 * published. Only what one of the log's own keys signed is believed. No gateway may run there.
 */
export async function recoverHome(config: Config): Promise<Rebuilt> {
  const { home, origin, store } = config
  if (home === 'memory') throw new Error('A home in memory has nothing to recover from.')
  if (store) {
    throw new Error('A store in PostgreSQL is restored from its own backup and write-ahead log.')
  }
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
    grants: grantsSeen,
  })
}

/**
 * The end of what is published from `config.home`, for who looks whether all is well there: no key is made, and a
 * gateway may be running. `not-begun`: nothing has ever been there; undefined: there is no checkpoint.
 */
export async function lookAtPublished(
  config: Config,
): Promise<PublishedEnd | 'not-begun' | undefined> {
  const { home, origin, store } = config
  const begun = [
    join(home, 'log-key.json'),
    join(home, 'log/checkpoint'),
    ...(store ? [] : [databasePath(config)]),
  ]
  if (!begun.some((path) => existsSync(path))) return 'not-begun'
  const keys = await logKeysOf(config)
  // As one of several that share it: what another is just writing is left alone.
  const tiles = await openTileFolder(join(home, 'log'), { isShared: true })
  return readPublishedEnd({ keys, origin, tiles })
}

/** The three keys: in a file beside the database, or fresh ones for a store that is forgotten anyway. */
async function keysOf(config: Config): Promise<Keys> {
  if (config.home === 'memory') {
    return { kek: randomBytes(32), maskKey: randomBytes(32), bindingKey: randomBytes(32) }
  }
  mkdirSync(config.home, { recursive: true, mode: 0o700 })
  return openKeys(join(config.home, 'keys.json'), signedBy(config))
}

/** A store that is shared knows by itself whether these are its keys. */
function signedBy(config: Config): { readonly databasePath?: string } {
  return config.store ? {} : { databasePath: databasePath(config) }
}

/** The keys the log is signed with: beside the database, like the others. */
function logKeysOf(config: Config): Promise<LogKeys> {
  const { origin, home } = config
  const options = { origin, overlapMs: limits.logKeyOverlapMs, now: Date.now() }
  return home === 'memory'
    ? openLogKeysInMemory(options)
    : openLogKeys(join(home, 'log-key.json'), {
        ...options,
        ...signedBy(config),
        checkpointPath: join(home, 'log/checkpoint'),
      })
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
    onLast: witnesses.takeLast,
    onFollowed: (note) => void witnesses.recall(note).catch(() => undefined),
    onFailure,
    onRecovery,
  })
}
