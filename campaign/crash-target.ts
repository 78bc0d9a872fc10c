/**
 * What the crash campaign kills: the real store, the real ledger and the real publisher, without the rest of
 * the gateway, so that a start takes a moment. Calls go intent → effect at the parent → outcome, and each
 * acknowledged record is told to the parent. `stop` makes it kill itself between two steps of starting, of
 * publishing, or of rotating the log's key; the wrapped roles live here and not in the product.
 */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { limits } from '../packages/gateway/src/config/limits.ts'
import { watchClock } from '../packages/gateway/src/log/clock.ts'
import { type LogKeys, openLogKeys } from '../packages/gateway/src/log/log-key.ts'
import { openEvidence } from '../packages/gateway/src/log/open-evidence.ts'
import { reconcile } from '../packages/gateway/src/log/reconcile.ts'
import { openTileFolder } from '../packages/gateway/src/log/tile-folder.ts'
import type { TileStore } from '../packages/gateway/src/log/tile-store.ts'
import { trustText } from '../packages/gateway/src/log/trust-text.ts'
import { assertChainsGoOn } from '../packages/gateway/src/log/unsigned-leaves.ts'
import { openSqlite } from '../packages/gateway/src/store/sqlite/open.ts'
import type { Ledger, Store } from '../packages/gateway/src/store/store.ts'

export type TargetOptions = {
  readonly home: string
  readonly callers: number
  /** Dies at this point of this growth, counted from the start; where it comes to it. */
  readonly stop?: { readonly at: StopPoint; readonly growth: number }
  /** Starts, reconciles and closes politely. */
  readonly finish?: boolean
}
/** The store is open; its start is recorded; the first call of those that were cut off is; all of them are. */
export const startPoints = ['opened', 'start-recorded', 'reconciling', 'reconciled'] as const
const growthPoints = ['staged', 'swapped', 'tile', 'tiles', 'checkpoint'] as const
/** The new key is in its file; its record is durable; the key file says so. */
const rotationPoints = ['rotated', 'rotation-recorded', 'rotation-known'] as const
export type StopPoint = (typeof startPoints | typeof growthPoints | typeof rotationPoints)[number]
export const stopPoints: readonly StopPoint[] = [...startPoints, ...growthPoints, ...rotationPoints]

export type FromTarget =
  | { readonly kind: 'ready'; readonly trust: string }
  | { readonly kind: 'effect'; readonly call: string; readonly intent: number }
  | { readonly kind: 'acknowledged'; readonly call: string; readonly index: number }

/** The upstream's answer. */
export type ToTarget = { readonly call: string }

export const origin = 'example.com/campaign'

if (process.send) await run(JSON.parse(process.argv[2] ?? '{}'))

async function run({ home, callers, stop, finish }: TargetOptions): Promise<void> {
  const databasePath = join(home, 'sallyport.db')
  const keys = await openLogKeys(join(home, 'log-key.json'), {
    origin,
    // So short that every start may rotate.
    overlapMs: 1,
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
    accept: async (found) => {
      const size = (await found.storedCheckpoint())?.size ?? 0
      await assertChainsGoOn({ store: found, signed: size, instance: 'target' })
    },
  })
  const tiles = await openTileFolder(join(home, 'log'))
  const trust = () =>
    trustText({ origin, logKeys: keys.verifierKeys(), witnesses: [], quorum: 'none' })
  if (stop?.at === 'opened') die()
  const dying = stop ? dieAt(stop, { tiles, store, keys }) : { tiles, store, keys }
  const evidence = await openEvidence({
    ...dying,
    origin,
    boot,
    holder: boot,
    clock: watchClock(),
    limits: { ...limits, publishDelayMs: 2, archiveMs: 50 },
    witnessed: () => undefined,
    trust,
    onPublished: () => {},
    onLast: async () => {},
    onFollowed: () => {},
    onFailure: (thrown) => {
      throw thrown
    },
    onRecovery: () => {},
  })
  await reconcile(
    { ...store, commit: evidence.ledger.commit },
    { ...{ boot, now: Date.now }, reason: 'restart' },
  )
  if (stop?.at === 'reconciled') die()
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
  const isRotation = rotationPoints.some((point) => point === stop?.at)
  const rotating = isRotation ? [evidence.rotate('corp:root')] : []
  await Promise.all([...rotating, ...Array.from({ length: callers }, caller)])
}

async function makeCall(ledger: Ledger, answered: Map<string, () => void>): Promise<void> {
  const call = randomUUIDv7()
  const at = () => ({ time: new Date().toISOString(), call, session: 'ses' })
  const bytes = Buffer.from(call)
  const { index: intent } = await ledger.commit({
    record: { type: 'call.authorized', ...at(), ...decided(), masked: [], approvals: [] },
    payloads: [{ role: 'args', mediaType: 'text/plain', bytes, keep: true }],
  })
  const done = Promise.withResolvers<void>()
  answered.set(call, done.resolve)
  tell({ kind: 'effect', call, intent })
  await done.promise
  answered.delete(call)
  const ending = { intent, ending: 'done', status: 200, masked: [] } as const
  const record = { type: 'call.outcome', ...at(), ...ending } as const
  const { index } = await ledger.commit({ record, payloads: [] })
  tell({ kind: 'acknowledged', call, index })
}

/** What every intent says; by rules that nothing looks at here. */
function decided() {
  const rulebook = `sha256:${'0'.repeat(64)}`
  return {
    caller: { iss: 'corp', sub: 'kim', authn: 'oidc', cred: rulebook },
    obo: [],
    fn: { name: 'crm.search', schema: rulebook, server: 'crm' },
    source: { ip: '127.0.0.1', protocol: 'http' },
    decision: {
      policy: rulebook,
      effect: 'allow',
      rules: ['readers'],
      obligations: [],
      time: new Date().toISOString(),
    },
  } as const
}

function dieAt(
  stop: { readonly at: StopPoint; readonly growth: number },
  roles: { readonly tiles: TileStore; readonly store: Store; readonly keys: LogKeys },
): { readonly tiles: TileStore; readonly store: Store; readonly keys: LogKeys } {
  let growth = 0
  let tilesOfGrowth = 0
  const here = (at: StopPoint) => {
    const isDue = growth >= stop.growth || !growthPoints.some((point) => point === at)
    if (at === stop.at && isDue) die()
  }
  return {
    store: {
      ...roles.store,
      swapCheckpoint: async (swap) => {
        await roles.store.swapCheckpoint(swap)
        here('swapped')
      },
      commit: async (entry) => {
        const committed = await roles.store.commit(entry)
        if (entry.record.type === 'emitter.start') here('start-recorded')
        if (entry.record.type === 'reconcile.indeterminate') here('reconciling')
        if (entry.record.type === 'key.rotated') here('rotation-recorded')
        return committed
      },
    },
    keys: {
      ...roles.keys,
      rotate: async (rotating) => {
        const rotation = await roles.keys.rotate(rotating)
        here('rotated')
        return rotation
      },
      recorded: async (rotation) => {
        await roles.keys.recorded(rotation)
        here('rotation-known')
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

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

function tell(message: FromTarget): void {
  process.send?.(message)
}
