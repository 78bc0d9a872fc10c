import type { LeafRecord } from '../record.ts'
import { othersToleranceMs, timeOf, toleranceMs } from './dates.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * No instance writes for more than two of its intervals without a heartbeat, from its start to its last
 * record, and its steady clock only runs forward. Where the two clocks part, the wall clock was set, or the
 * machine slept: a notice. So is an instance that fell silent without a stop while others went on.
 */
export function watchHeartbeats(scene: Scene): Watch {
  const { report, isWhole } = scene
  const boots = new Map<string, Pulse>()
  const newest = { index: -1, at: Number.NEGATIVE_INFINITY }
  if (!isWhole) report.partly('heartbeats', 'only a part of the records is shown')
  return {
    see: ({ index, record }) => {
      const time = timeOf(record.time)
      if (time === undefined) return
      const { boot, instance } = record.emitter
      const known = boots.get(instance)
      const pulse: Pulse =
        known?.boot === boot
          ? known
          : { boot, startedAt: time, ...newPulse(index, record.time, time) }
      if (pulse !== known) {
        if (known) lastRecord(scene, known, 'before the next start')
        boots.set(instance, pulse)
      }
      newest.index = index
      newest.at = Math.max(newest.at, time)
      if (record.type === 'outage.ended') outage(scene, pulse, index, { ...record, at: time })
      pulse.last = record.time
      pulse.lastAt = Math.max(pulse.lastAt, time)
      pulse.lastIndex = index
      if (record.type === 'heartbeat') {
        report.examined('heartbeats')
        const isUsual = record.interval >= 1 && record.interval <= usualIntervalMs
        if (!isUsual) report.find('heartbeat-interval', { record: index })
        const interval = isUsual ? record.interval : usualIntervalMs
        if (isWhole) beat(scene, pulse, index, { ...record, interval, at: time })
        pulse.beat = { elapsed: record.elapsed, interval, at: time }
        pulse.outMs = 0
      }
      if (record.type === 'emitter.stop') {
        lastRecord(scene, pulse, 'before the stop')
        pulse.isStopped = true
      }
    },
    end: () => {
      for (const pulse of boots.values()) {
        lastRecord(scene, pulse, 'before its last record')
        silence(scene, pulse, newest)
      }
    },
  }
}

type Pulse = {
  readonly boot: string
  readonly startedAt: number
  /** The date of the record before. */
  last: string
  beat: Beat | undefined
  /** How much of the silence since the last heartbeat is recorded as outages, milliseconds. */
  outMs: number
  lastAt: number
  lastIndex: number
  isStopped: boolean
}

function newPulse(index: number, last: string, lastAt: number) {
  return { last, lastAt, lastIndex: index, beat: undefined, outMs: 0, isStopped: false }
}

type Beat = { readonly elapsed: number; readonly interval: number; readonly at: number }

function beat(
  { report }: Scene,
  pulse: Pulse,
  record: number,
  { elapsed, interval, at }: Beat & Extract<LeafRecord, { type: 'heartbeat' }>,
): void {
  const before = pulse.beat ?? { elapsed: 0, interval, at: pulse.startedAt }
  const steady = elapsed - before.elapsed
  if (steady < 0) report.find('heartbeat-backwards', { record })
  // An outage is told by the wall clock, which may have been slewed meanwhile.
  const outMs = pulse.outMs === 0 ? 0 : pulse.outMs + toleranceMs
  if (steady - outMs > 2 * before.interval) {
    report.find('heartbeat-gap', { record, detail: `${Math.round(steady / 1000)} s` })
  }
  const apart = at - before.at - steady
  if (pulse.beat && Math.abs(apart) > toleranceMs) {
    report.find('clock-jump', { record, detail: `${Math.round(apart / 1000)} s` })
  }
}

/** In a part of a log the record before may not be shown; what it explains is not looked at there either. */
function outage(
  { report, isWhole }: Scene,
  pulse: Pulse,
  record: number,
  { from, at, reason }: Extract<LeafRecord, { type: 'outage.ended' }> & { readonly at: number },
): void {
  const outMs = at - Date.parse(from)
  if (isWhole && from !== pulse.last) report.find('outage-mismatch', { record })
  else {
    pulse.outMs += Math.max(0, outMs)
    report.find('outage', { record, detail: `${reason}, ${Math.round(outMs / 1000)} s` })
  }
}

/** The last record of a boot comes no later after its last heartbeat, or its start, than the next one was due. */
function lastRecord({ report, isWhole }: Scene, pulse: Pulse, detail: string): void {
  const { beat, startedAt, lastAt, outMs, isStopped } = pulse
  const unheardMs = lastAt - (beat?.at ?? startedAt) - outMs
  if (isWhole && !isStopped && unheardMs > dueMs(pulse)) {
    report.find('heartbeat-gap', { record: pulse.lastIndex, detail })
  }
}

/** One that crashed and did not come back, or whose last records are missing: nothing tells the two apart. */
function silence(
  { report, isWhole }: Scene,
  pulse: Pulse,
  newest: { readonly index: number; readonly at: number },
): void {
  const silentMs = newest.at - pulse.lastAt
  if (pulse.lastIndex === newest.index) return
  if (isWhole && !pulse.isStopped && silentMs > dueMs(pulse) + othersToleranceMs) {
    const detail = `${Math.round(silentMs / 1000)} s before the end`
    report.find('instance-silent', { record: pulse.lastIndex, detail })
  }
}

function dueMs({ beat }: Pulse): number {
  return 2 * (beat?.interval ?? usualIntervalMs) + toleranceMs
}

/** Of an instance that never said its own, and the longest there is: a gateway cannot be told to beat more slowly. */
const usualIntervalMs = 10_000
