import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, StoreConfig } from './config/config.ts'
import { limits } from './config/limits.ts'
import type { Environment } from './config/load.ts'
import type { WatchedClock } from './log/clock.ts'
import { contradicts } from './log/contradicts.ts'
import { readNewestHead } from './log/head.ts'
import { compareHeads, LogRefused } from './log/integrate.ts'
import type { LogKeys } from './log/log-key.ts'
import { assertNoForkShown, readAllShown } from './log/shown-fork.ts'
import type { TileStore } from './log/tile-store.ts'
import { assertChainsGoOn } from './log/unsigned-leaves.ts'
import { openSecrets } from './secret/resolve.ts'
import type { Migration, MigrationState } from './store/postgres/migrate.ts'
import type { Found } from './store/postgres/open.ts'
import { openSqlite } from './store/sqlite/open.ts'
import { storedRecord as storedRecordOf } from './store/sqlite/stored-record.ts'
import type { Store } from './store/store.ts'

/** Part of serve-home.ts: opens the home of the store that is configured, if it is the log of these keys. */
export async function openStore(given: {
  readonly config: Config
  readonly env: Environment
  readonly boot: string
  readonly version: string
  readonly kek: Uint8Array
  /** Names the configuration in `emitter.start`. */
  readonly digest: string
  readonly keys: LogKeys
  readonly tiles: TileStore
  readonly clock: WatchedClock
}): Promise<Store> {
  const { config, env, boot, version, kek, digest, keys, tiles, clock } = given
  const { instance, origin } = config
  const own = {
    ...{ instance, boot, kek, origin, version, config: digest },
    ...{ now: clock.now, logKey: keys.current() },
  }
  // Before the store is looked at: others that share it go on meanwhile, and are no fork.
  const shown = await readAllShown({
    ...{ origin, members: config.witnesses.members },
    ...{ logKeys: keys.signing(clock.now()), timeoutMs: limits.witnessAskMs },
  })
  const accept = async (found: Found) => {
    const { signed } = await compareHeads({ store: found, tiles, keys, origin })
    if (keys.hasBegun() && (await found.size()) === 0) throw new LogRefused(lostLog(config))
    const isShared = config.store !== undefined
    const head = () => readNewestHead({ keys, origin, tiles })
    await assertNoForkShown({
      ...{ origin, shown, signed: signed?.size ?? 0 },
      contradicts: (one) => contradicts(one, { store: found, tiles, head }),
    })
    await assertChainsGoOn({ store: found, signed: signed?.size ?? 0, instance, isShared })
  }
  // Most gateways have the embedded store: they start without the other one's driver.
  const store = config.store
    ? await (await import('./store/postgres/open.ts')).openPostgres({
        ...own,
        ...config.store,
        url: await urlOf(config.store, env),
        accept,
      })
    : await openSqlite({ ...own, path: databasePath(config), accept })
  try {
    // A crash before leaves a log that has begun and is not known to have: what is published says it as well.
    await keys.begin()
  } catch (cause) {
    await store.close()
    throw cause
  }
  return store
}

export function databasePath({ home }: Pick<Config, 'home'>): string {
  return home === 'memory' ? ':memory:' : join(home, 'sallyport.db')
}

/** How many records the store of this configuration holds, and the one at `index`; undefined where it has no database. */
export async function storedRecord(
  config: Pick<Config, 'home' | 'store'>,
  env: Environment,
  index: number,
): Promise<{ readonly size: number; readonly bytes: Uint8Array | undefined } | undefined> {
  if (config.store) {
    const { storedRecord: ask } = await import('./store/postgres/stored-record.ts')
    return ask({ ...config.store, url: await urlOf(config.store, env) }, index)
  }
  const path = databasePath(config)
  return existsSync(path) ? storedRecordOf(path, index) : undefined
}

/** What of the migrations is applied to the database of this store, and what is pending. */
export async function storeMigrations(
  store: StoreConfig,
  env: Environment,
): Promise<MigrationState> {
  const { migrationState } = await import('./store/postgres/migrate.ts')
  return migrationState({ ...store, url: await urlOf(store, env) })
}

/** Applies what is pending, and returns it. */
export async function migrateStore(
  store: StoreConfig,
  env: Environment,
): Promise<readonly Migration[]> {
  const { migrate } = await import('./store/postgres/migrate.ts')
  return migrate({ ...store, url: await urlOf(store, env) })
}

async function urlOf({ postgres }: StoreConfig, env: Environment): Promise<string> {
  if (typeof postgres === 'string') return postgres
  return (await openSecrets(env).resolve(postgres)).trim()
}

function lostLog({ home, store }: Config): string {
  const recover = 'or run `sallyport evidence recover --from-tiles` where that folder is left. '
  return (
    `The key in ${join(home, 'log-key.json')} has signed a log, and the database holds none of its records. ` +
    'A second history under one key is what witnesses and auditors take for fraud. Restore the database and ' +
    `the folder \`log\` from their backups; ${store ? '' : recover}` +
    'To begin another log, move log-key.json away and give the log another `origin` in the configuration.'
  )
}
