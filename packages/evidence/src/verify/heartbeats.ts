import type { LeafRecord } from '../record.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * No instance is silent for more than two of its intervals without having stopped, its steady clock only
 * runs forward, and its records are dated in their order. Where the two clocks part, the wall clock was
 * set, or the machine slept: a notice.
 */
export function watchHeartbeats(scene: Scene): Watch {
  const { report, isWhole } = scene
  const boots = new Map<string, Pulse>()
  if (!isWhole) report.partly('heartbeats', 'only a part of the records is shown')
  return {
    see: ({ index, record }) => {
      const time = Date.parse(record.time)
      const at = { record: index }
      if (!isTime(record.time, time)) {
        report.find('time-malformed', at)
        return
      }
      const { boot, instance } = record.emitter
      const known = boots.get(instance)
      const pulse: Pulse =
        known?.boot === boot ? known : { boot, startedAt: time, latest: time, beat: undefined }
      if (pulse !== known) boots.set(instance, pulse)
      if (time < pulse.latest - toleranceMs) report.find('clock-backwards', at)
      pulse.latest = Math.max(pulse.latest, time)
      if (record.type === 'heartbeat') {
        report.examined('heartbeats')
        if (isWhole) beat(scene, pulse, index, { ...record, at: time })
        pulse.beat = { elapsed: record.elapsed, interval: record.interval, at: time }
      }
      if (record.type === 'emitter.stop' && isWhole) stop(scene, pulse, index, time)
    },
  }
}

type Pulse = {
  readonly boot: string
  readonly startedAt: number
  /** The latest date of a record so far, Unix milliseconds. */
  latest: number
  beat: Beat | undefined
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
  if (steady > 2 * before.interval) {
    report.find('heartbeat-gap', { record, detail: `${Math.round(steady / 1000)} s` })
  }
  const apart = at - before.at - steady
  if (pulse.beat && Math.abs(apart) > toleranceMs) {
    report.find('clock-jump', { record, detail: `${Math.round(apart / 1000)} s` })
  }
}

function stop({ report }: Scene, { beat }: Pulse, record: number, time: number): void {
  if (beat && time - beat.at > 2 * beat.interval + toleranceMs) {
    report.find('heartbeat-gap', { record, detail: 'before the stop' })
  }
}

/** Records of concurrent calls are dated before they are ordered, and clocks are slewed. */
const toleranceMs = 5000

/** RFC 3339 in UTC with milliseconds, and a date that there is. Most records share the second of the last. */
let soundSecond = ''

function isTime(text: string, time: number): boolean {
  const second = text.slice(0, 19)
  if (second === soundSecond) return /^\.\d{3}Z$/.test(text.slice(19))
  if (Number.isNaN(time) || new Date(time).toISOString() !== text) return false
  soundSecond = second
  return true
}
