import type { FindingCode } from '../src/verify/codes.ts'
import type { Lie } from './healthy-log.ts'
import type { Fields } from './log-builder.ts'

export const change =
  (fields: object, payloads?: Readonly<Record<string, string>>): Lie =>
  (step) => [{ fields: { ...step.fields, ...fields }, payloads: payloads ?? step.payloads }]
export const changeDecision =
  (members: object): Lie =>
  (step) => [
    {
      ...step,
      fields: { ...step.fields, decision: { ...Object(step.fields.decision), ...members } },
    },
  ]
export const leaveOut: Lie = () => []
export const twice: Lie = (step) => [step, step]
export const preceded =
  (...fields: readonly Fields[]): Lie =>
  (step) => [...fields.map((one) => ({ fields: one, payloads: {} })), step]
export const followed =
  (...fields: readonly Fields[]): Lie =>
  (step) => [step, ...fields.map((one) => ({ fields: one, payloads: {} }))]
/** The chain goes on from a place that is not its end. */
export const chain =
  (members: object): Lie =>
  (step, log) => {
    log.emitter = { ...log.emitter, ...members }
    return [step]
  }
export const wait =
  (ms: number): Lie =>
  (step, log) => {
    log.now += ms
    return [step]
  }

/**
 * Nothing is written for a while: `outageMs` of it are recorded as an outage (from the last record on, or so
 * many milliseconds off), and `restMs` more are not.
 */
export const silence =
  (told: {
    readonly outageMs?: number
    readonly restMs?: number
    readonly fromMs?: number
    readonly next?: Fields
  }): Lie =>
  ({ fields, payloads }, log) => {
    const { outageMs, restMs = 0, fromMs = 0, next = fields } = told
    const { now } = log
    if (outageMs !== undefined) {
      const last = Date.parse(JSON.parse(String(log.leaves.at(-1))).time)
      log.now += outageMs
      const from = new Date(last + fromMs).toISOString()
      log.add({ type: 'outage.ended', from, reason: 'disk-full' })
    }
    log.now += restMs
    const elapsed = Number(fields.elapsed) + log.now - now
    return [{ payloads, fields: next.type === 'heartbeat' ? { ...next, elapsed } : next }]
  }

/** After the start: the log was rebuilt from what was published. */
export const recovery =
  ({ kept = 0, more = 0 }: { readonly kept?: number; readonly more?: number }): Lie =>
  (step, log) => [
    step,
    { fields: { type: 'log.recovered', kept, size: log.leaves.length + more }, payloads: {} },
  ]

export const noDigest: string = `sha256:${'0'.repeat(64)}`
export const stop: Fields = { type: 'emitter.stop' }
export const closed: Fields = { type: 'approval.closed', approval: 'apr_1', state: 'EXPIRED' }
export const beat = (elapsed: number): Fields => ({ type: 'heartbeat', elapsed, interval: 10_000 })

/** One record of the healthy log told otherwise, and what is then found of it: these failures and no others. */
export type Row = readonly [
  string,
  Readonly<Record<string, Lie>>,
  readonly (readonly [FindingCode, string | number])[],
]

/** A record that was written, to be written again at its new place. */
export function bare<Step extends { readonly fields: object }>(step: Step): Step {
  const { time: _, emitter: __, v: ___, ...fields } = Object(step.fields)
  return { ...step, fields }
}
