import { formatVerifierKey, type VerifierKey } from '../key.ts'
import type { Trusted } from '../trust.ts'
import { othersToleranceMs, timeOf } from './dates.ts'
import type { Scene, Watch } from './watch.ts'

/** The keys that the log names as its own, once all that is shown was seen. */
export type NamedKeys = Watch & {
  /** Those that may have signed a checkpoint over so many records. */
  readonly at: (size: number) => readonly string[]
  /** Whether it had been replaced for longer than both sign, when a checkpoint over so many records was made. */
  readonly isRetired: (key: VerifierKey, size: number) => boolean
}

/**
 * The log names its own keys: the genesis the first, each rotation the next. The newest checkpoint is
 * signed with one of them, so a key that an auditor trusts by mistake is noticed. A rotation that is said
 * twice says nothing else the second time. A key that was replaced signs beside the new one for a week, and
 * then nothing more: who has stolen it afterwards has stolen nothing.
 */
export function watchKeys(scene: Scene, { logKeys }: Trusted): NamedKeys {
  const { report, isWhole } = scene
  const named = new Set<string>()
  const said = new Set<string>()
  /** Keys that were replaced, and until when they sign too. */
  const ending = new Map<string, number>()
  /** Index of the first record that is dated later than that. */
  const ended = new Map<string, number>()
  /** When the first of those that are ending does: before, a record has none to look at. */
  let firstEnd = Number.POSITIVE_INFINITY
  let current: string | undefined
  const replace = (key: string, time: number | undefined) => {
    named.add(key)
    if (time === undefined) return
    const until = time + overlapMs + othersToleranceMs
    ending.set(key, until)
    firstEnd = Math.min(firstEnd, until)
  }
  const endThose = (index: number, time: number) => {
    if (time <= firstEnd) return
    firstEnd = Number.POSITIVE_INFINITY
    for (const [key, until] of ending) {
      if (time <= until) {
        firstEnd = Math.min(firstEnd, until)
        continue
      }
      ended.set(key, index)
      ending.delete(key)
    }
  }
  return {
    see: ({ index, record }) => {
      const time = timeOf(record.time)
      endThose(index, time ?? 0)
      if (record.type === 'log.genesis') {
        current = record.key
        named.add(record.key)
      } else if (record.type === 'key.rotated') {
        report.examined('signatures')
        const rotation = `${record.previous}\n${record.key}`
        if (said.has(rotation)) return
        said.add(rotation)
        const isBroken = current !== undefined && record.previous !== current
        if (isBroken) report.find('key-rotation-broken', { record: index })
        current = record.key
        replace(record.previous, time)
        named.add(record.key)
      }
    },
    end: () => {
      const isNamed = logKeys.some((key) => named.has(formatVerifierKey(key)))
      if (isWhole && named.size > 0 && !isNamed)
        report.find('key-unrecorded', { file: 'checkpoint' })
    },
    at: (size) => [...named].filter((key) => size <= (ended.get(key) ?? size)),
    isRetired: (key, size) => size > (ended.get(formatVerifierKey(key)) ?? size),
  }
}

/** Seven days, in which both keys sign: an auditor has that long to fetch the new one. */
const overlapMs = 604_800_000
