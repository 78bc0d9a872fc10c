/**
 * What a leaf of the evidence log holds. A *draft* is written by the gateway; the log completes it
 * with its place in the emitter's chain and with the commitments to its payloads, and stores the
 * canonical bytes. Strings and safe integers only; times are RFC 3339 UTC with milliseconds.
 */
export const recordVersion = 'evd/1'

export type Party = { readonly iss: string; readonly sub: string }

/** Salted commitment to a byte string kept outside the leaf. `c` is base64url of 32 bytes. */
export type Commitment = {
  readonly alg: 'HMAC-SHA-256'
  readonly c: string
  readonly len: number
  readonly mt: string
}

export type Masking = {
  readonly how: string
  readonly n: number
  readonly path: string
  readonly rule: string
}

export type CallFacts = {
  readonly call: string
  readonly session?: string
  /** Who made the call: the current actor, or the subject when nobody acts for them. Absent before identification. */
  readonly caller?: Party & { readonly authn: string; readonly cred: string }
  /** On whose behalf: the subject first, then earlier actors; empty when the subject called. */
  readonly obo?: readonly Party[]
  readonly fn?: { readonly name: string; readonly schema: string; readonly server: string }
  readonly decision?: {
    readonly effect: 'allow' | 'deny' | 'hold'
    readonly obligations: readonly string[]
    /** The rulebook's digest. */
    readonly policy: string
    /** Ids of the policies that determined it. */
    readonly rules: readonly string[]
  }
  readonly trace?: string
}

export type RecordDraft = { readonly time: string } & (
  | ({ readonly type: 'call.authorized'; readonly masked: readonly Masking[]; readonly approvals: readonly { readonly by: string; readonly id: string }[] } & CallFacts)
  | ({ readonly type: 'call.denied'; readonly code: string; readonly stage: string; readonly approval?: string } & CallFacts)
  | { readonly type: 'call.outcome'; readonly call: string; readonly session: string; readonly intent: number; readonly ending: string; readonly status: number; readonly masked: readonly Masking[] }
  | { readonly type: 'call.chunk'; readonly call: string; readonly session: string; readonly intent: number }
  | { readonly type: 'reconcile.indeterminate'; readonly call: string; readonly session: string; readonly intent: number; readonly reason: string }
  | { readonly type: 'approval.requested'; readonly approval: string; readonly call: string; readonly session: string; readonly fn: string; readonly groups: readonly string[]; readonly digest: string; readonly rules: readonly string[] }
  | { readonly type: 'approval.decided'; readonly approval: string; readonly by: string; readonly verdict: string; readonly state: string; readonly digest: string }
  | { readonly type: 'approval.closed'; readonly approval: string; readonly state: string }
  | { readonly type: 'approval.claimed'; readonly approval: string; readonly call: string; readonly digest: string }
  | { readonly type: 'rulebook.activated'; readonly digest: string; readonly previous: string; readonly by: string }
  | { readonly type: 'key.issued'; readonly key: string; readonly name: string; readonly scope: readonly string[]; readonly expires: string; readonly by: string }
  | { readonly type: 'key.revoked'; readonly key: string; readonly by: string }
  | { readonly type: 'admin.signed-in'; readonly by: string; readonly method: string }
  | { readonly type: 'payload.read'; readonly record: number; readonly role: string; readonly by: string }
  | { readonly type: 'emitter.start'; readonly version: string }
  | { readonly type: 'emitter.stop' }
)

/** What the log adds: the instance's own gapless chain. `prev` is the hash of its previous leaf's bytes. */
export type Emitter = {
  readonly boot: string
  readonly instance: string
  readonly prev: string
  readonly seq: number
}
