import type { Scene, Watch } from './watch.ts'

/** When the witnesses of one checkpoint say that they saw it, Unix milliseconds. */
export type Cosigned = {
  readonly size: number
  readonly earliest: number
  readonly latest: number
}

/**
 * Records are dated in their order, over all boots and instances, and as witnesses saw the log: none later
 * than a cosignature that covers it, none long before one that does not. The clocks of instances, and those
 * of witnesses, may differ a little.
 */
export function watchDates({ report }: Scene, cosigned: readonly Cosigned[]): Watch {
  const boots = new Map<string, { readonly boot: string; latest: number }>()
  const ceilings = ceilingsOf(cosigned)
  let newest = Number.NEGATIVE_INFINITY
  let floor = Number.NEGATIVE_INFINITY
  /** The first checkpoint that covers the record, of those that are cosigned. */
  let next = 0
  let isTold = false

  const inOrder = (time: number, { boot, instance }: { boot: string; instance: string }) => {
    const known = boots.get(instance)
    const own = known?.boot === boot ? known : { boot, latest: time }
    if (own !== known) boots.set(instance, own)
    const isInOrder = time >= own.latest - toleranceMs && time >= newest - othersToleranceMs
    own.latest = Math.max(own.latest, time)
    newest = Math.max(newest, time)
    return isInOrder
  }
  return {
    see: ({ index, record }) => {
      const at = { record: index }
      const time = timeOf(record.time)
      if (time === undefined) {
        report.find('time-malformed', at)
        return
      }
      if (!inOrder(time, record.emitter)) report.find('clock-backwards', at)
      for (let mark = cosigned[next]; mark && mark.size <= index; mark = cosigned[next]) {
        floor = Math.max(floor, mark.earliest - lateMs)
        next += 1
        isTold = false
      }
      const ceiling = ceilings[next]
      if (ceiling !== undefined && time > ceiling + witnessToleranceMs) {
        report.find('date-after-cosignature', at)
      }
      if (time < floor) report.find('date-before-cosignature', at)
      const mark = cosigned[next]
      if (!isTold && mark && time < mark.earliest - lateMs) {
        isTold = true
        const days = Math.floor((mark.earliest - time) / 86_400_000)
        report.find('date-unwitnessed', { ...at, detail: `${days} days` })
      }
    },
  }
}

/** For each checkpoint: when, at the latest, a witness had seen it or a larger one. */
function ceilingsOf(cosigned: readonly Cosigned[]): readonly number[] {
  let least = Number.POSITIVE_INFINITY
  return cosigned
    .toReversed()
    .map(({ latest }) => {
      least = Math.min(least, latest)
      return least
    })
    .reverse()
}

/** Records of concurrent calls are dated before they are ordered, and clocks are slewed. */
export const toleranceMs = 5000
/** The clocks of two instances, or of one before and after it moved to another machine: 30 s more. */
export const othersToleranceMs: number = toleranceMs + 30_000
/** A witness is somebody else's machine, whose clock nobody compares with ours. */
const witnessToleranceMs = 300_000
/**
 * A day. A witness that was away, while the log could not be published either, cosigns a checkpoint that was
 * the newest for a while longer than usual: what was written meanwhile is dated before its cosignature.
 */
const lateMs = 86_400_000

/** A second, as a date is spelt up to its milliseconds: most records share that of the last. */
let known = { second: '1970-01-01T00:00:00.', time: 0 }

/** Unix milliseconds of RFC 3339 in UTC with milliseconds, and of a date that there is; or undefined. */
export function timeOf(text: string): number | undefined {
  const millis = millisOf(text)
  if (millis === undefined) return undefined
  if (text.startsWith(known.second)) return known.time + millis
  const time = Date.parse(text)
  if (Number.isNaN(time) || new Date(time).toISOString() !== text) return undefined
  known = { second: text.slice(0, secondLength), time: time - millis }
  return time
}

const secondLength = known.second.length

/** The milliseconds at the end of a date of the usual length. */
function millisOf(text: string): number | undefined {
  if (text.length !== secondLength + 4 || !text.endsWith('Z')) return undefined
  let millis = 0
  for (let at = secondLength; at < secondLength + 3; at += 1) {
    const digit = text.charCodeAt(at) - zero
    if (digit < 0 || digit > 9) return undefined
    millis = millis * 10 + digit
  }
  return millis
}

const zero = 0x30
