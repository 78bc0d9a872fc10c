import type { Trusted } from '../trust.ts'
import { type CheckName, checkNames, type FindingCode, findings } from './codes.ts'

/** How one check ended. `partly` and `not-checked` always say because of what. */
export type CheckResult = {
  readonly check: CheckName
  readonly state: 'passed' | 'failed' | 'partly' | 'not-checked'
  /** How many things of its kind it looked at: records, files, payloads, calls. */
  readonly examined: number
  readonly because?: string
}

export type Finding = {
  readonly code: FindingCode
  readonly check: CheckName
  /** A notice is worth knowing and fails nothing. */
  readonly level: 'failure' | 'notice'
  /** Index of the record it is about. */
  readonly record?: number
  /** Path of the file it is about. */
  readonly file?: string
  /** One sentence for people; holds no value of a record. */
  readonly message: string
}

export type Scope = 'whole' | 'range' | 'session'

/** What became of payloads that the records shown commit to. A reason counts payloads, each as often as it is said. */
export type Gone = {
  /** By two people; the first hundred of the records are in `erasedOf`. */
  readonly erased: number
  readonly erasedOf: readonly number[]
  /** Because the time of their class was over. */
  readonly expired: number
  /** With a database that was rebuilt. Absent, as the next: payloads are not disclosed, so nobody misses any. */
  readonly lost?: number
  /** Only committed to. */
  readonly neverKept?: number
}

export type Verdict = {
  /** No failure was found. Whether that says all it could is in `checks`. */
  readonly ok: boolean
  /** Of the newest checkpoint; empty and 0 when there was none that could be read. */
  readonly origin: string
  readonly size: bigint
  /** What the bundle says it holds, and no more than it does hold. */
  readonly scope: Scope
  /** Which part that is, where it is one: from the first index to before the last, of this session only. */
  readonly part?: { readonly from: number; readonly to: number; readonly session?: string }
  /** Absent where no record could be looked at. */
  readonly gone?: Gone
  /** The last record shown, dated as it says itself: how old a log is that verifies. */
  readonly lastRecord?: { readonly index: number; readonly time: string }
  /** Who cosigned the newest checkpoint, in Unix seconds as they say: after that the log may have gone on. */
  readonly witnesses: Trusted['witnesses']
  readonly checks: readonly CheckResult[]
  /** The first ones of each code; `findingCount` says how many there were. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
}

export type Place = {
  readonly record?: number
  readonly file?: string
  /** More than the meaning of the code: names of checks, counts, words of the record format. */
  readonly detail?: string
}

/** Where checks write down what they saw. */
export type Report = {
  readonly find: (code: FindingCode, place?: Place) => void
  readonly examined: (check: CheckName, count?: number) => void
  /** What the check could not look at. The first reason is the one told. */
  readonly partly: (check: CheckName, because: string) => void
  readonly notChecked: (check: CheckName, because: string) => void
  readonly close: (about: Omit<Verdict, 'ok' | 'checks' | 'findings' | 'findingCount'>) => Verdict
}

/** A thousand altered records tell no more than the first hundred. */
const keptOfACode = 100

export function openReport(): Report {
  const kept: Finding[] = []
  const counts = new Map<FindingCode, number>()
  const failed = new Set<CheckName>()
  const seen: Partial<Record<CheckName, number>> = {}
  const limits = new Map<CheckName, string>()
  const absent = new Map<CheckName, string>()
  let findingCount = 0
  const result = (check: CheckName): CheckResult => {
    const examined = seen[check] ?? 0
    const because = absent.get(check) ?? limits.get(check)
    if (failed.has(check)) return { check, state: 'failed', examined }
    if (because === undefined) return { check, state: 'passed', examined }
    return { check, state: absent.has(check) ? 'not-checked' : 'partly', examined, because }
  }
  return {
    find: (code, { record, file, detail } = {}) => {
      const [check, level, meaning] = findings[code]
      const count = (counts.get(code) ?? 0) + 1
      counts.set(code, count)
      findingCount += 1
      if (level === 'failure') failed.add(check)
      if (count > keptOfACode) return
      const message = detail === undefined ? meaning : `${meaning} (${detail})`
      kept.push({
        code,
        check,
        level,
        ...(record !== undefined && { record }),
        ...(file !== undefined && { file }),
        message,
      })
    },
    examined: (check, count = 1) => {
      seen[check] = (seen[check] ?? 0) + count
    },
    partly: (check, because) => {
      if (!limits.has(check)) limits.set(check, because)
    },
    notChecked: (check, because) => {
      if (!absent.has(check)) absent.set(check, because)
    },
    close: (about) => ({
      ok: failed.size === 0,
      ...about,
      checks: checkNames.map(result),
      findings: kept,
      findingCount,
    }),
  }
}
