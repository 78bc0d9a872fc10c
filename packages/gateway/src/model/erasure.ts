import type { PayloadRole } from './payload.ts'

/** A wish to have payloads of one record destroyed, and whether a second person has agreed. */
export type Erasure = {
  /** `era_…` */
  readonly id: string
  readonly state: 'PENDING' | 'DONE'
  /** Index of the record whose payloads are meant. */
  readonly record: number
  /** The call that record is about. */
  readonly callId: string
  readonly roles: readonly PayloadRole[]
  readonly reason: string
  /** Party ids. */
  readonly requestedBy: string
  readonly approvedBy?: string
  /** Unix milliseconds. */
  readonly requestedAt: number
  readonly erasedAt?: number
}
