import type { Reason } from './decision.ts'

/** One call as lists and replays show it; put together from its records. Times are Unix milliseconds. */
export type CallSummary = {
  readonly id: string
  readonly session: string
  readonly functionId: string | undefined
  /** What it asked for, where that is not the function's doing itself: `subscribe`, to hear of changes. */
  readonly wants: string | undefined
  /** The current actor, or the subject when nobody acts for them. */
  readonly caller: string | undefined
  readonly onBehalfOf: string | undefined
  readonly startedAt: number
  readonly endedAt: number | undefined
  /** `running` has an intent and no ending yet; `indeterminate` was cut off by a crash. */
  readonly ending: 'running' | 'done' | 'aborted' | 'indeterminate' | (string & {})
  readonly status: number | undefined
  readonly reasons: readonly Reason[]
  readonly masked: readonly {
    rule: string
    path: string
    how: string
    count: number
    /** Of a value that was found by what it looks like: its type, and the detector's own rule, such as `ip/v4`. */
    entity?: string
    detector?: string
    /** Which wording of `rule` it was. */
    version?: string
  }[]
  readonly approvalId: string | undefined
  readonly records: readonly number[]
}
