import { randomUUIDv7 } from 'node:crypto'
import type { Logger } from 'pino'
import type { Metrics } from './admin/metrics.ts'
import type { Desk } from './approval/desk.ts'
import type { Gate } from './call/gate.ts'
import { govern } from './call/pipeline.ts'
import { Refusal } from './call/refusal.ts'
import type { Call, Reply } from './call/stage.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import type { Identity } from './identity/open-identity.ts'
import { openLog } from './log/append.ts'
import { faultOf } from './log/fault.ts'
import type { Keys } from './log/key-file.ts'
import { openPresidio } from './recognise/presidio.ts'
import { dutiesOf } from './review/duties.ts'
import type { Standings } from './review/standings.ts'
import type { Rulebooks } from './rulebook/open.ts'
import type { Functions } from './serve-catalogue.ts'
import type { Upstreams } from './serve-upstreams.ts'
import type { Store } from './store/store.ts'

/** Part of serve.ts: everything the pipeline asks of the outside world, answered by the real rooms. */
export function buildGate(rooms: {
  readonly config: Config
  readonly keys: Keys
  readonly store: Store
  readonly rulebooks: Rulebooks
  readonly standings: Standings
  readonly identity: Identity
  readonly desk: Desk
  readonly functions: Pick<Functions, 'isHeld' | 'onWire'>
  readonly upstreams: Pick<Upstreams, 'credential' | 'forward'>
  readonly metrics: Metrics
  readonly log: Logger
}): Gate {
  const { config, keys, store, rulebooks, identity, desk, upstreams } = rooms
  const { metrics, log, standings } = rooms
  const { sessionOpened, ...pipelineLog } = openLog({
    ledger: store,
    origin: config.origin,
    now: Date.now,
    sessionsMax: limits.sessionsRemembered,
  })
  return {
    ...pipelineLog,
    now: Date.now,
    micros: () => Math.round(performance.now() * 1000),
    turn: openTurns(),
    newId: randomUUIDv7,
    identify: identity.identify,
    rules: rulebooks.current,
    rulesEnding: rulebooks.isEnding,
    freshness: standings.freshness,
    timedGrants: standings.timed,
    revokedGrant: standings.revoked,
    duties: (at, sides) =>
      dutiesOf({ store, bindingKey: keys.bindingKey, now: Date.now }, at, sides),
    isHeld: rooms.functions.isHeld,
    sessionLabels: (session) => store.sessionLabels(session),
    onWire: rooms.functions.onWire,
    openApproval: async (at, groups, reasons) => {
      await sessionOpened(at.principal)
      return desk.open(at, groups, reasons)
    },
    awaitVerdict: async (id, options) => {
      metrics.held(1)
      try {
        return await desk.awaitVerdict(id, options)
      } finally {
        metrics.held(-1)
      }
    },
    claimStanding: desk.standing,
    approvalGiven: desk.given,
    claimClearance: desk.claim,
    clearanceDone: desk.finished,
    holdMs: { default: config.approvals.holdMs, max: config.approvals.holdMsMax },
    credential: upstreams.credential,
    forward: upstreams.forward,
    logFault: (at, refusal) => {
      if (refusal.cause === undefined) return
      const level =
        refusal.code === 'internal' || refusal.code.startsWith('evidence') ? 'error' : 'warn'
      log[level](
        { call: at.id, stage: at.stage, code: refusal.code, cause: faultOf(refusal.cause) },
        'call ended',
      )
    },
    maskKey: keys.maskKey,
    recognise: recogniserOf(config),
    limits: {
      heldResultBytes: config.callLimits.heldResultBytes,
      chunkCommitBytes: config.callLimits.chunkCommitBytes,
    },
  }
}

/** Counts how each call ended, without who called. */
export async function counted(gate: Gate, call: Call, metrics: Metrics): Promise<Reply> {
  const started = performance.now()
  try {
    const reply = await govern(gate, call)
    metrics.callEnded({ ending: 'done', durationMs: performance.now() - started })
    return reply
  } catch (thrown) {
    const { code } = Refusal.from(thrown)
    metrics.refused(code)
    metrics.callEnded({ ending: code, durationMs: performance.now() - started })
    throw thrown
  }
}

/** Lets one of those who wait go on in each turn of the event loop, the first first. */
function openTurns(): Gate['turn'] {
  const waiting: (() => void)[] = []
  const next = () => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(next)
    })
}

/** Asks whoever is configured to find names; undefined when nobody is. */
function recogniserOf({ recogniser }: Config): Gate['recognise'] {
  return (
    recogniser &&
    openPresidio({
      ...recogniser,
      batchTexts: limits.recogniserBatchTexts,
      batchChars: limits.recogniserBatchChars,
      answerBytesMax: limits.recogniserAnswerBytes,
      resultsMax: limits.recogniserResults,
      breakerFailures: limits.recogniserFailures,
      breakerRestMs: limits.recogniserRestMs,
      now: () => performance.now(),
    })
  )
}
