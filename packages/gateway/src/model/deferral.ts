import type { Principal } from './principal.ts'

/**
 * A call that the gateway runs by itself once people approved it. Its request and its result are kept sealed
 * beside it. Unix milliseconds.
 */
export type Deferral = {
  /** The id of the call it was asked with. */
  readonly id: string
  readonly state:
    | 'WAITING'
    /** Claimed by one gateway: it is never claimed again. */
    | 'RUNNING'
    | 'DONE'
    | 'FAILED'
    /** Denied, expired or withdrawn before it ran. */
    | 'CANCELLED'
    /** The gateway that ran it was lost, or stopped in the middle: nobody knows whether it took effect. */
    | 'UNKNOWN'
    /** Was DONE; its request and its result were destroyed when their time was over. */
    | 'FORGOTTEN'
  readonly revision: number
  readonly approval: string
  readonly functionId: string
  readonly protocol: 'http' | 'mcp'
  /** Who asked, as proved then; locks are looked at again when it runs. */
  readonly principal: Principal
  readonly instance?: string
  readonly createdAt: number
  readonly endedAt?: number
  /** The call that was made, which has records of its own. */
  readonly ran?: string
  /** The refusal's code where it failed or was cancelled, and the status of the result where it did not. */
  readonly ending?: string
  readonly status?: number
  readonly mediaType?: string
  /** Where the newest record of what ran stands, `origin#index`. */
  readonly record?: string
  /** Its result can be fetched until then. */
  readonly keptUntil: number
}
