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
