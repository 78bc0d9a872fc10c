import type { Call, Raw, Recorded, Reply } from '../call/stage.ts'
import type { Credential } from '../model/secret.ts'

/** What every protocol room offers. Rooms translate; they decide nothing. */
export type ProtocolRoom<ListenOptions, ForwardOptions> = {
  readonly name: string
  /** Opens a listener and hands each call to `onCall`, which throws only `Refusal`. */
  readonly listen: (options: ListenOptions, onCall: OnCall) => Promise<Listener>
  /** Opens the upstream side. */
  readonly forwarder: (options: ForwardOptions) => Forwarder
}

export type OnCall = (call: Call) => Promise<Reply>

export type Listener = {
  /** Where it listens: `http://127.0.0.1:7433`. */
  readonly url: string
  /** Accepts nothing new, waits up to `graceMs` for calls under way, then cuts, and lets them record that. */
  readonly close: (options: { readonly graceMs: number }) => Promise<void>
}

export type Forwarder = {
  /** Refuses `overloaded`, `upstream-unreachable`, `upstream-timeout`, `upstream-failed`, `caller-left`. */
  readonly forward: (at: Recorded, credential: Credential) => Promise<Raw>
  readonly close: () => Promise<void>
}
