import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trustText } from '../packages/gateway/src/log/trust-text.ts'
import { answer } from '../packages/gateway/test/upstream.ts'
import { openYard } from '../packages/gateway/test/yard.ts'
import { type CrashHome, emptyJournal, type Journal, openCrashHome } from './crash-home.ts'
import { crashRecovery } from './crash-recover.ts'
import {
  type FromTarget,
  origin,
  startPoints,
  stopPoints,
  type TargetOptions,
} from './crash-target.ts'

/** Kills by where they hit, and what there was to lose. */
export type Tally = {
  readonly kills: Map<string, number>
  records: number
  acknowledged: number
  effects: number
}

export const emptyTally = (): Tally => ({
  kills: new Map(),
  records: 0,
  acknowledged: 0,
  effects: 0,
})

type Lane = {
  readonly random: () => number
  readonly tally: Tally
  /** Every process of the campaign is started with it: a start is mostly reading the program. */
  readonly env: NodeJS.ProcessEnv
}

/** How many of the kills are followed by the loss of the database, and by recoveries that are killed too. */
const recoveryShare = 0.05

function count({ kills }: Tally, place: string): void {
  kills.set(place, (kills.get(place) ?? 0) + 1)
}

/** The checks of the verifier that a log without a rulebook can pass. */
const bareChecks = ['tree', 'signatures', 'checkpoints', 'chains', 'pairing', 'heartbeats']

/** One home, killed so often: the store and the publisher alone. Throws at the first thing that is wrong. */
export async function crashTarget(kills: number, lane: Lane): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'crash-target-'))
  const watched = openCrashHome(home)
  const journal = emptyJournal()
  try {
    for (let kill = 0; kill < kills; kill++) {
      count(lane.tally, await killOnce(home, { lane, journal }))
      watched.check(journal)
      if (lane.random() >= recoveryShare) continue
      // A recovery knows what was published: all of it, after a polite end.
      await runTarget({ home, callers: 0, finish: true }, { lane, journal })
      const { random, env } = lane
      for (const place of await crashRecovery({ home, origin }, { random, journal, env })) {
        count(lane.tally, place)
      }
      watched.check(journal)
    }
    const trust = await runTarget({ home, callers: 0, finish: true }, { lane, journal })
    addUp(lane.tally, watched, journal)
    await watched.verify(trust, bareChecks)
  } catch (thrown) {
    throw new Error(`the home ${home} is kept`, { cause: thrown })
  }
  rmSync(home, { recursive: true })
}

/** Forced between two steps half of the time; else at any moment, starting up included. */
async function killOnce(
  home: string,
  given: { readonly lane: Lane; readonly journal: Journal },
): Promise<string> {
  const { random } = given.lane
  const callers = 1 + Math.floor(random() * 16)
  if (random() < 0.5) {
    const at = stopPoints[Math.floor(random() * stopPoints.length)] ?? 'staged'
    const growth = 1 + Math.floor(random() * 4)
    if (!startPoints.some((point) => point === at)) {
      await runTarget({ home, callers, stop: { at, growth } }, given)
      return at
    }
    // A start may have no call to reconcile, and then it never comes there.
    const late = { ...given, killAfterReadyMs: random() * 120 }
    const trust = await runTarget({ home, callers, stop: { at, growth } }, late)
    return trust === '' ? at : 'working'
  }
  if (random() < 0.2) {
    await runTarget({ home, callers }, { ...given, killAfterStartMs: random() * 400 })
    return 'starting'
  }
  await runTarget({ home, callers }, { ...given, killAfterReadyMs: random() * 120 })
  return 'working'
}

/** Runs the target until it is dead, keeping the journal. Returns its trust file, when it came so far. */
async function runTarget(
  options: TargetOptions,
  given: {
    readonly lane: Lane
    readonly journal: Journal
    readonly killAfterStartMs?: number
    readonly killAfterReadyMs?: number
  },
): Promise<string> {
  const { journal, lane, killAfterStartMs, killAfterReadyMs } = given
  const target = join(import.meta.dirname, 'crash-target.ts')
  const child = fork(target, [JSON.stringify(options)], { env: lane.env })
  const exited = once(child, 'exit')
  let trust = ''
  const kill = () => child.kill('SIGKILL')
  const timer = killAfterStartMs === undefined ? undefined : setTimeout(kill, killAfterStartMs)
  child.on('message', (message: FromTarget) => {
    if (message.kind === 'ready') {
      trust = message.trust
      if (killAfterReadyMs !== undefined) setTimeout(kill, killAfterReadyMs)
    } else if (message.kind === 'effect') {
      journal.effects.set(message.call, message.intent)
      // It may be dead already; then it was an effect nobody heard the end of.
      child.send({ call: message.call }, () => {})
    } else journal.acknowledged.set(message.call, message.index)
  })
  const [code, signal] = await exited
  clearTimeout(timer)
  const expected = options.finish ? code === 0 : signal === 'SIGKILL'
  if (!expected) throw new Error(`the target ended by itself: code ${code}, signal ${signal}`)
  return trust
}

/** A whole gateway between real peers, killed so often under load. */
export async function crashGateway(kills: number, { random, tally }: Lane): Promise<void> {
  const cleanUps: (() => unknown)[] = []
  const yard = await openYard({ after: (cleanUp: () => unknown) => void cleanUps.push(cleanUp) })
  const watched = openCrashHome(yard.home)
  const journal = emptyJournal()
  yard.upstream.script = answer({ body: '{"ok":true}' })
  try {
    for (let kill = 0; kill < kills; kill++) {
      const child = await yard.start()
      const callers = Array.from({ length: 8 }, async () => {
        for (;;) {
          const seen = await child.call('/up/read').catch(() => undefined)
          if (!seen?.complete) return
          const call = String(seen.headers['sallyport-call'])
          if (seen.status === 200) journal.acknowledged.set(call, Number(seen.record.split('#')[1]))
        }
      })
      setTimeout(() => child.signal('SIGKILL'), random() * 1_500)
      await child.exited
      await Promise.all(callers)
      for (const { headers } of yard.upstream.reached) {
        journal.effects.set(headers['sallyport-call'] ?? '', undefined)
      }
      watched.check(journal)
      count(tally, 'gateway')
    }
    const last = await yard.start()
    const trust = trustOf(yard.home)
    last.signal('SIGTERM')
    await last.exited
    addUp(tally, watched, journal)
    await watched.verify(trust, 'all')
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}

/** The trust file, from the public halves of the keys in the home. */
function trustOf(home: string): string {
  const { keys } = JSON.parse(readFileSync(join(home, 'log-key.json'), 'utf8'))
  const logKeys = keys.map(({ key }: { readonly key: string }) => key)
  return trustText({ origin: 'a gateway', logKeys, witnesses: [], quorum: 'none' })
}

function addUp(tally: Tally, watched: CrashHome, journal: Journal): void {
  tally.records += watched.check(journal).records
  tally.acknowledged += journal.acknowledged.size
  tally.effects += journal.effects.size
}
