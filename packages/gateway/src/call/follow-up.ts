import type { Approval } from '../model/approval.ts'
import type { Clearance } from '../model/clearance.ts'
import type { Deferral } from '../model/deferral.ts'
import type { Principal } from '../model/principal.ts'
import type { Gate } from './gate.ts'
import type { Refusal } from './refusal.ts'
import type { Reply } from './stage.ts'

/**
 * What a caller may do about questions of its own, beside making calls. Who proves to be the subject and the
 * actors of a question may see it; to everybody else it is not there. serve.ts builds it.
 */
export type FollowUps = {
  /** As for a call: refuses `unauthenticated`. */
  readonly identify: Gate['identify']
  /** Undefined: there is none of this caller's. */
  readonly question: (approvalId: string, principal: Principal) => Promise<Question | undefined>
  /** Registers at once who waits for something to happen to it, so that nothing is slept through. */
  readonly watch: (approvalId: string) => {
    /** Resolves soon after something may have happened, after `ms`, or when `signal` aborts. */
    readonly within: (ms: number, signal: AbortSignal) => Promise<void>
    readonly forget: () => void
  }
  /** Takes it back; undefined: there is none of this caller's. One that is settled stays as it is. */
  readonly withdraw: (approvalId: string, principal: Principal) => Promise<Question | undefined>
  /** Of the deferred call with this id; undefined: there is none of this caller's. */
  readonly result: (callId: string, principal: Principal) => Promise<DeferredResult | undefined>
}

/** A question as its caller may see it: how far it is, and nobody's name. Times are Unix milliseconds. */
export type Question = Pick<
  Approval,
  | 'id'
  | 'state'
  | 'digest'
  | 'terms'
  | 'callId'
  | 'functionId'
  | 'createdAt'
  | 'decideBy'
  | 'delivery'
> & {
  /** Grows with every change of the question, and of the deferred call. */
  readonly revision: number
  readonly steps: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly have: number
    readonly need: number
    readonly open: boolean
  }[]
  /** What came of it. */
  readonly clearance:
    | Pick<Clearance, 'state' | 'kind' | 'uses' | 'usesMax' | 'expiresAt'>
    | undefined
  readonly deferral: Pick<Deferral, 'state' | 'ran' | 'keptUntil' | 'endedAt'> | undefined
  /** Nothing will happen to it any more. */
  readonly isOver: boolean
}

export type DeferredResult = { readonly question: Question } & (
  | { readonly state: 'waiting' | 'running' | 'forgotten' }
  /** As the call was answered when it was made. */
  | { readonly state: 'done'; readonly reply: Reply }
  /** It came to nothing, and why. */
  | { readonly state: 'refused'; readonly refusal: Refusal }
)
