import type { FollowUps } from '../call/follow-up.ts'
import type { Call, Raw, Recorded, Reply } from '../call/stage.ts'
import type { Principal } from '../model/principal.ts'
import type { Credential } from '../model/secret.ts'
import type { Desk } from './door/listen.ts'

/** What every protocol room offers. Rooms translate; they decide nothing. */
export type ProtocolRoom<DeskOptions, ForwardOptions> = {
  readonly name: string
  /**
   * The desks that take its requests at the door. Each call is handed to `onCall`, which throws only `Refusal`; what
   * callers ask about their questions is answered from `followUps`.
   */
  readonly desks: (options: DeskOptions, onCall: OnCall, followUps: FollowUps) => readonly Desk[]
  /** A call that was kept (`Call.kept`), to be made now for the one who had asked for it. */
  readonly revive: (kept: Uint8Array, given: Revived) => Call
  /** Opens the upstream side. */
  readonly forwarder: (options: ForwardOptions) => Forwarder
}

export type OnCall = (call: Call) => Promise<Reply>

export type Revived = {
  /** As proved when the call was kept. */
  readonly principal: Principal
  readonly approvalId: string
  readonly signal: AbortSignal
}

export type Forwarder = {
  /** Refuses `overloaded`, `upstream-unreachable`, `upstream-timeout`, `upstream-failed`, `caller-left`. */
  readonly forward: (at: Recorded, credential: Credential) => Promise<Raw>
  readonly close: () => Promise<void>
}
