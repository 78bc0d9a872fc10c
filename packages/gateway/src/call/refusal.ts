import type { GrantInUse } from '../model/grant.ts'
import type { Principal } from '../model/principal.ts'

/**
 * Every way the gateway says no. The list is closed and public: each protocol room maps it to its
 * own wire form in its refusal.ts, and docs/reference/refusals.md is checked against it.
 */
export const refusals = {
  unauthenticated: 'No accepted proof of identity was presented.',
  'request-malformed': 'The request could not be read as one unambiguous call.',
  'request-too-large': 'The request is larger than this gateway accepts.',
  'function-unknown': 'No registered function matches this call.',
  'scope-exceeded': 'This API key or access token is not scoped to this call.',
  'policy-denied': 'Policy does not permit this call.',
  'review-lapsed': 'Every grant that allowed this call has expired or lost its review.',
  'grant-revoked': 'The grant that allowed this call was revoked.',
  'function-quarantined': 'This function waits for its owner: it is not what was registered.',
  'duties-conflict': 'Who did one part of this may not do the other.',
  'arguments-invalid': 'The arguments do not fit the function.',
  'approval-required': 'A person has to approve this call first.',
  'approval-denied': 'A person denied this call.',
  'approval-unusable': 'The approval presented does not cover this call.',
  'approval-impossible':
    'Nobody may approve this call: everybody who could is a party to it or missing.',
  'clearance-revoked': 'What allowed this call was revoked while it ran.',
  'evidence-unavailable': 'The call could not be recorded, so nothing was released.',
  'credential-unavailable': 'The credential for the upstream could not be obtained.',
  'upstream-unreachable': 'The upstream could not be reached.',
  'upstream-timeout': 'The upstream did not answer in time.',
  'upstream-failed': 'The upstream did not answer as agreed.',
  'result-withheld': 'The result could not be masked as the rules require, so it was withheld.',
  'caller-left': 'The caller left before the call was over.',
  overloaded: 'The gateway is at its limit of concurrent work.',
  'rulebook-missing': 'No rulebook is in force.',
  'rulebook-replaced': 'The rules were replaced while this call was judged by them.',
  internal: 'The gateway failed. Quote the record to its operator.',
} as const

export type RefusalCode = keyof typeof refusals

export type RefusalOptions = {
  /** Shown to the caller. Never an argument's value, a credential, or the upstream's text. */
  readonly detail?: string
  /** Machine-readable public facts, such as the approval's id or the failing pointers. */
  readonly facts?: Readonly<Record<string, string | number | readonly string[]>>
  /** When policy said no, Unix milliseconds: for the record. */
  readonly decidedAt?: number
  /** Who is locked, however good their proof: for the record. */
  readonly locked?: Principal
  /** The grants that were looked at, none of which counts: for the record. */
  readonly grants?: readonly GrantInUse[]
  /** Private: goes to the operator's log, never to the caller or a record. */
  readonly cause?: unknown
}

/** Expected and safe to show. Anything else that is thrown is a fault: logged whole, shown as `internal`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly detail: string | undefined
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
  readonly decidedAt: number | undefined
  readonly locked: Principal | undefined
  readonly grants: readonly GrantInUse[] | undefined
  /** The record of this refusal, `origin#index`; set once it is durable. */
  record: string | undefined
  /** The call it ended; set by the pipeline. */
  callId: string | undefined

  constructor(code: RefusalCode, options: RefusalOptions = {}) {
    super(refusals[code], { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.facts = options.facts ?? {}
    this.decidedAt = options.decidedAt
    this.locked = options.locked
    this.grants = options.grants
  }

  static from(thrown: unknown): Refusal {
    return thrown instanceof Refusal ? thrown : new Refusal('internal', { cause: thrown })
  }
}

/** What whoever is locked is told: that they are, and never why. */
export function refuseLocked(
  locked: Principal,
  options: Pick<RefusalOptions, 'cause' | 'facts'> = {},
): Refusal {
  return new Refusal('unauthenticated', { ...options, detail: lockedDetail, locked })
}

const lockedDetail = 'This principal is locked.'
