/**
 * What the admin API says, as types: the command line and the console take these and nothing else from
 * the gateway. JSON members are snake_case; times are RFC 3339 UTC. schema.ts holds the same as schemas
 * and does not compile when the two differ.
 */

/** Problem details (RFC 9457): the body of every answer that is not a success. */
export type Problem = {
  /** `urn:sallyport:problem:<code>`; stable. */
  type: string
  title: string
  status: number
  code: string
  detail?: string | undefined
  request_id: string
  /** `pointer` is RFC 6901 into the request body, a parameter's name, or a place in the rulebook. */
  errors?: { pointer: string; detail: string }[] | undefined
}

export type Page<Item> = { data: Item[]; next_cursor: string | null }

/** `payload-reader` is given on its own: neither administrators nor auditors read payloads. */
export type Role = 'admin' | 'auditor' | 'approver' | 'payload-reader'

export type Whoami = {
  id: string
  groups: string[]
  /** What these groups may do here. An approver sees and votes on what their groups decide. */
  roles: Role[]
  method: 'oidc' | 'operator'
  expires_at: string
}

/** `token` is shown once: a bearer token for this API until `expires_at` or sign-out. */
export type SignedIn = { token: string; expires_at: string; id: string }

export type RulebookState = {
  digest: string
  since: string
  connections: number
  functions: number
  grants: number
  guardrails: number
}

/** The outcome of reading the configured folder. `errors` empty: it would become (or is) the rulebook. */
export type RulebookCheck = {
  valid: boolean
  digest: string | null
  /** True when this differs from what is in force. */
  changed: boolean
  errors: RulebookProblem[]
  /** What is worth a look, and no reason not to put it in force. */
  warnings: RulebookProblem[]
  tests: { file: string; name: string; passed: boolean; expected: string; got: string }[]
}

type RulebookProblem = {
  file: string
  line: number
  column: number
  detail: string
  hint?: string | undefined
}

export type PartyAsked = {
  kind: 'user' | 'agent' | 'workload' | 'service'
  id: string
  groups: string[]
}

export type Explain = {
  as: PartyAsked
  actor?: PartyAsked | undefined
  /** The function's id. */
  call: string
  args: Record<string, unknown>
  approved_by?: string[] | undefined
  /** What the session has been brought so far; absent: nothing. */
  labels?: string[] | undefined
  /** RFC 3339; absent: now. */
  at?: string | undefined
}

export type Explained = {
  effect: 'permit' | 'hold' | 'forbid'
  reasons: Reason[]
  approver_groups: string[]
  grants: { party: string; grants: string[] }[]
  /** Policies that could not be evaluated; each counts as a forbid. */
  errors: string[]
  rulebook: string
}

export type Reason = {
  policy: string
  effect: 'permit' | 'forbid'
  text: string | null
  /** Why people are asked, where it is no guardrail: the review of the grant `policy` is overdue, or a duty rule. */
  cause?: 'stale_review' | 'duty' | undefined
}

export type CallListed = {
  id: string
  session: string
  function: string | null
  /** `subscribe`: to hear of changes to what the function reads. */
  wants: string | null
  caller: string | null
  on_behalf_of: string | null
  started_at: string
  ended_at: string | null
  /** `running`, `done`, `aborted`, `indeterminate`, or the refusal's code. */
  ending: string
  status: number | null
  rules: string[]
  masked: {
    rule: string
    path: string
    how: string
    count: number
    /** Of a value that was found by what it looks like: its type, and the detector's own rule. */
    entity?: string | undefined
    detector?: string | undefined
    /** Which wording of `rule` it was. */
    version?: string | undefined
  }[]
  approval: string | null
  /** Indexes of its records, ascending. */
  records: number[]
}

export type CallDetail = CallListed & {
  rulebook: string | null
  /** What its session was labelled with when policy was asked. */
  labels: string[]
  trace: string | null
  /** Each record as it stands in the log, and how far its proof has come. */
  leaves: {
    index: number
    type: string
    time: string
    state: ProofState
    leaf: Record<string, unknown>
  }[]
}

/** Stored; under a checkpoint signed by the log; under one that enough witnesses have cosigned. */
export type ProofState = 'durable' | 'integrated' | 'witnessed'

export type SessionListed = {
  id: string
  caller: string
  on_behalf_of: string | null
  calls: number
  /** What its calls have brought into it: `context.session.labels` of its next call. */
  labels: string[]
  started_at: string
  last_at: string
}

/** A session's calls in the order they began. */
export type SessionDetail = Page<CallListed> & { id: string; labels: string[] }

export type KeyListed = {
  id: string
  name: string
  kind: 'agent' | 'workload' | 'service'
  groups: string[]
  scope: string[]
  created_by: string
  created_at: string
  expires_at: string
  revoked_at: string | null
}

export type KeyAsked = {
  name: string
  kind: 'agent' | 'workload' | 'service'
  groups: string[]
  /** Function ids, or `<connection>.*`. */
  scope: string[]
  expires_at: string
}

/** `key` is shown this once and kept nowhere. */
export type KeyIssued = KeyListed & { key: string }

/** Refused whatever they present: as the subject of a call, as any of its actors, and at signing in. */
export type LockListed = {
  /** `<issuer>:<name>`; `key:<id>` is an API key, `operator:<name>` an operator. */
  principal: string
  reason: string
  locked_by: string
  locked_at: string
  /** Index of the record that says so. */
  record: number
}

export type LockAsked = { principal: string; reason: string }

/** A way to tell people something, and what it did since this gateway's start. */
export type ChannelListed = {
  name: string
  kind: 'webhook' | 'slack' | 'email'
  sent: number
  failed: number
  given_up: number
  /** Why the newest attempt failed. */
  trouble: string | null
}

/** `why` is there when it was not sent. */
export type ChannelTested = { sent: boolean; why: string | null }

/** An event of `/calls/events`; its SSE id is the record's index. */
export type CallEvent = { event: 'started' | 'ended'; call: CallListed }

export type PayloadRole = 'args' | 'forwarded' | 'result' | 'returned'

/** Asks a second person to have payloads of one record destroyed. */
export type ErasureAsked = { roles?: PayloadRole[] | undefined; reason: string }

export type ErasureListed = {
  id: string
  state: 'PENDING' | 'DONE'
  record: number
  call: string
  roles: PayloadRole[]
  reason: string
  requested_by: string
  requested_at: string
  approved_by: string | null
  erased_at: string | null
  /** May the person who asks approve it? Nobody approves what they asked for. */
  you: { may_approve: boolean }
}

export type LogKeyRotated = {
  /** The verifier key that signs from now on; the old one does too for a while. */
  key: string
}

export type ExportAsked = {
  scope: 'whole' | 'range' | 'session'
  /** For a range: records of this time span, RFC 3339; absent: from the beginning, to the end. */
  since?: string | undefined
  until?: string | undefined
  /** For a session. */
  session?: string | undefined
  /** Payloads in clear; needs the role payload-reader. */
  payloads: boolean
}

/** What an export consists of, frozen: the log may grow meanwhile. */
export type ExportPlan = {
  id: string
  scope: 'whole' | 'range' | 'session'
  origin: string
  /** Leaves of the tree its checkpoint is over. */
  size: number
  /** Whether enough witnesses have cosigned that checkpoint. */
  state: 'integrated' | 'witnessed'
  /** Published records that the trust file wants cosigned, and too few witnesses have. */
  waiting: number
  from: number
  to: number
  session: string | null
  payloads: boolean
  /** Files, without payloads: how many of those there are is found out page by page. */
  files: number
  /** After this its files are no longer given out. */
  expires_at: string
}

/** `bytes` where it follows from the file's name. */
export type ExportFile = { path: string; bytes: number | null }
