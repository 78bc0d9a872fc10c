/**
 * What the crash campaign kills: the real store, the real ledger and the real publisher, without the rest of
 * the gateway, so that a start takes a moment. Calls go intent → effect at the parent → outcome, and each
 * acknowledged record is told to the parent. `stop` makes it kill itself between two steps of publishing;
 * the wrapped roles live here and not in the product.
 */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { limits } from '../packages/gateway/src/config/limits.ts'
import { openLogKeys } from '../packages/gateway/src/log/log-key.ts'
import { openEvidence } from '../packages/gateway/src/log/open-evidence.ts'
import { reconcile } from '../packages/gateway/src/log/reconcile.ts'
import { openTileFolder } from '../packages/gateway/src/log/tile-folder.ts'
import type { TileStore } from '../packages/gateway/src/log/tile-store.ts'
import { trustText } from '../packages/gateway/src/log/trust-text.ts'
import { openSqlite } from '../packages/gateway/src/store/sqlite/open.ts'
import type { Ledger, Publication } from '../packages/gateway/src/store/store.ts'

export type TargetOptions = {
  readonly home: string
  readonly callers: number
  /** Dies at this point of this growth, counted from the start. */
  readonly stop?: { readonly at: StopPoint; readonly growth: number }
  /** Starts, reconciles and closes politely. */
  readonly finish?: boolean
}
export const stopPoints = ['staged', 'swapped', 'tile', 'tiles', 'checkpoint'] as const
export type StopPoint = (typeof stopPoints)[number]

export type FromTarget =
  | { readonly kind: 'ready'; readonly trust: string }
  | { readonly kind: 'effect'; readonly call: string; readonly intent: number }
  | { readonly kind: 'acknowledged'; readonly call: string; readonly index: number }

/** The upstream's answer. */
export type ToTarget = { readonly call: string }

const origin = 'example.com/campaign'

if (process.send) await run(JSON.parse(process.argv[2] ?? '{}'))

async function run({ home, callers, stop, finish }: TargetOptions): Promise<void> {
  const databasePath = join(home, 'sallyport.db')
  const keys = await openLogKeys(join(home, 'log-key.json'), {
    origin,
    overlapMs: limits.logKeyOverlapMs,
    now: Date.now(),
    databasePath,
  })
  const boot = randomUUIDv7()
  const kek = new Uint8Array(32).fill(1)
  const logKey = keys.current()
  const store = await openSqlite({
    path: databasePath,
    instance: 'target',
    boot,
    kek,
    origin,
    logKey,
  })
  const tiles = await openTileFolder(join(home, 'log'))
  const trust = () =>
    trustText({ origin, logKeys: keys.verifierKeys(), witnesses: [], quorum: 'none' })
  const dying = stop ? dieAt(stop, { tiles, store }) : { tiles, store }
  const evidence = await openEvidence({
    store: { ...store, swapCheckpoint: dying.store.swapCheckpoint },
    tiles: dying.tiles,
    keys,
    origin,
    holder: boot,
    now: Date.now,
    limits: { ...limits, publishDelayMs: 2, archiveMs: 50 },
    witnessed: () => undefined,
    trust,
    onPublished: () => {},
    onFailure: (thrown) => {
      throw thrown
    },
    onRecovery: () => {},
  })
  await reconcile({ ...store, commit: evidence.ledger.commit }, { boot, now: Date.now })
  tell({ kind: 'ready', trust: trust() })
  if (finish) {
    await evidence.close()
    await store.close()
    process.disconnect()
    return
  }
  const answered = new Map<string, () => void>()
  process.on('message', ({ call }: ToTarget) => answered.get(call)?.())
  const caller = async () => {
    for (;;) await makeCall(evidence.ledger, answered)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

async function makeCall(ledger: Ledger, answered: Map<string, () => void>): Promise<void> {
  const call = randomUUIDv7()
  const at = () => ({ time: new Date().toISOString(), call, session: 'ses' })
  const bytes = Buffer.from(call)
  const { index: intent } = await ledger.commit({
    record: { type: 'call.authorized', ...at(), masked: [], approvals: [] },
    payloads: [{ role: 'args', mediaType: 'text/plain', bytes, keep: true }],
  })
  const done = Promise.withResolvers<void>()
  answered.set(call, done.resolve)
  tell({ kind: 'effect', call, intent })
  await done.promise
  answered.delete(call)
  const ending = { intent, ending: 'done', status: 200, masked: [] }
  const record = { type: 'call.outcome', ...at(), ...ending } as const
  const { index } = await ledger.commit({ record, payloads: [] })
  tell({ kind: 'acknowledged', call, index })
}

function dieAt(
  stop: { readonly at: StopPoint; readonly growth: number },
  roles: { readonly tiles: TileStore; readonly store: Publication },
): { readonly tiles: TileStore; readonly store: Publication } {
  let growth = 0
  let tilesOfGrowth = 0
  const here = (at: StopPoint) => {
    if (at === stop.at && growth >= stop.growth) process.kill(process.pid, 'SIGKILL')
  }
  return {
    store: {
      ...roles.store,
      swapCheckpoint: async (swap) => {
        await roles.store.swapCheckpoint(swap)
        here('swapped')
      },
    },
    tiles: {
      ...roles.tiles,
      put: async (path, bytes) => {
        if (path === 'checkpoint') here('tiles')
        await roles.tiles.put(path, bytes)
        if (path.startsWith('staging/')) {
          growth++
          tilesOfGrowth = 0
          here('staged')
        }
        if (path.startsWith('tile/') && ++tilesOfGrowth === 1) here('tile')
        if (path === 'checkpoint') here('checkpoint')
      },
    },
  }
}

function tell(message: FromTarget): void {
  process.send?.(message)
}
